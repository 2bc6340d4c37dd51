"""Judge by the calls of a pass whether it must stop."""

from collections import deque
from dataclasses import dataclass, field

from lethebench.contract.requests.faults import Fault, Scope

REFUSALS = 3
"""A pass stops after this many requests that were refused, if none was answered."""
UNREACHED = 5
"""A pass stops after this many calls without a connection, if none was answered."""
FAILURES = 10
"""A pass stops after this many requests in a row that failed in spite of their retries."""
RECENT = 100
"""The last calls, by which waits before retries are shortened."""

CURES = {
    Scope.CALL: "run the same command again later",
    Scope.ROW: "run the same command again later",
    Scope.REFUSED: "check OPENAI_API_KEY, --base-url and the model's name",
    Scope.SERVER: "start the server, or check --base-url",
    Scope.PASS: "check OPENAI_API_KEY, its quota, --base-url and the model's name",
}


@dataclass
class Health:
    """What the calls of a pass say about the endpoint."""

    any_answer: bool = False
    reached: bool = False
    refusals: int = 0
    unreached: int = 0
    failures: int = 0
    failed_calls: int = 0  # in a row
    recent: deque[bool] = field(default_factory=lambda: deque(maxlen=RECENT))

    @property
    def strain(self) -> float:
        """The part of a wait that protects the server: 1 if the last calls failed, almost 0 if most were answered."""
        return (self.recent.count(False) / max(1, len(self.recent))) ** 4

    @property
    def is_failing(self) -> bool:
        """Whether the last calls all failed, each in a way that a retry may help."""
        return self.failed_calls >= FAILURES

    def answered(self) -> None:
        self.any_answer = self.reached = True
        self.refusals = self.unreached = self.failures = self.failed_calls = 0
        self.recent.append(True)

    def fails(self, fault: Fault, *, final: bool) -> str | None:
        """Count a fault, `final` for its request or not; return why the pass must stop, None if it need not."""
        if fault.scope in (Scope.CALL, Scope.SERVER):
            self.failed_calls += 1
            self.recent.append(False)
        if fault.scope is Scope.SERVER:
            self.unreached += 1
            if final or (not self.reached and self.unreached >= UNREACHED):
                return "no server answers"
            return None
        self.reached, self.unreached = True, 0
        self.refusals += fault.scope is Scope.REFUSED
        self.failures += fault.scope is Scope.CALL and final
        if fault.scope is Scope.PASS or (self.refusals >= REFUSALS and not self.any_answer):
            return "the endpoint refuses every call"
        return f"{FAILURES} requests in a row failed; the last" if self.failures >= FAILURES else None
