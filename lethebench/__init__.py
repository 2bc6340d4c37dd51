"""lethebench: benchmarks, trainers and metrics for continual unlearning in vision-language models.

for request in lethebench.stream("build/icu"):
    request.forget, request.retain, request.asked, request.waiting
"""

from importlib import import_module
from typing import Any

__version__ = "0.1.0"
__all__ = ["Request", "__version__", "stream"]


def __getattr__(name: str) -> Any:
    if name in ("Request", "stream"):  # imports datasets when first used
        return getattr(import_module("lethebench.runs.requests"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
