"""The judges of a command: their options, checked before anything is paid, and the judges made from them."""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from lethebench.contract.defaults import API_PREFIX
from lethebench.contract.requests.asking import Progress
from lethebench.contract.requests.budget import Budget, Usage, parse_budget
from lethebench.contract.requests.cache import Cache
from lethebench.contract.requests.endpoint import Endpoint, PassStopped, check_key
from lethebench.errors import UserError
from lethebench.evaluation.judges.openai_judge import OpenAIJudge
from lethebench.evaluation.judges.protocol import Item, Judge
from lethebench.evaluation.judges.registry import check_name, chosen_rubrics, is_api, own_judge
from lethebench.evaluation.judges.rubrics import RUBRICS, Rubric

_PROBE = Item("What is written on the door?", "It says 'open'.", "open", ("open",))


@dataclass(frozen=True, kw_only=True)
class JudgeOptions:
    """Options of judges.

    Attributes:
        names: `local`, `openai:MODEL` or `package.module:Judge`; none = no judge.
        rubrics: Names of rubrics; empty = all.
        repeats: Verdicts of each judge on each answer.
        base_url: URL of the judges' API; None = OpenAI's.
        budget: Limits of all judges' calls together as `requests=N,tokens=N,usd=X`; empty = none.
        price: US dollars per million input and output tokens as `IN,OUT`; empty = unknown.
        concurrency: Calls at a time.
        timeout: Seconds after which a call without a reply has failed.
        batch: Send calls by the Batch API.
        sample: Judge at most this many answers of each set and task, drawn with seed 0; None = all.
    """

    names: tuple[str, ...] = ()
    rubrics: tuple[str, ...] = ()
    repeats: int = 1
    base_url: str | None = None
    budget: str = ""
    price: str = ""
    concurrency: int = 8
    timeout: float = 120.0
    batch: bool = False
    sample: int | None = None

    @property
    def api_names(self) -> tuple[str, ...]:
        """The judges behind an API."""
        return tuple(name for name in self.names if is_api(name))

    def limits(self) -> Budget:
        """Return the budget of the judges' calls."""
        return parse_budget(self.budget, self.price)

    def chosen_rubrics(self) -> tuple[Rubric, ...]:
        """Return the rubrics to judge by."""
        return chosen_rubrics(self.rubrics)

    def check(self, *, dry_run: bool = False, prefix: str = "--judge-") -> None:
        """Raise UserError if an option cannot work; the options but `names` and `rubrics` begin with `prefix`."""
        for name in self.names:
            check_name(name)
        if len(set(self.names)) < len(self.names):
            raise UserError(f"--judge {' '.join(self.names)}: pass each judge once")
        self.chosen_rubrics()
        if not self.names and (self.rubrics or self.repeats != 1 or self.sample):
            options = "--rubrics, --judge-repeats and --judge-sample"
            raise UserError(f"{options} are for judges; pass --judge local or --judge openai:MODEL")
        if not self.api_names:
            values = {"base-url": self.base_url, "budget": self.budget, "price": self.price, "batch": self.batch}
            for option, value in values.items():
                if value:
                    raise UserError(f"{prefix}{option} is for a judge behind an API; pass openai:MODEL as the judge")
            return
        try:
            self.limits()
        except ValueError as error:
            raise UserError(f"{prefix}budget {self.budget!r} {prefix}price {self.price!r}: {error}") from None
        check_key(f"--judge {self.api_names[0]}", self.base_url, f"{prefix}base-url", dry_run=dry_run)

    def own_judges(self) -> dict[str, Judge]:
        """Return the judges that need no API, by name; raise UserError if one cannot be made."""
        return {name: own_judge(name) for name in self.names if not is_api(name)}

    @contextmanager
    def opened(
        self, replies: Path | None, progress: Callable[[Progress], None] | None = None
    ) -> Iterator[tuple[list[Judge], Cache | None]]:
        """Yield the judges in order and the cache of their replies, a file or None.

        Raises:
            UserError: A judge cannot be made, the file cannot be read, or a pass over requests stopped.
        """
        own = self.own_judges()
        cache = Cache(replies) if self.api_names else None
        try:
            yield [own.get(name) or self._api_judge(name, cache, progress) for name in self.names], cache
        except PassStopped as error:
            raise UserError(f"--judge {self.api_names[0]}: {error}") from None
        finally:
            if cache is not None:
                cache.close()

    def _api_judge(self, name: str, cache: Cache | None, progress: Callable[[Progress], None] | None) -> OpenAIJudge:
        endpoint = Endpoint(
            model=name.removeprefix(API_PREFIX),
            key=os.environ.get("OPENAI_API_KEY") or "none",
            base_url=self.base_url,
            concurrency=self.concurrency,
            timeout=self.timeout,
            batch=self.batch,
        )
        return OpenAIJudge(endpoint, cache=cache, budget=self.limits(), progress=progress)


def probe(judges: Sequence[Judge]) -> None:
    """Let every judge behind an API judge one answer of this module, so that a wrong key or model is found first.

    Raises:
        UserError: A judge gives no verdict.
    """
    for judge in judges:
        if isinstance(judge, OpenAIJudge):
            (verdict,) = judge.judge([_PROBE], RUBRICS["fluency"])
            if verdict.value is None:
                raise UserError(f"--judge {API_PREFIX}{judge.endpoint.model}: gives no verdict: {verdict.error}")


def estimate(judges: Sequence[Judge], items: Sequence[Item], rubrics: Sequence[Rubric], repeats: int) -> Usage:
    """Return what the verdicts of the judges behind an API are likely to take; stored ones are not counted."""
    usage = Usage()
    for judge in judges:
        if isinstance(judge, OpenAIJudge):
            usage = usage.plus(judge.estimate(items, rubrics, repeats))
    return usage
