"""Retry requests to the Hub a bounded number of times, and never wait longer than a limit."""

import ssl
import time
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, TypeVar

import httpx2
from huggingface_hub import get_session, set_client_factory
from huggingface_hub.errors import HfHubHTTPError
from huggingface_hub.utils import parse_ratelimit_headers

from lethebench.errors import UserError

TRANSIENT = (429, 500, 502, 503, 504)
"""Statuses after which a request is worth repeating."""
ATTEMPTS = 5
MAX_WAIT = 120
"""Longest wait in seconds that the Hub may request; above it the push stops."""
TIMEOUT = 60.0
"""Seconds without a byte after which a connection counts as lost."""

Say = Callable[[str], None]
Result = TypeVar("Result")


def configure_client(say: Say) -> None:
    """Give every request of this process a timeout, and report the waits that the Hub requests.

    huggingface_hub 2.4 has no timeout of its own, and sleeps for as long as Retry-After says, however long that is.
    """

    def check(response: httpx2.Response) -> None:
        if response.status_code in TRANSIENT:
            seconds = requested_wait(response.headers)
            if seconds is not None and seconds > MAX_WAIT:
                raise UserError(f"rate limited by the Hub ({response.status_code}); retry in {seconds} s")
            wait = "" if seconds is None else f", wait {seconds} s"
            say(f"the Hub answered {response.status_code}{wait}; retrying")

    request_hooks = get_session().event_hooks["request"]  # huggingface_hub's own: offline mode, request ids
    set_client_factory(
        lambda: httpx2.Client(
            event_hooks={"request": request_hooks, "response": [check]},
            follow_redirects=True,
            timeout=TIMEOUT,
            verify=_certificates(),
        )
    )


@cache
def _certificates() -> ssl.SSLContext:
    """Return the trusted certificates, which take 20 ms to load."""
    return httpx2.create_ssl_context()


def requested_wait(headers: Mapping[str, str]) -> int | None:
    """Return the seconds that an answer asks to wait, None if it does not say."""
    limit = parse_ratelimit_headers(headers)
    if limit is not None and limit.remaining == 0:
        return limit.reset_in_seconds
    value = headers.get("Retry-After", "").strip()
    return int(value) if value.isdigit() else None


def retry(call: Callable[..., Result], *arguments: Any, say: Say, **options: Any) -> Result:
    """Call, and repeat after a transient failure: at most 5 times, after 1, 2, 4, 8 s or as the Hub asks.

    Raises:
        HfHubHTTPError, httpx2.TransportError: The last failure, or one that a repetition would not fix.
    """
    for attempt in range(1, ATTEMPTS + 1):
        try:
            return call(*arguments, **options)
        except HfHubHTTPError as error:
            if attempt == ATTEMPTS or error.response.status_code not in TRANSIENT:
                raise
            seconds = requested_wait(error.response.headers)
            time.sleep(2 ** (attempt - 1) if seconds is None else seconds)
        except httpx2.TransportError:
            if attempt == ATTEMPTS:
                raise
            say(f"no answer from the Hub; retrying in {2 ** (attempt - 1)} s")
            time.sleep(2 ** (attempt - 1))
    raise AssertionError("unreachable: the last attempt returns or raises")
