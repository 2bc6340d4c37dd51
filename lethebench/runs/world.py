"""The processes that work on a run together: all train and score, the main one alone writes."""

import atexit
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from lethebench.contract.processes import num_processes, process_index
from lethebench.runs.folder import locked

Result = TypeVar("Result")
Item = TypeVar("Item")
LONGEST = timedelta(hours=24)
"""How long a process waits for others: the main one may hash or copy large models."""


class World:
    """The processes of one launch; without a launcher it is this process alone.

    Attributes:
        size: Number of processes.
        index: Number of this process, from 0.
    """

    def __init__(self) -> None:
        self.size, self.index = num_processes(), process_index()
        self._alone = False  # inside of a call that the main process makes alone
        if self.size > 1:
            _join()

    @property
    def is_main(self) -> bool:
        return self.index == 0

    def main(self, call: Callable[[], Result]) -> Result:
        """Call in the main process and return the result in all, so that all wait for it.

        An error in the main process ends it; the launcher then ends the others. Inside of such a call another one is an
        ordinary call.
        """
        if self.size == 1 or self._alone:
            return call()
        from torch import distributed

        results: list[Any] = [None]
        if self.is_main:
            self._alone = True
            try:
                results = [call()]
            finally:
                self._alone = False
        distributed.broadcast_object_list(results, src=0)
        return results[0]

    def wait(self) -> None:
        """Wait until all processes are here."""
        self.main(lambda: None)

    def share(self, count: int) -> range:
        """Return which of `count` items this process works on: a block, about as large as that of each other one."""
        return range(count * self.index // self.size, count * (self.index + 1) // self.size)

    def gather(self, items: Sequence[Item]) -> list[Item]:
        """Return the items of all processes, in the order of the processes."""
        if self.size == 1:
            return list(items)
        from torch import distributed

        parts: list[Any] = [None] * self.size
        distributed.all_gather_object(parts, list(items))
        return [item for part in parts for item in part]


@cache
def world() -> World:
    """Return the processes of this launch; the first call connects them."""
    return World()


def _join() -> None:
    """Connect to the other processes, over gloo where there is no accelerator."""
    import torch

    if not torch.accelerator.is_available():
        os.environ.setdefault("ACCELERATE_USE_CPU", "true")
    from accelerate import PartialState

    PartialState(cpu=os.environ.get("ACCELERATE_USE_CPU", "").lower() in ("1", "true"), timeout=LONGEST)
    atexit.register(_leave)


def _leave() -> None:
    from torch import distributed

    if distributed.is_initialized():
        distributed.destroy_process_group()


@contextmanager
def held(folder: Path) -> Iterator[World]:
    """Hold the lock of a run folder in the main process, and wait for it in the others.

    Raises:
        UserError: Another process or launch holds it.
    """
    processes = world()
    with ExitStack() as stack:
        processes.main(lambda: stack.enter_context(locked(folder)))
        yield processes
        processes.wait()
