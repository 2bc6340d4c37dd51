"""Versions, machine and memory of a run, for run.json."""

import os
import platform
from importlib import metadata

LIBRARIES = ("torch", "transformers", "trl", "peft", "accelerate", "datasets", "evaluate", "pillow", "numpy")

DECISIVE = ("torch", "transformers", "trl", "peft")
"""Libraries whose versions must not change within a run."""

NUMERIC = ("processor", "threads", "accelerator")
"""Entries of `machine` on which the last digits of numbers depend."""


def library_versions(engine: str | None = None) -> dict[str, str]:
    """Return the versions of Python and of the libraries that numbers depend on.

    Args:
        engine: What generates answers, as of `lethe run --generate-with`; None = the model itself.
    """
    names = LIBRARIES if engine is None else (*LIBRARIES, engine.partition(":")[0])
    return {"python": platform.python_version(), **{name: metadata.version(name) for name in names}}


def machine() -> dict[str, str | int | None]:
    """Return processor, cores, threads and accelerator; nothing that names the host or the user."""
    import torch

    accelerator = torch.cuda.get_device_name() if torch.cuda.is_available() else None
    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "accelerator": accelerator,
    }


def peak_memory_mb() -> float:
    """Return the peak memory of this process in MiB: of the accelerator where there is one, else resident."""
    import resource

    import torch

    if torch.cuda.is_available():
        return torch.cuda.max_memory_allocated() / 2**20
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10


def _processor() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            names = [line.split(":", 1)[1].strip() for line in file if line.startswith("model name")]
    except OSError:
        names = []
    return names[0] if names else platform.processor() or platform.machine()
