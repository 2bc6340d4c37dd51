"""Requests whose call failed: how long they wait before they are sent again, and in which order."""

import heapq
import itertools
import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lethebench.contract.requests.endpoint import Endpoint
from lethebench.contract.requests.faults import Fault, Scope

MAX_WAIT = 120.0
"""Seconds; a server that requests a longer wait is not called again for this request."""


def wait_before_retry(endpoint: Endpoint, fault: Fault, failures: int) -> float | None:
    """Return the seconds until the next try: the server's, else doubled each time; None if there is none."""
    if fault.scope not in (Scope.CALL, Scope.SERVER) or failures > endpoint.retries:
        return None
    if fault.wait is not None and fault.wait > MAX_WAIT:
        return None
    if fault.wait:
        # Later by up to a tenth, so that those who wait do not return all at once.
        return fault.wait * random.uniform(1.0, 1.1)
    return min(endpoint.first_wait * 2 ** (failures - 1), 60.0) * random.uniform(0.75, 1.0)


@dataclass(eq=False)
class Pending:
    """A request without a reply yet.

    Attributes:
        key: Its hash.
        request: What is sent.
        indices: Its number in the pass, and those of requests that equal it.
        calls: Calls for it so far.
        failures: Those that failed, but for a setting that the model refused.
    """

    key: str
    request: Mapping[str, Any]
    indices: list[int]
    calls: int = 0
    failures: int = 0


class Retries:
    """Requests that wait for another call, in the order in which they are due.

    Attributes:
        limited: The number of those that the server refused because there were too many calls.
    """

    def __init__(self) -> None:
        self.limited = 0
        self._queue: list[tuple[float, int, bool, Pending]] = []
        self._numbers = itertools.count()

    def __len__(self) -> int:
        return len(self._queue)

    def add(self, pending: Pending, due: float, *, limited: bool = False) -> None:
        """Add a request that is due at a time of the monotonic clock, in seconds."""
        heapq.heappush(self._queue, (due, next(self._numbers), limited, pending))
        self.limited += limited

    def pop(self, now: float) -> Pending | None:
        """Return the request that is due first, None if none is."""
        if not self._queue or self._queue[0][0] > now:
            return None
        _, _, limited, pending = heapq.heappop(self._queue)
        self.limited -= limited
        return pending

    def due(self) -> float | None:
        """Return when the first request is due, None if none waits."""
        return self._queue[0][0] if self._queue else None
