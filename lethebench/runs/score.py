"""Scores a stage's model, whatever the method made: weights, a new chat template, or adapters behind a gate."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from datasets import Dataset

from lethebench.baselines.loading import Loaded
from lethebench.console import Tick
from lethebench.evaluation.answers.rows import PreparedRows, evaluate_rows
from lethebench.evaluation.answers.vllm_engine import Texts

Candidates = Mapping[str, Sequence[str]]
CANDIDATES_PER_ROW = 20
"""Assumed work for the candidates of a row, in rows without any; only the progress bar depends on it."""


@dataclass(frozen=True)
class ScoredPart:
    """Rows that every stage is scored on, and the candidates that exposure ranks over."""

    rows: Dataset
    candidates: Candidates

    @property
    def work(self) -> int:
        """The work of scoring, in rows without candidates."""
        return len(self.rows) * (CANDIDATES_PER_ROW if self.candidates else 1)

    @property
    def answers(self) -> int:
        """The number of candidates, which dominates the memory of prepared rows."""
        return sum(len(self.candidates.get(attribute, ())) for attribute in self.rows["attribute"])


def score_stage(
    loaded: Loaded,
    part: ScoredPart,
    prepare: Callable[[], Iterable[PreparedRows]],
    progress: Callable[[float], None],
    *,
    max_new_tokens: int | None = None,
    bound_candidates: bool = False,
    texts: Mapping[str, Texts] | None = None,
) -> list[dict[str, Any]]:
    """Score the rows with a stage's model.

    A model behind a gate scores each row by the adapter that the gate selects from question and pictures; its rows get
    a column `routed_to`: the task, or -1 for the initial model.

    Args:
        loaded: The stage's model and processor.
        part: The rows to score, and their candidates.
        prepare: Returns the rows prepared for the stage's processor, in batches.
        progress: Called with the share of the work done, in 0..1.
        max_new_tokens: Maximum length of a generated answer; None = by the length of the rows' answers.
        bound_candidates, texts: As of `evaluate_rows`.
    """
    options: dict[str, Any] = {"max_new_tokens": max_new_tokens, "bound_candidates": bound_candidates, "texts": texts}
    if not loaded.is_routed:
        rows: list[dict[str, Any]] = []
        for batch in prepare():

            def report(share: float, before: int = len(rows), size: int = len(batch)) -> None:
                progress((before + share * size) / len(part.rows))

            rows += evaluate_rows(loaded.model, loaded.processor, batch, progress=report, **options)
        return rows
    scored: dict[int, dict[str, Any]] = {}
    for adapter in loaded.parts(part.rows):
        rows = part.rows.select(adapter.indices)
        scores = evaluate_rows(adapter.model, loaded.processor, rows, candidates=part.candidates, **options)
        scored |= {index: row | adapter.columns for index, row in zip(adapter.indices, scores, strict=True)}
        progress(len(scored) / len(part.rows))
    return [scored[index] for index in range(len(part.rows))]


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


def share_of(tick: Tick, start: float, size: float) -> Callable[[float], None]:
    """Return a callback for the progress, in 0..1, of a part of the work."""
    return lambda part: tick(round(1000 * (start + part * size)), 1000)
