"""Per-row scores of a model behind an API, which returns text alone."""

import os
import time
from collections.abc import Callable
from pathlib import Path

from datasets import Dataset

from lethebench.contract.requests.asking import Progress
from lethebench.contract.requests.budget import usage_text
from lethebench.contract.requests.cache import Cache
from lethebench.contract.requests.endpoint import Endpoint, PassStopped, Reply, without_credentials
from lethebench.errors import UserError
from lethebench.evaluation.answers.letters import chosen
from lethebench.evaluation.answers.row_scores import SCORE_COLUMNS, carried, compare, keywords_of, label_names
from lethebench.evaluation.harness.endpoint import ask, estimate
from lethebench.scoring.options import EvaluateOptions

SPARE_TOKENS = 32
SAY_EVERY = 30.0
"""Seconds between two lines that say what a pass took so far."""


def api_rows(
    options: EvaluateOptions,
    rows: Dataset,
    answers: Path,
    progress: Callable[[float], None],
    say: Callable[[str], None] = lambda line: None,
) -> tuple[list[dict], dict]:
    """Ask every row and score the answers; those in the file `answers` are not requested again.

    Returns:
        Per-row scores, with the column `error` and None in every score of a failed call; and a record of the calls.

    Raises:
        UserError: The endpoint refuses every call, the budget is spent, or every call failed.
    """
    endpoint, budget = _endpoint(options), options.limits()
    cache = Cache(answers)
    last_line = time.monotonic()

    def report(now: Progress) -> None:
        nonlocal last_line
        progress(now.done / now.total)
        if time.monotonic() - last_line >= SAY_EVERY:
            last_line = time.monotonic()
            say(f"{now.done} of {now.total} questions: {usage_text(now.usage, budget)}")

    try:
        max_tokens = _max_tokens(options, rows)
        replies = ask(endpoint, rows, max_tokens=max_tokens, answers=cache, budget=budget, progress=report)
        usage = cache.usage()
    except PassStopped as error:
        raise UserError(f"--model {options.model}: {error}") from None
    finally:
        cache.close()
    failed = [reply for reply in replies if reply.text is None]
    if len(failed) == len(replies):
        raise UserError(f"--model {options.model}: all {len(failed)} calls failed; the first: {failed[0].error}")
    record = {
        "base_url": without_credentials(options.base_url),
        "calls": sum(reply.tries for reply in replies),
        "from_file": sum(reply.tries == 0 and reply.text is not None for reply in replies),
        "failed": len(failed),
        "first_error": failed[0].error if failed else None,
        "max_tokens": max_tokens,
        "all_calls": usage.calls,
        "input_tokens": usage.input_tokens,
        "output_tokens": usage.output_tokens,
        "usd": budget.cost(usage),
    }
    names = label_names(rows)
    without_images = rows.remove_columns("images")
    return [_scored(row, names, reply) for row, reply in zip(without_images, replies, strict=True)], record


def dry_run(options: EvaluateOptions, rows: Dataset, answers: Path) -> tuple[dict, str]:
    """Return what asking every row is likely to take, as a record and as text; nothing is sent."""
    cache = Cache(answers if answers.exists() else None)
    try:
        usage = estimate(_endpoint(options), rows, cache, _max_tokens(options, rows))
    finally:
        cache.close()
    budget = options.limits()
    record = {**usage._asdict(), "usd": budget.cost(usage), "questions": len(rows)}
    limit = budget.exceeded(usage)
    text = (
        f"{len(rows)} questions to {options.model}: about {usage_text(usage, budget)}, if every answer has the "
        "maximum length and no call fails; nothing was sent"
    )
    return {"dry_run": record}, text + (f"; this exceeds the budget of {limit}" if limit else "")


def _endpoint(options: EvaluateOptions) -> Endpoint:
    return Endpoint(
        model=options.api_model or "",
        key=os.environ.get("OPENAI_API_KEY") or "none",
        base_url=options.base_url,
        concurrency=options.concurrency,
        timeout=options.timeout,
        batch=options.batch,
    )


def _max_tokens(options: EvaluateOptions, rows: Dataset) -> int:
    longest = max(len(text.encode()) for text in rows["answer"])  # a token has at least one byte
    return options.max_new_tokens or longest + SPARE_TOKENS


def _scored(row: dict, names: dict, reply: Reply) -> dict:
    """Return one row's scores. An answer that names an option by its letter counts as that option's text."""
    scores = carried(row, names) | dict.fromkeys(SCORE_COLUMNS)
    scores |= {"num_candidates": 0, "error": reply.error}
    if reply.text is None:
        return scores
    text = reply.text
    if row["options"]:
        choice = chosen(text, row["options"])
        scores["choice_match"] = float(choice == row["correct"])
        text = text if choice is None else row["options"][choice]
    return scores | compare(text, row["answer"], keywords_of(row)) | {"generated": reply.text}
