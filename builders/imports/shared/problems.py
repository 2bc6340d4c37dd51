"""What is wrong with a release, gathered so that a user hears of all of it at once."""

from dataclasses import dataclass, field

from lethebench.builders.errors import BuildError

LISTED = 10
"""How many problems are named; the others are counted."""
_WIDE = 300  # letters of a name or reason: both may come from a stranger


@dataclass
class Problems:
    """Things that are wrong with a release.

    Attributes:
        source: what the release is called in messages.
        advice: what the user can do about them.
        found: how many there are.
    """

    source: str
    advice: str = "mend the release or get it again"
    found: int = 0
    _texts: list[str] = field(default_factory=list)

    def add(self, reason: str, *, file: str | None = None, row: int | None = None) -> None:
        """Notes a problem; rows count from 0."""
        self.found += 1
        if len(self._texts) < LISTED:
            place = " ".join([*([file[:_WIDE]] if file else []), *([f"row {row}"] if row is not None else [])])
            self._texts.append(f"{place}: {reason[:_WIDE]}" if place else reason[:_WIDE])

    def check(self) -> None:
        """Raises BuildError where anything was noted."""
        if not self.found:
            return
        more = self.found - len(self._texts)
        listed = "; ".join([*self._texts, *([f"and {more:,} more"] if more else [])])
        count = "1 problem" if self.found == 1 else f"{self.found:,} problems"
        raise BuildError(f"{self.source}: {count}: {listed}. Nothing was written: {self.advice}")
