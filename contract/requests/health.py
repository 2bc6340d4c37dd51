"""Judge by the calls of a pass whether it must stop."""

from dataclasses import dataclass

from lethebench.contract.requests.faults import Fault, Scope

REFUSALS = 3
"""A pass stops after this many requests that were refused, if none was answered."""
UNREACHED = 5
"""A pass stops after this many calls without a connection, if none was answered."""
FAILURES = 10
"""A pass stops after this many requests in a row that failed in spite of their retries."""

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

    def answered(self) -> None:
        self.any_answer = self.reached = True
        self.refusals = self.unreached = self.failures = 0

    def fails(self, fault: Fault, *, final: bool) -> str | None:
        """Count a fault, `final` for its request or not; return why the pass must stop, None if it need not."""
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
