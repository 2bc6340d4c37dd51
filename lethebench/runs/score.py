"""Scores a stage's model, whatever the method made: weights, a new chat template, or adapters behind a gate."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from datasets import Dataset

from lethebench.baselines.loading import Loaded
from lethebench.console import Tick
from lethebench.evaluation.answers.rows import PreparedRows, evaluate_rows

Candidates = Mapping[str, Sequence[str]]


def score_stage(
    loaded: Loaded, rows: Dataset, prepare: Callable[[], PreparedRows], candidates: Candidates, tick: Tick
) -> list[dict[str, Any]]:
    """Score the rows with a stage's model.

    A model behind a gate scores each row by the adapter that the gate selects from question and pictures; its rows get
    a column `routed_to`: the task, or -1 for the initial model.

    Args:
        loaded: The stage's model and processor.
        rows: The rows to score.
        prepare: Returns the rows prepared for the stage's processor.
        candidates: Attribute -> all its values, for exposure.
        tick: Called with (done, total).
    """
    if not loaded.is_routed:
        return evaluate_rows(loaded.model, loaded.processor, prepare(), progress=_share(tick, 0.0, 1.0))
    scored: dict[int, dict[str, Any]] = {}
    for part in loaded.parts(rows):
        scores = evaluate_rows(
            part.model,
            loaded.processor,
            rows.select(part.indices),
            candidates=candidates,
            progress=_share(tick, len(scored) / len(rows), len(part.indices) / len(rows)),
        )
        scored |= {index: row | part.columns for index, row in zip(part.indices, scores, strict=True)}
    return [scored[index] for index in range(len(rows))]


def routing(rows: Sequence[Mapping[str, Any]], requested: Sequence[int]) -> dict[str, float]:
    """Return how often a LUMoE's gate was right.

    Args:
        rows: Scored rows with `routed_to`.
        requested: The tasks requested to be forgotten so far.

    Returns:
        Shares in 0..1: `forget`, of rows of those tasks that went to their task's adapter; `keep`, of all other rows
        that went to the initial model. Empty if the rows were not routed.
    """
    tasks = set(requested)
    routed = [row for row in rows if "routed_to" in row]
    parts = {
        "forget": [row["routed_to"] == row["task_id"] for row in routed if row["task_id"] in tasks],
        "keep": [row["routed_to"] == -1 for row in routed if row["task_id"] not in tasks],
    }
    return {name: sum(hits) / len(hits) for name, hits in parts.items() if hits}


def _share(tick: Tick, start: float, size: float) -> Callable[[float], None]:
    """Return a callback for the progress, in 0..1, of a part of the work."""
    return lambda part: tick(round(1000 * (start + part * size)), 1000)
