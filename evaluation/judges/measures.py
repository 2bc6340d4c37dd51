"""The judges' metrics of `lethe evaluate`, as `metrics.measures`: from verdicts in rows to aggregates."""

from lethebench.evaluation.judges.rubrics import RUBRICS
from lethebench.evaluation.judges.summary import verdict_summary
from lethebench.evaluation.metrics.measures import Cell, Evidence, Measured, cell, of_split, splits_of
from lethebench.evaluation.metrics.row_measures import fluency as language_shares
from lethebench.evaluation.metrics.rows import column, having


def rejection(evidence: Evidence) -> Measured:
    """How clearly the answers of every set decline, in [0, 1]."""
    return _judged("rejection", evidence)


def correctness(evidence: Evidence) -> Measured:
    """How far the answers of every set state the fact, in [0, 1]."""
    return _judged("correctness", evidence)


def factuality(evidence: Evidence) -> Measured:
    """How far the facts of the answers of every set agree with the truth, from 1 to 10."""
    return _judged("factuality", evidence)


def fluency(evidence: Evidence) -> Measured:
    """Share of answers of every set that are language and, by judges, how fluent they are, from 1 to 10."""
    measured = language_shares(evidence)
    if any(row.get("fluency") is not None for row in evidence.rows):
        return Measured(measured.cells | _judged("fluency", evidence).cells, measured.flags)
    return measured


def _judged(name: str, evidence: Evidence) -> Measured:
    cells: dict[str, Cell | None] = {}
    for split in splits_of(evidence.rows):
        rows = of_split(evidence.rows, split)
        if judged := having(rows, name):
            result = verdict_summary(name, column(judged, name), profile_ids=column(judged, "profile_id"))
            cells[f"{split}/{name}"] = cell(result[name], result["n"], (result["ci_low"], result["ci_high"]))
    if not cells:
        raise ValueError(f"no row has a verdict by {RUBRICS[name].name}: pass --judge")
    return Measured(cells, [])
