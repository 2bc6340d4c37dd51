"""Imports of large libraries without garbage collection, which takes a quarter of their time and finds nothing."""

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager

LARGE = 300
"""Modules, from which on what they leave in memory is exempted from later collections."""


@contextmanager
def importing() -> Iterator[None]:
    """Pause garbage collection while modules are imported inside."""
    if not gc.isenabled():
        yield
        return
    before = len(sys.modules)
    gc.disable()
    try:
        yield
    finally:
        if len(sys.modules) - before >= LARGE:
            gc.freeze()
        gc.enable()
