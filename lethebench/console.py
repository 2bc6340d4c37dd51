"""Progress on stderr: one line per phase, with a bar and the time left on a terminal."""

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from rich.console import Console as RichConsole
from rich.console import RenderableType
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.text import Text

from lethebench.contract.errors import printable
from lethebench.contract.processes import is_main_process

Tick = Callable[[int, int], None]
"""Called with (done, total) while work is in progress."""


class Console:
    """Progress of a command of known length, phase by phase.

    Attributes:
        phases: Number of phases of the command, 0 if unknown.
        board: Lines that a terminal shows below the bar.
    """

    def __init__(self, *, phases: int = 0) -> None:
        self.phases = phases
        self.board = ""
        self._phase = 0
        self._rich = RichConsole(stderr=True, highlight=False, quiet=not is_main_process())

    @property
    def width(self) -> int:
        """The number of characters of a line."""
        return self._rich.width

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
            with _Bar(*columns, console=self._rich, transient=True) as bar:
                bar.board = printable_lines(self.board)
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


class _Bar(Progress):
    """A progress bar with lines of text below it."""

    board = ""

    def get_renderables(self) -> Iterable[RenderableType]:
        yield from super().get_renderables()
        if self.board:
            yield Text(self.board, no_wrap=True, overflow="crop")


def printable_lines(text: str) -> str:
    """Return text whose lines are safe to print."""
    return "\n".join(map(printable, text.splitlines()))


def per_mille(tick: Tick) -> Callable[[float], None]:
    """Return a callback that takes the share done and moves a progress bar of 1000 steps."""
    return lambda share: tick(round(1000 * share), 1000)
