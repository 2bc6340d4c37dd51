"""Imports of large libraries without garbage collection, which takes a quarter of their time and finds nothing."""

import gc
import importlib.util
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
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


def import_from_here(module_name: str) -> ModuleType:
    """Return a module that a user names, which may also be in the current directory, as for `python -m`.

    The directory comes last on the path, so that its files hide no installed package, and only for a module that is
    found nowhere else.
    """
    package = module_name.partition(".")[0]
    if package not in sys.modules and importlib.util.find_spec(package) is None:
        sys.path.append(str(Path.cwd()))
        importlib.invalidate_caches()
    return importlib.import_module(module_name)


def imported(subject: str, target: str) -> Any:
    """Return what "package.module:NAME" names, None if the module has no such name.

    The module may be in the current directory.

    Args:
        subject: Begins the message, such as "method 'mine'".
        target: What is imported.

    Raises:
        ValueError: The module cannot be imported.
    """
    module_name, _, name = target.partition(":")
    try:
        with importing():
            module = import_from_here(module_name)
    except Exception as error:  # a module may raise anything while it is imported
        reason = " ".join(str(error).split()) or type(error).__name__
        raise ValueError(f"{subject}: {module_name} cannot be imported: {reason}") from error
    return getattr(module, name, None)
