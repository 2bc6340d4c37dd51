"""A judge behind an OpenAI-compatible API, asked through the request layer."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from lethebench.contract.requests.asking import Progress, ask_all
from lethebench.contract.requests.budget import Budget, Usage, likely
from lethebench.contract.requests.cache import Cache, request_hash
from lethebench.contract.requests.endpoint import Endpoint, Reply
from lethebench.evaluation.judges import prompts
from lethebench.evaluation.judges.protocol import Item, Verdict
from lethebench.evaluation.judges.replies import BadVerdict, read_verdict
from lethebench.evaluation.judges.rubrics import Rubric

MAX_TOKENS = 1024
LIKELY_TOKENS = 64
"""Length of a reply that an estimate counts: a verdict and one sentence. Thoughts of reasoning models come on top."""
TRIES = 3
"""Requests for one verdict, as long as replies hold none."""


class OpenAIJudge:
    """Asks a language model for verdicts; a reply without a verdict is requested again with the reason.

    Args:
        endpoint: The model and its API.
        cache: Stored replies, which are not requested again.
        budget: Limits of this and the earlier passes in the cache.
        progress: Called after each request of a pass.
        max_tokens: Maximum length of a reply.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        *,
        cache: Cache | None = None,
        budget: Budget | None = None,
        progress: Callable[[Progress], None] | None = None,
        max_tokens: int = MAX_TOKENS,
    ) -> None:
        self.endpoint, self.max_tokens = endpoint, max_tokens
        self.cache, self.budget, self.progress = cache or Cache(), budget or Budget(), progress
        self.name = f"openai:{endpoint.model}/{prompts.VERSION}"

    def judge(self, items: Sequence[Item], rubric: Rubric, *, repeat: int = 0) -> list[Verdict]:
        """Return one verdict per item; a failed request gives one without a value.

        Raises:
            EndpointRefused: Every request would fail.
            BudgetSpent: The next request could exceed the budget.
        """
        verdicts: dict[int, Verdict] = {}
        tries = [1] * len(items)

        def read(index: int, reply: Reply) -> list[tuple[int, dict[str, Any]]]:
            """Store the verdict in a reply; return the request for another one if it holds none."""
            if reply.text is None:
                verdicts[index] = Verdict(None, "", reply.error)
                return []
            try:
                verdicts[index] = Verdict(*read_verdict(reply.text, rubric))
                return []
            except BadVerdict as error:
                verdicts[index] = Verdict(None, "", f"the reply holds no verdict: {error}")
                reason = str(error)
            tries[index] += 1
            return [(index, self.request(items[index], rubric, repeat, reason))] if tries[index] <= TRIES else []

        ask_all(
            self.endpoint,
            (self.request(item, rubric, repeat) for item in items),
            total=len(items),
            cache=self.cache,
            budget=self.budget,
            progress=self.progress,
            again=read,
        )
        return [verdicts[index] for index in range(len(items))]

    def request(self, item: Item, rubric: Rubric, repeat: int = 0, reason: str | None = None) -> dict[str, Any]:
        """Return the request for a verdict."""
        return {
            "model": self.endpoint.model,
            "messages": prompts.messages(item, rubric, repeat=repeat, reason=reason),
            "temperature": 0,
            "max_tokens": self.max_tokens,
            "response_format": prompts.verdict_schema(rubric),
        }

    def estimate(self, items: Sequence[Item], rubrics: Sequence[Rubric], repeats: int = 1) -> Usage:
        """Return what the verdicts are likely to take, each at the first request, without those that are stored."""
        usage = Usage()
        hashes: set[str] = set()
        for request in self._requests(items, rubrics, repeats):
            key = request_hash(self.endpoint, request)
            if key not in hashes and self.cache.get(key) is None:
                usage = usage.plus(likely({**request, "max_tokens": min(LIKELY_TOKENS, self.max_tokens)}))
            hashes.add(key)
        return usage.in_batch() if self.endpoint.batch else usage

    def _requests(self, items: Sequence[Item], rubrics: Sequence[Rubric], repeats: int) -> Iterator[dict[str, Any]]:
        return (self.request(item, rubric, repeat) for rubric in rubrics for repeat in range(repeats) for item in items)
