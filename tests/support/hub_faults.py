"""What can go wrong between a client and the Hub, each fault where and as often as a test says."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass
class Fault:
    """One fault.

    Attributes:
        where: a regular expression over `METHOD /path`.
        times: how many requests it hits; then things work again.
        skip: how many matching requests it lets through first.
        status: answer with this status instead of doing anything.
        headers: of that answer.
        message: of that answer.
        drop: "before" closes the connection halfway through the request; "after" does what was asked and hangs up
            without an answer.
        corrupt: one byte arrives changed: of an upload's body, or of a file that is read.
        delay: seconds before each 16 KiB of an answer or an upload.
        happens: something that happens on the Hub just before the request is answered.
    """

    where: str
    times: int = 1
    skip: int = 0
    status: int | None = None
    headers: dict[str, str] = field(default_factory=dict)
    message: str = ""
    drop: str = ""
    corrupt: bool = False
    delay: float = 0.0
    happens: Callable[[], object] | None = None
    hits: int = 0

    def strikes(self, request: str) -> bool:
        """Whether this request is hit, counting it."""
        if self.hits >= self.times or not re.search(self.where, request):
            return False
        if self.skip:
            self.skip -= 1
            return False
        self.hits += 1
        return True


def busy(where: str, *, wait: int | None = None, times: int = 1) -> Fault:
    """429, with Retry-After where `wait` says so, in seconds."""
    headers = {} if wait is None else {"Retry-After": str(wait)}
    return Fault(where, status=429, headers=headers, message="Too many requests", times=times)


def broken(where: str, *, times: int = 1, skip: int = 0) -> Fault:
    """500."""
    return Fault(where, status=500, message="Internal error", times=times, skip=skip)


def gated(where: str) -> Fault:
    """403 of a repository whose owners let only some read it."""
    message = "Access to this repository is restricted and you are not in the authorized list"
    return Fault(where, status=403, headers={"X-Error-Code": "GatedRepo"}, message=message, times=99)
