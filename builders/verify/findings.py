"""What `verify` found: named checks, and problems with file, row and reason."""

from collections import Counter
from dataclasses import dataclass, field

LIMIT = 20
"""How many problems of one check are listed; the others are counted."""

OK, FAILED, NOT_APPLICABLE = "ok", "failed", "not applicable"


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong.

    Attributes:
        check: the name of the check that found it.
        reason: what is wrong.
        file: the file within the build, where it is one file's.
        row: the row in that file, counted from 0.
        id: the row's id or profile.
    """

    check: str
    reason: str
    file: str | None = None
    row: int | None = None
    id: str | None = None

    def __str__(self) -> str:
        place = [self.file] if self.file else []
        place += [f"row {self.row}"] if self.row is not None else []
        place += [f"({self.id})"] if self.id else []
        return f"{self.check}: {' '.join([*place, '-']) if place else ''} {self.reason}".replace("  ", " ")


@dataclass(frozen=True)
class Check:
    """One check: its name, `ok`, `failed` or `not applicable`, and what it looked at."""

    name: str
    status: str
    detail: str


@dataclass(frozen=True)
class Report:
    """The verdict on a build.

    Attributes:
        path: the build.
        checks: every check, in the order they ran.
        problems: at most LIMIT of each check.
    """

    path: str
    checks: list[Check]
    problems: list[Problem]

    @property
    def ok(self) -> bool:
        """Whether no check failed."""
        return all(check.status != FAILED for check in self.checks)

    def to_dict(self) -> dict:
        """As plain data: `ok`, `checks` (name, status, detail) and `problems` (check, file, row, id, reason, text)."""
        return {
            "ok": self.ok,
            "checks": [vars(check) for check in self.checks],
            "problems": [vars(problem) | {"text": str(problem)} for problem in self.problems],
        }


@dataclass
class Findings:
    """Collects problems while checks run."""

    details: dict[str, str] = field(default_factory=dict)
    skipped: dict[str, str] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    found: Counter = field(default_factory=Counter)

    def looked(self, check: str, detail: str) -> None:
        """Notes that a check ran, and on what."""
        self.details[check] = detail

    def skip(self, check: str, why: str) -> None:
        """Notes that a check does not apply."""
        self.skipped[check] = why

    def add(
        self, check: str, reason: str, *, file: str | None = None, row: int | None = None, id: str | None = None
    ) -> None:
        """Notes a problem."""
        self.found[check] += 1
        if self.found[check] <= LIMIT:
            self.problems.append(Problem(check, reason, file, row, id))

    def report(self, path: str, order: tuple[str, ...]) -> Report:
        """The verdict, with the checks in the given order."""
        return Report(path, [self._check(name) for name in order], self.problems)

    def _check(self, name: str) -> Check:
        if self.found[name]:
            more = self.found[name] - LIMIT
            return Check(name, FAILED, f"{self.found[name]} problems" + (f", {LIMIT} listed" if more > 0 else ""))
        if name in self.details:
            return Check(name, OK, self.details[name])
        return Check(name, NOT_APPLICABLE, self.skipped.get(name, "nothing to look at"))
