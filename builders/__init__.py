"""Build benchmarks as folders that are ready to be Hub dataset repositories, and verify such folders.

from lethebench.builders import build, verify
build("icu", "build/icu", size="small")
verify("build/icu").ok

Names are imported when first used: importing this package, or listing BENCHMARKS, does not import `datasets`.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from lethebench.builders.errors import BuildError
from lethebench.builders.registry import BENCHMARKS, IMPORTS
from lethebench.builders.verify.findings import Report
from lethebench.builders.verify.verify import verify  # at once: the folder of the same name would take its place

if TYPE_CHECKING:
    from lethebench.builders.base import Benchmark
    from lethebench.builders.write.build import build, dry_run
    from lethebench.builders.write.digest import content_hash, row_digest
    from lethebench.builders.write.manifest import Manifest, read_manifest

_MODULES = {
    "Benchmark": "base",
    "Manifest": "write.manifest",
    "build": "write.build",
    "content_hash": "write.digest",
    "dry_run": "write.build",
    "read_manifest": "write.manifest",
    "row_digest": "write.digest",
}
__all__ = [
    "BENCHMARKS",
    "IMPORTS",
    "Benchmark",
    "BuildError",
    "Manifest",
    "Report",
    "build",
    "content_hash",
    "dry_run",
    "read_manifest",
    "row_digest",
    "verify",
]


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *_MODULES})
