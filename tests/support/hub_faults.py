"""Faults between a client and the Hub."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass
class Fault:
    """One fault.

    Attributes:
        where: Regular expression over `METHOD /path`.
        times: Number of requests that it hits.
        skip: Number of matching requests that it lets through first.
        status: Status to answer with instead of doing anything.
        headers: Headers of that answer.
        message: Message of that answer.
        drop: "before" closes the connection halfway through the request; "after" handles the request and hangs up
            without an answer.
        corrupt: Change one byte of an upload's body or of a downloaded file.
        delay: Seconds before each 16 KiB of an answer or an upload.
        happens: Called just before the request is answered.
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
        """Return whether this request is hit, and count it."""
        if self.hits >= self.times or not re.search(self.where, request):
            return False
        if self.skip:
            self.skip -= 1
            return False
        self.hits += 1
        return True


def busy(where: str, *, wait: int | None = None, times: int = 1) -> Fault:
    """Answer 429, with `wait` seconds as Retry-After."""
    headers = {} if wait is None else {"Retry-After": str(wait)}
    return Fault(where, status=429, headers=headers, message="Too many requests", times=times)


def broken(where: str, *, times: int = 1, skip: int = 0) -> Fault:
    """Answer 500."""
    return Fault(where, status=500, message="Internal error", times=times, skip=skip)


def gated(where: str) -> Fault:
    """Answer 403 for a gated repository."""
    message = "Access to this repository is restricted and you are not in the authorized list"
    return Fault(where, status=403, headers={"X-Error-Code": "GatedRepo"}, message=message, times=99)
