"""Stages of a run whose model is behind an API (`--checkpoints t=openai:NAME`): answers without probabilities."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from lethebench.errors import UserError
from lethebench.runs.budget import Sample
from lethebench.runs.score import ScoredPart
from lethebench.scoring.api import api_rows
from lethebench.scoring.options import EvaluateOptions

ANSWERS_FILE = "answers.sqlite"


def options_of(path: str) -> EvaluateOptions:
    """Return the options by which `openai:NAME` is asked; the URL is that of OPENAI_BASE_URL."""
    return EvaluateOptions(target=Path(), model=path, base_url=os.environ.get("OPENAI_BASE_URL") or None)


def score_by_api(
    path: str,
    parts: Mapping[str, ScoredPart],
    sample: Sample | None,
    answers: Path,
    *,
    progress: Callable[[float], None],
    say: Callable[[str], None],
) -> tuple[dict[str, list[dict[str, Any]]], dict[str, Any]]:
    """Ask a model behind an API the questions of a stage.

    Args:
        path: `openai:NAME`.
        parts: File of the stage -> its rows.
        sample: The rows of the stage; None = all.
        answers: Keeps the answers, so that a stage that was stopped asks no question twice.
        progress: Called with the share of the work done, in 0..1.
        say: Called with lines about tokens so far.

    Returns:
        File -> scored rows, None in every score that needs probabilities; and what the calls took.

    Raises:
        UserError: A call failed.
    """
    options = options_of(path)
    scores: dict[str, list[dict[str, Any]]] = {}
    calls, done = {"calls": 0, "input_tokens": 0, "output_tokens": 0}, 0
    rows_of = {name: part.rows.select(sample.rows[name]) if sample else part.rows for name, part in parts.items()}
    total = sum(map(len, rows_of.values()))
    for name, rows in rows_of.items():
        if not len(rows):
            scores[name] = []
            continue

        def tick(share: float, before: int = done, size: int = len(rows)) -> None:
            progress((before + share * size) / total)

        scores[name], record = api_rows(options, rows, answers, tick, say)
        if record["failed"]:
            raise UserError(
                f"{path}: {record['failed']} of {len(rows)} calls failed; the first: {record['first_error']}; resume "
                "the run to ask them again"
            )
        calls = {"calls": calls["calls"] + record["calls"]} | {
            key: record[key] for key in ("input_tokens", "output_tokens")
        }
        done += len(rows)
    return scores, calls
