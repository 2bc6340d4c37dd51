"""Every score of an unlearning run from the answers of its stages and of gold models."""

from collections.abc import Hashable, Sequence
from typing import Any

import numpy as np

from lethebench.evaluation.metrics.rows import (
    column,
    gold_knowledge_of,
    having,
    mean,
    not_measured,
    of_tasks,
    stability_of,
)
from lethebench.evaluation.metrics.run_rows import MissingStage, read_run
from lethebench.evaluation.metrics.run_scores import nothing, run_scores
from lethebench.evaluation.metrics.score import PARTS
from lethebench.evaluation.metrics.truth_ratio import forget_quality


def unlearning_summary(
    predictions: Sequence[str],
    references: Sequence[str],
    *,
    keywords: Sequence[Sequence[str]] | None = None,
    probability: Sequence[float | None] | None = None,
    truth_ratio: Sequence[float | None] | None = None,
    candidates: Sequence[Sequence[float] | np.ndarray | None] | None = None,
    truth_index: Sequence[int | None] | None = None,
    role: Sequence[str] | None = None,
    task_id: Sequence[int] | None = None,
    modality: Sequence[str] | None = None,
    profile_id: Sequence[Hashable] | None = None,
    held_out: Sequence[bool | int] | None = None,
    stage: Sequence[int] | None = None,
    model: Sequence[str] | None = None,
    gold_seed: Sequence[int] | None = None,
    seed: int = 0,
) -> dict:
    """Return every score of an unlearning run from its rows, each an answer of one model to one question.

    One list holds the rows of the method at all stages and those of the gold models; each model answers the same
    questions in the same order. Stage 0 is before unlearning, task k (counted from 0) is unlearned at stage k + 1; the
    gold model of a stage was retrained without the tasks asked up to it.

    Each input has one value per row.

    Args:
        predictions: generated texts.
        references: answers, in the same order.
        keywords: the parts of the answer that carry the fact; default: the answer.
        probability: length-normalized probability of the answer, in 0..1.
        truth_ratio: R > 0, or None for rows without one.
        candidates: log-probabilities of all values of the row's attribute; None where it has none.
        truth_index: which candidate is true, 0 for the first.
        role: forget, retain, neighbour or general; default: forget where task_id is 0 or more, else retain.
        task_id: the row's task from 0, -1 = never asked to be forgotten; default: 0 for the role forget.
        modality: image_text or text; default: text.
        profile_id: whose row it is; default: each row by itself.
        held_out: whether the question, a new wording or picture, was never trained on; default: it was.
        stage: after which stage the row was answered, 0 = before unlearning; default: the last one.
        model: method or gold; default: method.
        gold_seed: which of several gold models of a stage; default: 0.
        seed: of the bootstrap intervals.

    Returns:
        score: in 0..1, higher is better: harmonic mean of forget, forget_worst, indistinguishable, keep and keep_worst,
            times fluent; None where one of them is missing.
        score_last: the same of the last stage alone.
        forget: how much of the asked facts is gone, from 0, as before, to 1, as in gold; mean over profiles and stages,
            of the modality where it is lower.
        indistinguishable: closeness to gold of the asked facts for the strongest of three attackers, in 0..1, higher is
            better.
        keep: utility on held-out, neighbour and general rows as a share of the lower one of the initial and the gold
            model, in 0..1, higher is better.
        forget_worst: that of the worst tenth of the profiles at their worst stage.
        keep_worst: that of the worst group at its worst stage: a task that is not yet asked, the retained profiles,
            neighbors, or general tasks.
        fluent: share of answers on kept rows that are language, relative to the initial model, in 0..1.
        stability: mean over stages of min(forget, keep), in 0..1, higher is better; its parts are those of
            `continual_summary`.
        exposure, exposure_gold, exposure_excess: mean bits of the asked facts after the last stage, of gold, and the
            difference; about 0 is best.
        parts: the values of which the lowest is taken.
        series: values by stage, from 1.
        worst_profile: the profile with the lowest forget and keep, and its value.
        gold_spread: how far gold models of several seeds differ; a smaller gap is none.
        gold_seeds: number of gold models of a stage.
        intervals: bootstrap 95 % intervals over profiles.
        reasons: part -> why it is None.
        assumes: where a gold model stands for that of another stage.
        flags: among collapsed, fluency_lost, one_gold_seed, no_gold, not_measured; none is best.

    Raises:
        ValueError: empty or unequal inputs, an invalid value, role, task or stage, a true value that is not among its
            candidates, or models with other questions; each names the row.
    """
    columns: dict[str, Any] = {
        "keywords": keywords,
        "probability": probability,
        "truth_ratio": truth_ratio,
        "candidates": candidates,
        "truth_index": truth_index,
        "role": role,
        "task_id": task_id,
        "modality": modality,
        "profile_id": profile_id,
        "held_out": held_out,
        "stage": stage,
        "model": model,
        "gold_seed": gold_seed,
    }
    try:
        run = read_run(predictions, references, columns)
    except MissingStage as error:
        return nothing(dict.fromkeys(PARTS, str(error)))
    scores = run_scores(run, seed=seed)
    gold_rows = {number: [model.rows for model in models] for number, models in run.gold.items()}
    knowledge = gold_knowledge_of(gold_rows, run.order)
    stability = not_measured(stability_of, [model.rows for model in run.stages], scores, knowledge, run.order)
    after = of_tasks(run.stages[-1].rows, run.order)
    gold = [row for rows in gold_rows.get(len(run.order), []) for row in of_tasks(rows, run.order)]
    bits, gold_bits = mean(after, "exposure"), mean(gold, "exposure")
    results = {
        **scores,
        "stability": stability.get("stability"),
        **{name: value for name, value in stability.items() if name not in ("flags", "reasons")},
        "exposure": bits,
        "exposure_gold": gold_bits,
        "exposure_excess": None if bits is None or gold_bits is None else bits - gold_bits,
    }
    ratios, gold_ratios = (column(having(rows, "truth_ratio"), "truth_ratio") for rows in (after, gold))
    if ratios and gold_ratios:
        results |= forget_quality(ratios, gold_ratios)
    return results | {
        "reasons": scores["reasons"] | ({"stability": stability["reasons"][0]} if "reasons" in stability else {}),
        "flags": list(dict.fromkeys([*scores["flags"], *stability.get("flags", [])])),
    }
