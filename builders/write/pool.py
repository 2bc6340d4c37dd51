"""Work spread over processes, results in the order of the work, few of them waiting at any moment."""

import multiprocessing
import os
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from itertools import islice
from multiprocessing.connection import wait
from types import ModuleType
from typing import Any

from lethebench.builders.errors import BuildError

_AHEAD = 2  # items under way per process: enough to keep it busy, few enough to keep memory flat

_function: Callable
_shared: Any


def ordered(function: Callable, items: Iterable, *, shared: Any, num_proc: int) -> Iterator:
    """Yields `function(item, shared)` for each item, in order.

    Args:
        function: importable by name, as are its results; called in this process where `num_proc` is 1.
        items: what to work on; read only as far as the work has got.
        shared: given to every call, sent to each process once.
        num_proc: how many processes, at least 1.

    Raises:
        BuildError: a process was killed from outside, e.g. for want of memory.
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
            waiting = deque(pool.submit(_call, item) for item in islice(items, _AHEAD * num_proc))
        while waiting:
            result = waiting.popleft().result()
            waiting.extend(pool.submit(_call, item) for item in islice(items, 1))
            yield result
    except BrokenProcessPool as error:
        raise BuildError(
            f"one of {num_proc} processes was killed, most likely for want of memory: try a smaller --num-proc"
        ) from error
    finally:
        pool.shutdown(cancel_futures=True)


@contextmanager
def _nameless_main() -> Iterator[None]:
    """Lets processes start without running the caller's script again.

    Nothing that is sent to them comes from `__main__`, so a script needs no `if __name__ == "__main__":`. All of a
    spawning pool's processes start with its first item.
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
    """A parent that is killed outright cannot stop its processes: they would wait for work for ever."""
    wait([multiprocessing.parent_process().sentinel])
    os._exit(1)


def _call(item):
    return _function(item, _shared)
