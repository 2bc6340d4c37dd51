"""`keep` and `indistinguishable` of one checkpoint in `lethe evaluate`, as of a run with one stage."""

from collections.abc import Mapping
from typing import Any

from lethebench.evaluation.metrics.measures import Cell, Evidence, Measured, cell
from lethebench.evaluation.metrics.rows import Row, Rows
from lethebench.evaluation.metrics.run_scores import Run, run_scores
from lethebench.evaluation.metrics.tables import ModelRows

HELD_OUT = "test"
UNUSED = ("holdout", "train")


def keep(evidence: Evidence) -> Measured:
    """Utility on rows that no model was trained on, relative to the lower one of the initial and the gold model."""
    scores = _scores(evidence, "keep")
    kept = [row for row in evidence.rows if row["role"] != "forget" and row["split"] in (HELD_OUT, "neighbour")]
    cells = _cells(scores, ("keep", "keep_worst"), len(kept))
    return Measured(cells, [flag for flag in scores["flags"] if flag == "collapsed"])


def indistinguishable(evidence: Evidence) -> Measured:
    """Closeness to the gold model of the asked facts, for the attacker that sees most, and for each."""
    scores = _scores(evidence, "indistinguishable")
    ranked = [row for row in evidence.rows if row["split"] == "forget" and row["rank"] is not None]
    cells = _cells(scores, ("indistinguishable",), len(ranked))
    attackers = {name: value for name, value in scores["parts"].items() if name.startswith("attacker_")}
    return Measured(cells | {name: cell(value, len(ranked)) for name, value in attackers.items()}, [])


def _cells(scores: Mapping[str, Any], names: tuple[str, ...], count: int) -> dict[str, Cell | None]:
    """Return parts of the score with the interval of those that have one."""
    intervals = {name: scores["intervals"].get(name, (None, None)) for name in names}
    return {name: cell(scores[name], count, intervals[name]) for name in names if scores[name] is not None}


def _scores(evidence: Evidence, part: str) -> dict[str, Any]:
    """Return `run_scores` of the initial model and the checkpoint; raise ValueError where a part is not measured."""
    if evidence.gold is None:
        raise ValueError("it compares with a retrained model: give --gold")
    if evidence.before is None:
        raise ValueError("it compares with the model before unlearning: give --before")
    if not any(row["split"] == "forget" for row in evidence.rows):
        raise ValueError("no rows of forget")
    stages = [_model(rows) for rows in (evidence.before, evidence.rows)]
    scores = run_scores(Run(stages, {1: [_model(evidence.gold)]}, [0]))
    if part in scores["reasons"]:
        raise ValueError(scores["reasons"][part])
    return scores


def _model(rows: Rows) -> ModelRows:
    """Return a model's rows, every asked task as task 0 of a run and the others as later tasks."""
    used = [_as_one_request(row) for row in rows if row["split"] not in UNUSED]
    return ModelRows(*([row for row in used if (row["split"] == HELD_OUT) is kind] for kind in (False, True)))


def _as_one_request(row: Row) -> dict[str, Any]:
    if row["role"] == "forget":
        return {**row, "task_id": 0}
    return {**row, "task_id": row["task_id"] + 1} if row["task_id"] >= 0 else dict(row)
