"""The endpoint that requests are sent to, and the results and errors of a pass."""

import os
from dataclasses import dataclass, field
from typing import NamedTuple
from urllib.parse import urlsplit, urlunsplit

from lethebench.contract.errors import UserError
from lethebench.contract.secrets import fault_of, protect


class Reply(NamedTuple):
    """The result of one request, after `tries` calls in this pass; 0 if the answer was stored already.

    `text` is the answer, which may be empty, or None if the request failed for the reason in `error`.
    """

    text: str | None
    error: str | None
    tries: int


class PassStopped(ValueError):
    """No further request is sent; answers so far are stored."""


class EndpointRefused(PassStopped):
    """The endpoint fails for a reason that concerns every request: wrong key, no quota, no server, unknown model."""


class BudgetSpent(PassStopped):
    """The next request could exceed the budget."""


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """A model behind an OpenAI-compatible API.

    Attributes:
        model: The model's name at the API.
        key: The API key; sent to the server and never written: answers and errors that repeat it, or a piece of it,
            hold `***` instead (see `contract.secrets`).
        base_url: URL of the API, e.g. http://localhost:8000/v1; None for the client's default.
        concurrency: Number of calls at a time.
        retries: Maximum number of retries after transient faults.
        timeout: Seconds until a call without a reply fails.
        first_wait: Seconds before the first retry; doubled for each further one.
        batch: Whether many requests are sent by the Batch API: at half the price, answered within a day.

    Raises:
        ValueError: The key cannot be sent.
    """

    model: str
    key: str = field(repr=False)
    base_url: str | None = None
    concurrency: int = 8
    retries: int = 6
    timeout: float = 120.0
    first_wait: float = 1.0
    batch: bool = False

    def __post_init__(self) -> None:
        if fault := fault_of(self.key):
            raise ValueError(f"the API key cannot be sent: {fault}")
        protect(self.key)
        protect(urlsplit(self._url or "").password)

    @property
    def _url(self) -> str | None:
        """The URL, also where the client takes it from the environment."""
        return self.base_url or os.environ.get("OPENAI_BASE_URL") or None

    @property
    def address(self) -> str | None:
        """The URL without user, password and query; None for OpenAI's."""
        return without_credentials(self._url)


def without_credentials(url: str | None) -> str | None:
    """Return a URL without user, password, query and fragment."""
    if url is None:
        return None
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def check_key(subject: str, base_url: str | None, url_option: str, *, dry_run: bool) -> None:
    """Raise UserError if a key is missing or cannot be sent."""
    if base_url is None and not dry_run and not os.environ.get("OPENAI_API_KEY"):
        raise UserError(f"{subject}: set OPENAI_API_KEY, or pass {url_option} of a server without keys")
    for name in ("OPENAI_API_KEY", "OPENAI_ORG_ID", "OPENAI_PROJECT_ID"):
        if fault := fault_of(os.environ.get(name, "")):
            raise UserError(f"{name} cannot be sent: {fault}; copy it again")
