"""How long to wait before a call is made again."""

import random

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
