"""The options of `lethe build` for a language model that writes profiles and wordings."""

import importlib.util
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lethebench.contract.defaults import API_PREFIX
from lethebench.contract.requests.asking import Progress
from lethebench.contract.requests.budget import Budget, parse_budget, usage_text
from lethebench.contract.requests.cache import Cache
from lethebench.contract.requests.endpoint import Endpoint, check_key
from lethebench.errors import UserError
from lethebench.generation.writer.languages import check_language
from lethebench.generation.writer.writer import Estimator, Writer

SAY_EVERY = 30.0
"""Seconds between two lines that say what the texts took so far."""


@dataclass(frozen=True, kw_only=True)
class WriterOptions:
    """Options of a build by a language model.

    Attributes:
        model: `openai:NAME`; None for texts from templates, which no other option fits.
        base_url: of the API.
        portraits: `openai:NAME` of a model that draws portraits; None for drawings by code.
        language: code of the language of all texts.
        concurrency: calls of the API at a time.
        budget: limits of calls as `requests=N,tokens=N,usd=X`, or some of them; empty = none.
        price: US dollars per million input and output tokens as `IN,OUT`; empty = unknown.
        batch: send calls by the Batch API.
        dry_run: estimate calls, tokens and cost, and send nothing.
    """

    model: str | None = None
    base_url: str | None = None
    portraits: str | None = None
    language: str = "en"
    concurrency: int = 8
    budget: str = ""
    price: str = ""
    batch: bool = False
    dry_run: bool = False

    def check(self) -> Budget:
        """Return the budget; raise UserError if an option cannot work."""
        if self.model is None:
            options = {
                "--base-url": self.base_url,
                "--portraits": self.portraits,
                "--language": self.language != "en",
                "--budget": self.budget,
                "--price": self.price,
                "--batch": self.batch,
                "--dry-run": self.dry_run,
            }
            for name, value in options.items():
                if value:
                    raise UserError(f"{name} is for texts by a language model; pass --writer openai:NAME to use one")
            return Budget()
        if importlib.util.find_spec("openai") is None:
            raise UserError(
                f"--writer {self.model}: the openai client is not installed: pip install 'lethebench[openai]'"
            )
        for option, model in {"--writer": self.model, "--portraits": self.portraits}.items():
            if model is not None and not (model.startswith(API_PREFIX) and model.removeprefix(API_PREFIX).strip()):
                example = "gpt-4o-mini" if option == "--writer" else "gpt-image-1"
                raise UserError(f"{option} {model}: add the model's name at the API, e.g. openai:{example}")
        check_key(f"--writer {self.model}", self.base_url, "--base-url", dry_run=self.dry_run)
        check_language(self.language)
        try:
            return parse_budget(self.budget, self.price)
        except ValueError as error:
            raise UserError(f"--budget {self.budget!r} --price {self.price!r}: {error}") from None

    @contextmanager
    def writer(self, out: Path, seed: int, say: Callable[[str], None]) -> Iterator[Writer | None]:
        """Yield the writer, None for texts from templates; its answers are kept beside the build."""
        budget = self.check()
        if self.model is None:
            yield None
            return
        endpoint = Endpoint(
            model=self.model.removeprefix(API_PREFIX),
            key=os.environ.get("OPENAI_API_KEY") or "none",
            base_url=self.base_url,
            concurrency=self.concurrency,
            batch=self.batch,
        )
        path = answers_path(out)
        if self.dry_run:
            cache = Cache(path if path.exists() else None)
            kind: type[Writer] = Estimator
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            cache, kind = Cache(path), Writer
        try:
            yield kind(
                endpoint,
                cache,
                seed=seed,
                language=self.language,
                budget=budget,
                progress=_reporting(say, budget),
                portraits=self._portraits(out),
            )
        finally:
            cache.close()

    def _portraits(self, out: Path) -> tuple[str, Path] | None:
        return None if self.portraits is None else (self.portraits.removeprefix(API_PREFIX), portraits_path(out))

    def estimate(self, writer: Writer, name: str) -> tuple[dict[str, Any], str]:
        """Return what a dry run counted, as a record and as text."""
        assert isinstance(writer, Estimator)
        usage, budget = writer.usage, self.check()
        limit = budget.exceeded(usage)
        text = (
            f"{name} by {self.model}: about {usage_text(usage, budget)}, if no call fails and no text is rejected; "
            "nothing was sent"
        )
        record = {"dry_run": {**usage._asdict(), "usd": budget.cost(usage)}}
        return record, text + (f"; this exceeds the budget of {limit}" if limit else "")


def portraits_path(out: Path) -> Path:
    """Return the folder beside a build with the portraits that a model drew for it."""
    return out.resolve().with_name(f"{out.resolve().name}.portraits")


def answers_path(out: Path) -> Path:
    """Return the file beside a build that keeps the answers of its writer."""
    return out.resolve().with_name(f"{out.resolve().name}.answers.sqlite")


def _reporting(say: Callable[[str], None], budget: Budget) -> Callable[[Progress], None]:
    last = time.monotonic()

    def report(now: Progress) -> None:
        nonlocal last
        if time.monotonic() - last >= SAY_EVERY:
            last = time.monotonic()
            say(f"{now.done} of {now.total} texts: {usage_text(now.usage, budget)}")

    return report
