"""Send requests to an endpoint, by single calls or in batches, and store every answer."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from lethebench.contract.requests.batch import ask_in_batches
from lethebench.contract.requests.budget import Budget
from lethebench.contract.requests.cache import Cache
from lethebench.contract.requests.calls import Again, Progress, call_all
from lethebench.contract.requests.endpoint import Endpoint, PassStopped, Reply
from lethebench.contract.requests.jobs import Jobs

__all__ = ["Again", "Progress", "ask_all"]


def ask_all(
    endpoint: Endpoint,
    requests: Iterable[Mapping[str, Any]],
    *,
    total: int,
    cache: Cache | None = None,
    budget: Budget | None = None,
    progress: Callable[[Progress], None] | None = None,
    again: Again | None = None,
) -> list[Reply]:
    """Send requests and return their replies in order; equal requests are sent once.

    Args:
        endpoint: The model and its API.
        requests: Arguments of chat completions, made one by one as they are sent.
            With a `prompt` and no `messages`, of the images API, whose replies are data URIs.
        total: Their number.
        cache: Answers in it are not requested again, new ones are added.
        budget: Limits of this and the earlier passes in the cache.
        progress: Called after each request, and while a batch is waited for.
        again: Called with the number and the reply of each request, in any order; what it returns is sent too, each in
            the place of the request with that number, whose reply is forgotten.

    Raises:
        EndpointRefused: Every request would fail. Calls that were underway are awaited and their answers stored.
        BudgetSpent: The next call could exceed the budget.
        PassStopped: A batch failed, expired or was cancelled, or one is underway and `endpoint.batch` is not set.
    """
    own = Cache() if cache is None else None
    answers, limits = cache or own or Cache(), budget or Budget()
    try:
        if endpoint.batch:
            return _ask_in_batches(endpoint, requests, answers, limits, total, progress, again)
        if Jobs(answers, endpoint).pending():
            raise PassStopped("a batch with such requests is underway; pass --batch again to collect it")
        return call_all(endpoint, requests, answers, limits, total, progress, again)
    finally:
        if own is not None:
            own.close()


def _ask_in_batches(
    endpoint: Endpoint,
    requests: Iterable[Mapping[str, Any]],
    cache: Cache,
    budget: Budget,
    total: int,
    progress: Callable[[Progress], None] | None,
    again: Again | None,
) -> list[Reply]:
    """Return replies by batches; what is sent again is in batches of its own."""
    replies = ask_in_batches(endpoint, requests, cache, budget, total, progress)
    latest = list(enumerate(replies))
    while again is not None and latest:
        others = [entry for index, reply in latest for entry in again(index, reply)]
        answers = ask_in_batches(endpoint, [other for _, other in others], cache, budget, len(others), progress)
        latest = [(index, reply) for (index, _), reply in zip(others, answers, strict=True)]
        for index, reply in latest:
            replies[index] = reply
    return replies
