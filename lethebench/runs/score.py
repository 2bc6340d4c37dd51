"""Scores of a stage's model, whatever a method made of it: weights, a new chat template, or adapters behind a gate."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from lethebench.baselines.loading import Loaded
from lethebench.console import Tick
from lethebench.evaluation.answers.rows import evaluate_rows, prepare_rows

if TYPE_CHECKING:
    from lethebench.runs.stage import Run


def score_stage(run: "Run", loaded: Loaded, tick: Tick) -> list[dict]:
    """Scores every row of the run.

    Rows that are prepared once serve every stage with the run's processor. After `prompt` the chat template is another
    one, and the rows of a LUMoE are scored by the adapter that its gate chooses from question and pictures; those get a
    column `routed_to`: the task, or -1 for the learnt model.

    Args:
        run: whose rows are scored.
        loaded: the stage's model and processor.
        tick: told how far it is.
    """
    if loaded.is_routed:
        return _routed(run, loaded, tick)
    same = loaded.processor.chat_template == run.encoder.processor.chat_template
    rows = run.prepared if same else prepare_rows(loaded.processor, run.scored, candidates=run.build.candidates)
    return evaluate_rows(loaded.model, loaded.processor, rows, progress=_told(tick, 0.0, 1.0))


def _routed(run: "Run", loaded: Loaded, tick: Tick) -> list[dict]:
    rows, scores = run.scored, {}
    for part in loaded.parts(rows):
        part_scores = evaluate_rows(
            part.model,
            loaded.processor,
            rows.select(part.indices),
            candidates=run.build.candidates,
            progress=_told(tick, len(scores) / len(rows), len(part.indices) / len(rows)),
        )
        scores |= {index: row | part.columns for index, row in zip(part.indices, part_scores, strict=True)}
    return [scores[index] for index in range(len(rows))]


def routing(rows: Sequence[Mapping[str, Any]], asked: Sequence[int]) -> dict[str, float]:
    """How often a LUMoE's gate was right.

    Args:
        rows: scored rows with `routed_to`.
        asked: the tasks that were asked to be forgotten so far.

    Returns:
        Shares in 0 .. 1: `forget`, of rows of those tasks that went to their task's adapter; `keep`, of all other rows
        that went to the learnt model; nothing where the rows were not routed.
    """
    asked = set(asked)
    forget = [row["routed_to"] == row["task_id"] for row in rows if "routed_to" in row and row["task_id"] in asked]
    keep = [row["routed_to"] == -1 for row in rows if "routed_to" in row and row["task_id"] not in asked]
    parts = {"forget": forget, "keep": keep}
    return {name: sum(hits) / len(hits) for name, hits in parts.items() if hits}


def _told(tick: Tick, start: float, share: float):
    return lambda part: tick(round(1000 * (start + part * share)), 1000)
