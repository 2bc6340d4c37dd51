"""The findings of `verify`: named checks, and problems with file, row and reason."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from lethebench.contract.errors import one_line

LIMIT = 20
"""Problems listed per check; the others are counted."""

OK, FAILED, NOT_APPLICABLE = "ok", "failed", "not applicable"


@dataclass(frozen=True)
class Problem:
    """One problem that a check found, in a row (from 0) of a file with the id of row or profile, if it concerns one."""

    check: str
    reason: str
    file: str | None = None
    row: int | None = None
    id: str | None = None

    def __str__(self) -> str:
        location = [self.file] if self.file else []
        location += [f"row {self.row}"] if self.row is not None else []
        location += [f"({self.id})"] if self.id else []
        return f"{self.check}: {' '.join([*location, '-']) if location else ''} {self.reason}".replace("  ", " ")


@dataclass(frozen=True)
class Check:
    """One check: its name, `ok`, `failed` or `not applicable`, and what it covered."""

    name: str
    status: str
    detail: str


@dataclass(frozen=True)
class Report:
    """The result of checking a build: every check, in the order of `verify.ORDER`, and LIMIT problems of each."""

    path: str
    checks: list[Check]
    problems: list[Problem]

    @property
    def ok(self) -> bool:
        """Whether no check failed."""
        return all(check.status != FAILED for check in self.checks)

    def to_dict(self) -> dict:
        """Return plain data: `ok`, `checks` (name, status, detail), `problems` (check, file, row, id, reason, text)."""
        return {
            "ok": self.ok,
            "checks": [vars(check) for check in self.checks],
            "problems": [vars(problem) | {"text": str(problem)} for problem in self.problems],
        }


@dataclass
class Findings:
    """Collect problems while checks run."""

    details: dict[str, str] = field(default_factory=dict)
    skipped: dict[str, str] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    counts: Counter = field(default_factory=Counter)

    @contextmanager
    def failing(self, check: str, what: str, *, file: str | None = None) -> Iterator[None]:
        """Record whatever the block raises as a problem; `datasets` and YAML raise errors of many types."""
        try:
            yield
        except Exception as error:
            self.add(check, f"{what}: {one_line(error, 200)}", file=file)

    def passed(self, check: str, detail: str) -> None:
        """Record that a check ran, and what it covered; it passed if it added no problem."""
        self.details[check] = detail

    def skip(self, check: str, reason: str) -> None:
        """Record that a check does not apply."""
        self.skipped[check] = reason

    def add(
        self, check: str, reason: str, *, file: str | None = None, row: int | None = None, id: str | None = None
    ) -> None:
        """Record a problem."""
        self.counts[check] += 1
        if self.counts[check] <= LIMIT:
            self.problems.append(Problem(check, reason, file, row, id))

    def report(self, path: str, order: tuple[str, ...]) -> Report:
        """Return the result, with the checks in the given order."""
        return Report(path, [self._check(name) for name in order], self.problems)

    def _check(self, name: str) -> Check:
        if self.counts[name]:
            listed = f", {LIMIT} listed" if self.counts[name] > LIMIT else ""
            return Check(name, FAILED, f"{self.counts[name]} problems{listed}")
        if name in self.details:
            return Check(name, OK, self.details[name])
        return Check(name, NOT_APPLICABLE, self.skipped.get(name, "nothing to check"))
