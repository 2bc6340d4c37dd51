"""Requests to the Hub that are tried again, a bounded number of times, and never for longer than they say."""

import time
from collections.abc import Callable, Mapping
from typing import TypeVar

import httpx2
from huggingface_hub import set_client_factory
from huggingface_hub.errors import HfHubHTTPError
from huggingface_hub.utils import parse_ratelimit_headers
from huggingface_hub.utils._http import hf_request_event_hook

from lethebench.errors import UserError

AGAIN = (429, 500, 502, 503, 504)
"""Answers after which a request is worth trying again."""
TRIES = 5
LONGEST = 120
"""Seconds: what the Hub may ask us to wait; above, we say so and stop."""
SILENCE = 60.0
"""Seconds without a byte after which a connection counts as lost."""

Say = Callable[[str], None]
Result = TypeVar("Result")


def listen(say: Say) -> None:
    """Makes every request of this process time out, and speak of the waits that the Hub asks for.

    huggingface_hub 2.4 has no timeout of its own, and sleeps for as long as Retry-After says, however long that is.
    """

    def heed(response: httpx2.Response) -> None:
        if response.status_code in AGAIN:
            asked = asked_wait(response.headers)
            if asked is not None and asked > LONGEST:
                raise UserError(f"the Hub is busy ({response.status_code}) and asks to wait {asked} s: push again then")
            wait = "" if asked is None else f" and asks to wait {asked} s"
            say(f"the Hub answers {response.status_code}{wait}; trying again")

    set_client_factory(
        lambda: httpx2.Client(
            event_hooks={"request": [hf_request_event_hook], "response": [heed]},
            follow_redirects=True,
            timeout=SILENCE,
        )
    )


def asked_wait(headers: Mapping[str, str]) -> int | None:
    """Seconds that an answer asks to wait; None where it does not say."""
    limit = parse_ratelimit_headers(headers)
    if limit is not None and limit.remaining == 0:
        return limit.reset_in_seconds
    value = headers.get("Retry-After", "").strip()
    return int(value) if value.isdigit() else None


def patiently(call: Callable[..., Result], *arguments, say: Say, **options) -> Result:
    """Calls, and calls again after an answer or a loss that may pass: 5 times at most, after 1, 2, 4, 8 s or as asked.

    Raises:
        HfHubHTTPError, httpx2.TransportError: the last of them, or one that trying again would not mend.
    """
    for attempt in range(1, TRIES + 1):
        try:
            return call(*arguments, **options)
        except HfHubHTTPError as error:
            if attempt == TRIES or error.response.status_code not in AGAIN:
                raise
            asked = asked_wait(error.response.headers)
            time.sleep(2 ** (attempt - 1) if asked is None else asked)
        except httpx2.TransportError:
            if attempt == TRIES:
                raise
            say(f"no answer from the Hub; trying again in {2 ** (attempt - 1)} s")
            time.sleep(2 ** (attempt - 1))
    raise AssertionError
