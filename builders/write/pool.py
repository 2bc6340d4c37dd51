"""Spread work over processes: results in the order of the work, few of them waiting at any time."""

import multiprocessing
import os
import sys
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from itertools import islice
from multiprocessing.connection import wait
from types import ModuleType
from typing import Any

from lethebench.builders.errors import BuildError

_AHEAD = 2  # items in progress per process: enough to keep it busy, few enough to keep memory flat

_function: Callable
_shared: Any


def ordered(function: Callable, items: Iterable, *, shared: Any, num_proc: int) -> Generator[Any, None, None]:
    """Yield `function(item, shared)` for each item, in order.

    Items are read only as far as the work has progressed; `shared` is sent to each process once. With one process the
    function is called in this one, else it and its results must be picklable.

    Raises:
        BuildError: a process was killed from outside, e.g. for lack of memory.
    """
    if num_proc == 1:
        for item in items:
            yield function(item, shared)
        return
    pool = ProcessPoolExecutor(
        num_proc, multiprocessing.get_context("spawn"), initializer=_start, initargs=(function, shared)
    )
    items = iter(items)
    try:
        with _nameless_main():
            pending = deque(pool.submit(_call, item) for item in islice(items, _AHEAD * num_proc))
        while pending:
            result = pending.popleft().result()
            pending.extend(pool.submit(_call, item) for item in islice(items, 1))
            yield result
    except BrokenProcessPool as error:
        raise BuildError(
            f"one of {num_proc} processes was killed, most likely for lack of memory: try a smaller --num-proc"
        ) from error
    finally:
        pool.shutdown(cancel_futures=True)


def in_own_process(function: Callable, *arguments: Any) -> Any:
    """Return `function(*arguments)` of another process, so that its memory does not add to that of this one.

    Raises:
        BuildError: the process was killed from outside, e.g. for lack of memory.
    """
    pool = ProcessPoolExecutor(
        1, multiprocessing.get_context("spawn"), initializer=_start, initargs=(function, arguments)
    )
    try:
        with _nameless_main():
            future = pool.submit(_call_started)
        return future.result()
    except BrokenProcessPool as error:
        raise BuildError("a process of the build was killed, most likely for lack of memory") from error
    finally:
        pool.shutdown(cancel_futures=True)


@contextmanager
def _nameless_main() -> Iterator[None]:
    """Let processes start without running the caller's script again.

    Nothing that is sent to them comes from `__main__`, so a script needs no `if __name__ == "__main__":`. A spawning
    pool starts all of its processes with the first item.
    """
    main = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main


def _start(function: Callable, shared: Any) -> None:
    global _function, _shared
    _function, _shared = function, shared
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """Exit with the parent: a killed parent cannot stop its processes, which would wait for work forever."""
    parent = multiprocessing.parent_process()
    assert parent is not None
    wait([parent.sentinel])
    os._exit(1)


def _call(item: Any) -> Any:
    return _function(item, _shared)


def _call_started() -> Any:
    return _function(*_shared)
