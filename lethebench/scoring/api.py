"""Per-row scores of a model behind an API, which returns text alone."""

import logging
import os
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from datasets import Dataset

from lethebench.errors import UserError
from lethebench.evaluation.answers.letters import chosen
from lethebench.evaluation.answers.row_scores import SCORE_COLUMNS, carried, compare, keywords_of, label_names
from lethebench.evaluation.harness.endpoint import Endpoint, EndpointRefused, Reply, ask
from lethebench.scoring.options import EvaluateOptions

SPARE_TOKENS = 32


def api_rows(
    options: EvaluateOptions, rows: Dataset, answers: Path, progress: Callable[[float], None]
) -> tuple[list[dict], dict]:
    """Ask every row and score the answers; those in the file `answers` are not requested again.

    Returns:
        Per-row scores, with the column `error` and None in every score of a failed call; and a record of the calls.

    Raises:
        UserError: the endpoint refuses every call, or every call failed.
    """
    logging.getLogger("httpx2").setLevel(logging.WARNING)
    longest = max(len(text.encode()) for text in rows["answer"])  # a token has at least one byte
    endpoint = Endpoint(
        model=options.api_model or "",
        key=os.environ.get("OPENAI_API_KEY") or "none",
        base_url=options.base_url,
        max_tokens=options.max_new_tokens or longest + SPARE_TOKENS,
        concurrency=options.concurrency,
        timeout=options.timeout,
    )
    try:
        replies = ask(endpoint, rows, answers=answers, progress=progress)
    except EndpointRefused as error:
        raise UserError(f"--model {options.model}: {error}; check OPENAI_API_KEY, --base-url and the name") from None
    failed = [reply for reply in replies if reply.text is None]
    if len(failed) == len(replies):
        raise UserError(f"--model {options.model}: all {len(failed)} calls failed; the first: {failed[0].error}")
    record = {
        "base_url": _without_credentials(options.base_url),
        "calls": sum(reply.tries for reply in replies),
        "from_file": sum(reply.tries == 0 for reply in replies),
        "failed": len(failed),
        "first_error": failed[0].error if failed else None,
        "max_tokens": endpoint.max_tokens,
    }
    names = label_names(rows)
    without_images = rows.remove_columns("images")
    return [_scored(row, names, reply) for row, reply in zip(without_images, replies, strict=True)], record


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


def _without_credentials(url: str | None) -> str | None:
    """Return a base URL without the user, password and query that it may hold."""
    if url is None:
        return None
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))
