"""Forget, utility, stability, exposure and their harmonic mean, from the answers of every stage of a run."""

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import numpy as np

from lethebench.evaluation.metrics.exposure import exposure_rank
from lethebench.evaluation.metrics.exposure_summary import exposure_summary
from lethebench.evaluation.metrics.rows import (
    Row,
    column,
    forget_of,
    group_knowledge,
    never_forgotten,
    not_measured,
    stability_of,
    utility_by_stage,
)
from lethebench.evaluation.metrics.run_rows import Stages, knowledge_of, sort_stages
from lethebench.evaluation.metrics.score import unlearning_score
from lethebench.evaluation.metrics.text import rouge_l_recall
from lethebench.evaluation.metrics.truth_ratio import forget_quality
from lethebench.evaluation.metrics.validation import same_length, shares

GATHERED = ("flags", "reasons", "n", "ci_low", "ci_high", "not_measured", "undefined")
"""Result names that several parts have; they are gathered over the parts."""


def unlearning_summary(
    predictions: Sequence[str],
    references: Sequence[str],
    *,
    before_text: Sequence[str] | None = None,
    gold_text: Sequence[str] | None = None,
    keywords: Sequence[Sequence[str]] | None = None,
    probability: Sequence[float] | None = None,
    truth_ratio: Sequence[float | None] | None = None,
    gold_truth_ratio: Sequence[float | None] | None = None,
    candidates: Sequence[Sequence[float] | np.ndarray | None] | None = None,
    gold_candidates: Sequence[Sequence[float] | np.ndarray | None] | None = None,
    truth_index: Sequence[int | None] | None = None,
    role: Sequence[str] | None = None,
    task_id: Sequence[int] | None = None,
    stage: Sequence[int] | None = None,
    profile_id: Sequence[Hashable] | None = None,
    seed: int = 0,
) -> dict:
    """Return every score of an unlearning run from its rows, each an answer to one question after one stage.

    One list holds the rows of all stages; each stage holds the same questions in the same order. Stage 0 is before
    unlearning, task k (counted from 0) is unlearned at stage k + 1.

    Args:
        predictions, references: shape (n,), generated texts and answers.
        before_text: shape (n,), answers before unlearning; read where no row is of stage 0.
        gold_text: shape (n,), answers of the gold (retrained) model; read on the last stage, as all `gold_`.
        keywords: shape (n,), per row the parts of the answer that carry the fact; default: the answer.
        probability: shape (n,), length-normalized probability of the answer, in [0, 1].
        truth_ratio, gold_truth_ratio: shape (n,), R, or None for rows without one.
        candidates, gold_candidates: shape (n,), per row the log-probabilities of all values of its attribute; None or
            empty where it has none.
        truth_index: shape (n,), index of the true candidate.
        role, task_id, stage, profile_id: shape (n,), of `sort_stages`; profiles are what intervals resample.
        seed: of the intervals.

    Returns:
        `forget`, `utility`, `stability`, `exposure` and `score` of `unlearning_score` (each None where it could not be
        measured), the parts of each under the names that `forget_score`, `forget_quality`, `model_utility`,
        `continual_summary` and `exposure_summary` give them, `exposure_closeness`; `flags`; `missing` (parts of the
        score that are None), `reasons` (why, in words), `not_measured`, `undefined`; `n` (rows that entered, per score)
        and `intervals` (95 % bootstrap, per score).

    Raises:
        ValueError: as `sort_stages`, a column of another length, or an invalid value, with the row.
    """
    same_length("predictions", predictions, len(references))
    stages = sort_stages(references, role=role, task_id=task_id, stage=stage, profile_id=profile_id)
    columns: dict[str, Any] = {
        "before_text": before_text,
        "gold_text": gold_text,
        "keywords": keywords,
        "probability": probability,
        "truth_ratio": truth_ratio,
        "gold_truth_ratio": gold_truth_ratio,
        "candidates": candidates,
        "gold_candidates": gold_candidates,
        "truth_index": truth_index,
        "profile_id": profile_id,
    }
    for name, values in columns.items():
        if values is not None:
            same_length(name, values, len(references))
    if probability is not None:
        shares(probability, "probability")
    for name, ratios in (("truth_ratio", truth_ratio), ("gold_truth_ratio", gold_truth_ratio)):
        for row, value in enumerate(() if ratios is None else ratios):
            if value is not None and not 0 < value < float("inf"):
                raise ValueError(f"{name}[{row}] is {value}: it must be a finite number above 0, or None")
    rows = _rows_by_stage(stages, predictions, references, columns)
    gold = None
    if gold_text is not None:
        gold = _scored(stages, stages.last, gold_text, references, columns)
    parts = {"forget": not_measured(_forget, stages, rows, gold, seed)}
    utilities = not_measured(_utilities, stages, rows, seed)
    parts["utility"] = utilities if "reasons" in utilities else utilities[stages.last]
    parts["stability"] = not_measured(stability_of, rows, utilities, range(stages.last))
    parts["exposure"] = _exposure(stages, columns, seed)
    forget, utility, stability, exposure = parts.values()
    overall = unlearning_score(
        forget.get("forget"),
        utility.get("utility"),
        stability.get("stability"),
        exposure.get("exposure_normalised"),
        exposure.get("exposure_normalised_gold"),
        utility_relative=utility.get("utility_relative"),
        flags=[flag for part in parts.values() for flag in part.get("flags", [])],
    )
    results: dict = dict.fromkeys(("score", *parts))
    for part in parts.values():
        results |= {name: value for name, value in part.items() if name not in GATHERED}
    return results | {
        **overall,
        "reasons": [reason for part in parts.values() for reason in part.get("reasons", [])],
        "not_measured": utility.get("not_measured", []),
        "undefined": stability.get("undefined", []),
        "n": {name: part["n"] for name, part in parts.items() if "n" in part},
        "intervals": {name: [part["ci_low"], part["ci_high"]] for name, part in parts.items() if "ci_low" in part},
    }


def _scored(
    stages: Stages, stage: int, texts: Sequence[str], references: Sequence[str], columns: Mapping[str, Any]
) -> list[dict]:
    """Return the scored rows of a stage, `id` being the position of the question."""
    indices = stages.rows[stage]
    knowledge = knowledge_of(texts, references, columns["keywords"], indices=indices)
    values = {name: _values(columns[name], indices) for name in ("probability", "truth_ratio", "gold_truth_ratio")}
    profiles = columns["profile_id"]
    return [
        {
            "id": position,
            "profile_id": position if profiles is None else profiles[index],
            "task_id": stages.task[index],
            "role": stages.role[index],
            "keyword_match": knowledge[position],
            "rouge_l_recall": rouge_l_recall(texts[index], references[index]),
            **{name: cells[position] for name, cells in values.items()},
        }
        for position, index in enumerate(indices)
    ]


def _values(values: Sequence | None, indices: Sequence[int]) -> list:
    return [None if values is None else values[index] for index in indices]


def _rows_by_stage(
    stages: Stages, texts: Sequence[str], references: Sequence[str], columns: Mapping[str, Any]
) -> dict[int, list[dict]]:
    """Return stage -> scored rows; `before_text` stands for stage 0 where no row is of that stage."""
    rows = {stage: _scored(stages, stage, texts, references, columns) for stage in stages.rows}
    if 0 not in rows and columns["before_text"] is not None:
        before = _scored(stages, stages.last, columns["before_text"], references, columns)
        rows[0] = [{**row, "probability": None, "truth_ratio": None} for row in before]
    return rows


def _forget(stages: Stages, rows: Mapping[int, list[dict]], gold: list[dict] | None, seed: int) -> dict:
    if 0 not in rows:
        raise ValueError("forget needs the answers before unlearning: give before_text, or rows of stage 0")
    after = [row for row in rows[stages.last] if row["task_id"] >= 0]
    result = forget_of(after, rows[0], gold, seed=seed)
    ratios, gold_ratios = (
        [value for value in column(after, name) if value is not None] for name in ("truth_ratio", "gold_truth_ratio")
    )
    return result | (forget_quality(ratios, gold_ratios) if ratios and gold_ratios else {})


def _utilities(stages: Stages, rows: Mapping[int, list[dict]], seed: int) -> dict[int, dict]:
    """Return stage -> utility; that of stage 0 only where it has the components of the last stage."""
    retained: dict[int, list[Row]] = {stage: never_forgotten(members) for stage, members in rows.items()}
    if not retained[stages.last]:
        raise ValueError("utility needs rows of the roles retain, neighbour or general")
    knowledge = group_knowledge(retained[0]) if 0 in retained else None
    if 0 not in stages.rows and any(
        row[name] is not None for row in retained[stages.last] for name in ("probability", "truth_ratio")
    ):
        retained.pop(0, None)
    return utility_by_stage(retained, knowledge, seed=seed)


def _exposure(stages: Stages, columns: Mapping[str, Any], seed: int) -> dict:
    """Return `exposure_summary` of the last stage's forget rows, or why there is none."""
    candidates, gold, truths = (columns[name] for name in ("candidates", "gold_candidates", "truth_index"))
    if candidates is None or truths is None:
        return {"flags": ["not_measured"], "reasons": ["exposure needs candidates and truth_index"]}
    indices = [
        index
        for index in stages.rows[stages.last]
        if stages.task[index] >= 0 and candidates[index] is not None and len(candidates[index])
    ]
    if not indices:
        return {"flags": ["not_measured"], "reasons": ["exposure needs candidates on rows of the forget set"]}
    for index in indices:
        if truths[index] is None:
            raise ValueError(f"truth_index[{index}] is None: it must name the true one of the row's candidates")
        for name, logprobs in (("candidates", candidates), ("gold_candidates", gold)):
            if logprobs is None:
                continue
            if logprobs[index] is None or len(logprobs[index]) != len(candidates[index]):
                count = len(candidates[index])
                raise ValueError(f"row {index}: {name} must have {count} values, as candidates has")
            try:
                exposure_rank(logprobs[index], truths[index])
            except ValueError as error:
                raise ValueError(f"row {index} of {name}: {error}") from error
    profiles = columns["profile_id"]
    return exposure_summary(
        [candidates[index] for index in indices],
        [truths[index] for index in indices],
        gold=None if gold is None else [gold[index] for index in indices],
        profile_ids=None if profiles is None else [profiles[index] for index in indices],
        seed=seed,
    )
