"""Collect what is wrong with a release, so that a user sees all of it at once."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from lethebench.builders.errors import BuildError

LISTED = 10
"""How many problems are listed; the others are counted."""
_MOST_LETTERS = 300  # of a name or reason: both may come from an untrusted file


@dataclass
class Problems:
    """Things that are wrong with a release (`source` in messages), and what the user can do."""

    source: str
    advice: str = "repair the release or download it again"
    count: int = 0
    _texts: list[str] = field(default_factory=list)

    def add(self, reason: str, *, file: str | None = None, row: int | None = None) -> None:
        """Add a problem; rows count from 0."""
        self.count += 1
        if len(self._texts) < LISTED:
            parts = [file[:_MOST_LETTERS]] if file else []
            parts += [f"row {row}"] if row is not None else []
            reason = reason[:_MOST_LETTERS]
            self._texts.append(f"{' '.join(parts)}: {reason}" if parts else reason)

    @contextmanager
    def at(self, file: str, row: int) -> Iterator[None]:
        """Add the ValueError that the block raises as a problem of a row."""
        try:
            yield
        except ValueError as error:
            self.add(str(error), file=file, row=row)

    def check(self) -> None:
        """Raise BuildError if there is any problem."""
        if not self.count:
            return
        more = self.count - len(self._texts)
        listed = "; ".join([*self._texts, *([f"and {more:,} more"] if more else [])])
        count = "1 problem" if self.count == 1 else f"{self.count:,} problems"
        raise BuildError(f"{self.source}: {count}: {listed}. Nothing was written: {self.advice}")
