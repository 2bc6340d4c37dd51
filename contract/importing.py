"""Imports of large libraries without garbage collection, which takes a quarter of their time and finds nothing."""

import gc
import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

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


def imported(subject: str, target: str) -> Any:
    """Return what "package.module:NAME" names, None if the module has no such name.

    Args:
        subject: Begins the message, such as "method 'mine'".
        target: What is imported.

    Raises:
        ValueError: The module cannot be imported.
    """
    module_name, _, name = target.partition(":")
    try:
        with importing():
            module = importlib.import_module(module_name)
    except Exception as error:  # a module may raise anything while it is imported
        reason = " ".join(str(error).split()) or type(error).__name__
        raise ValueError(f"{subject}: {module_name} cannot be imported: {reason}") from error
    return getattr(module, name, None)
