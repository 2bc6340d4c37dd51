"""Answers of a model behind an OpenAI-compatible API: texts without probabilities."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from lethebench.contract.conversation import api_messages
from lethebench.contract.requests.asking import Progress, ask_all
from lethebench.contract.requests.budget import Budget, Usage, likely
from lethebench.contract.requests.cache import Cache, request_hash
from lethebench.contract.requests.endpoint import Endpoint, Reply
from lethebench.evaluation.answers.letters import letter_question

MAX_TOKENS = 256


def request_of(endpoint: Endpoint, row: Mapping, max_tokens: int = MAX_TOKENS) -> dict[str, Any]:
    """Return the request for a row: its pictures, then its question, with lettered options if it has any."""
    question = letter_question(row["question"], row.get("options") or ())
    messages = api_messages(question, row.get("images") or (), str(row.get("id", "?")))
    return {"model": endpoint.model, "messages": messages, "temperature": 0, "max_tokens": max_tokens}


def ask(
    endpoint: Endpoint,
    rows: Sequence[Mapping],
    *,
    max_tokens: int = MAX_TOKENS,
    answers: Cache | Path | None = None,
    budget: Budget | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> list[Reply]:
    """Ask the endpoint the question of every row, with its pictures and, for multiple choice, options.

    Args:
        endpoint: The model and its API.
        rows: A `datasets.Dataset` or a list of mappings.
        max_tokens: Maximum length of an answer in tokens.
        answers: Stored answers, or their file; those in it are not requested again, new ones are added.
        budget: Limits of requests, tokens and money.
        progress: Called after each row.

    Raises:
        EndpointRefused: Every request would fail, e.g. because the key or the model is not accepted.
        BudgetSpent: The next call could exceed the budget.
    """
    cache = answers if isinstance(answers, Cache) else Cache(answers)
    try:
        requests = _requests(endpoint, rows, max_tokens)
        return ask_all(endpoint, requests, total=len(rows), cache=cache, budget=budget, progress=progress)
    finally:
        if cache is not answers:
            cache.close()


def estimate(endpoint: Endpoint, rows: Sequence[Mapping], cache: Cache, max_tokens: int = MAX_TOKENS) -> Usage:
    """Return what a pass over rows is likely to take, without the rows whose answers are stored.

    Input tokens are estimated from bytes and pictures; every answer counts with its maximum length.
    """
    usage = Usage()
    seen: set[str] = set()
    for request in _requests(endpoint, rows, max_tokens):
        key = request_hash(endpoint, request)
        if key not in seen and cache.get(key) is None:
            usage = usage.plus(likely(request))
        seen.add(key)
    return usage.in_batch() if endpoint.batch else usage


def _requests(endpoint: Endpoint, rows: Sequence[Mapping], max_tokens: int) -> Iterator[dict[str, Any]]:
    return (request_of(endpoint, rows[index], max_tokens) for index in range(len(rows)))
