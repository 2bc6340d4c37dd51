"""Progress on stderr: one line per phase, with a bar and the time left on a terminal."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console as RichConsole
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from lethebench.contract.errors import printable

Tick = Callable[[int, int], None]
"""Called with (done, total) while work is in progress."""


class Console:
    """Progress of a command of known length, phase by phase.

    Attributes:
        phases: Number of phases of the command, 0 if unknown.
    """

    def __init__(self, *, phases: int = 0) -> None:
        self.phases = phases
        self._phase = 0
        self._rich = RichConsole(stderr=True, highlight=False)

    def say(self, text: str) -> None:
        """Print one line."""
        self._rich.print(printable(text), markup=False, soft_wrap=True)

    @contextmanager
    def phase(self, title: str) -> Iterator[Tick]:
        """Show a phase while its block runs, and its duration at the end."""
        self._phase += 1
        name = self._counter() + printable(title)
        start = time.monotonic()
        if self._rich.is_terminal:
            columns = (
                TextColumn("{task.description}", markup=False),
                BarColumn(bar_width=24),
                TextColumn("{task.percentage:>3.0f}%"),
                TimeElapsedColumn(),
                TextColumn("left"),
                TimeRemainingColumn(),
            )
            with Progress(*columns, console=self._rich, transient=True) as bar:
                task = bar.add_task(name, total=None)
                yield lambda done, total: bar.update(task, completed=done, total=total)
        else:
            yield lambda done, total: None
        self.say(f"{name}: {time.monotonic() - start:.1f} s")

    def skip(self, title: str, *, phases: int = 2) -> None:
        """Note a stage that an earlier process finished, and count its phases."""
        self._phase += phases
        self.say(f"{self._counter()}{title}: already done")

    def _counter(self) -> str:
        return f"[{self._phase}/{self.phases}] " if self.phases else ""


def per_mille(tick: Tick) -> Callable[[float], None]:
    """Return a callback that takes the share done and moves a progress bar of 1000 steps."""
    return lambda share: tick(round(1000 * share), 1000)
