"""From the rows of every stage of a run to forget, utility, stability, exposure and the one number."""

from collections.abc import Callable, Hashable, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from lethebench.evaluation.metrics.exposure import exposure_rank
from lethebench.evaluation.metrics.exposure_summary import exposure_summary
from lethebench.evaluation.metrics.forget import forget_score
from lethebench.evaluation.metrics.run_rows import Stages, knowledge_of, sort_stages
from lethebench.evaluation.metrics.score import unlearning_score
from lethebench.evaluation.metrics.stability import continual_summary
from lethebench.evaluation.metrics.text import rouge_l_recall
from lethebench.evaluation.metrics.truth_ratio import forget_quality
from lethebench.evaluation.metrics.utility import KNOWN, model_utility
from lethebench.evaluation.metrics.validation import same_length, shares

OWN = ("flags", "n", "ci_low", "ci_high", "not_measured", "undefined")
"""Keys that several parts have: they are gathered under their own."""


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
    candidates: Sequence[ArrayLike | None] | None = None,
    gold_candidates: Sequence[ArrayLike | None] | None = None,
    truth_index: Sequence[int | None] | None = None,
    role: Sequence[str] | None = None,
    task_id: Sequence[int] | None = None,
    stage: Sequence[int] | None = None,
    profile_id: Sequence[Hashable] | None = None,
    seed: int = 0,
) -> dict:
    """Every score of an unlearning run from its rows, each an answer to one question after one stage.

    Rows of several stages stand in one list; each stage holds the same questions in the same order. Stage 0 is before
    unlearning, task k (counted from 0) is unlearned at stage k + 1.

    Args:
        predictions, references: shape (n,), generated texts and answers.
        before_text: shape (n,), what the model said before unlearning; read where no row is of stage 0.
        gold_text: shape (n,), what the gold (retrained) model says; read on the last stage, as all `gold_`.
        keywords: shape (n,), per row the parts of the answer that carry the fact; default: the answer.
        probability: shape (n,), length-normalised probability of the answer, in [0, 1].
        truth_ratio, gold_truth_ratio: shape (n,), R, or None for rows without one.
        candidates, gold_candidates: shape (n,), per row the log-probabilities of all values of its attribute; None or
            empty where it has none.
        truth_index: shape (n,), which of them is true.
        role, task_id, stage, profile_id: shape (n,), of `sort_stages`; profiles are what intervals resample.
        seed: of the intervals.

    Returns:
        `forget`, `utility`, `stability`, `exposure` and `score` of `unlearning_score` (each None where it could not be
        measured), the parts of each under the names that `forget_score`, `forget_quality`, `model_utility`,
        `continual_summary` and `exposure_summary` give them, `exposure_closeness`; `flags`; `missing` (parts of the
        score that are None), `reasons` (why, in words), `not_measured`, `undefined`; `n` (rows that entered, per score)
        and `intervals` (95 % bootstrap, per score).

    Raises:
        ValueError: as `sort_stages`, a column of another length, or a value that cannot be, with the row.
    """
    same_length("predictions", predictions, len(references))
    stages = sort_stages(references, role=role, task_id=task_id, stage=stage, profile_id=profile_id)
    columns = {
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
    for name in ("truth_ratio", "gold_truth_ratio"):
        for row, value in enumerate(() if columns[name] is None else columns[name]):
            if value is not None and not 0 < value < float("inf"):
                raise ValueError(f"{name}[{row}] is {value}: it must be a finite number above 0, or None")
    run = _Run(stages, list(predictions), references, columns, seed)
    reasons: list[str] = []

    def measured(part: Callable[[], dict]) -> dict:
        try:
            return part()
        except _NotMeasuredError as error:
            reasons.append(str(error))
            return {"flags": ["not_measured"]}

    forget = measured(run.forget)
    utilities = measured(run.utilities)
    utility = utilities.get(stages.last, {"flags": utilities.get("flags", [])})
    continual = measured(lambda: run.stability(utilities))
    exposed = measured(run.exposure)
    parts = {"forget": forget, "utility": utility, "stability": continual, "exposure": exposed}
    flags = [flag for part in parts.values() for flag in part.get("flags", [])]
    overall = unlearning_score(
        forget.get("forget"),
        utility.get("utility"),
        continual.get("stability"),
        exposed.get("exposure_normalised"),
        exposed.get("exposure_normalised_gold"),
        utility_relative=utility.get("utility_relative"),
        flags=flags,
    )
    found: dict = dict.fromkeys(("score", *parts))
    for part in parts.values():
        found |= {name: value for name, value in part.items() if name not in OWN}
    return found | {
        **overall,
        "reasons": reasons,
        "not_measured": utility.get("not_measured", []),
        "undefined": continual.get("undefined", []),
        "n": {name: part["n"] for name, part in parts.items() if "n" in part},
        "intervals": {name: [part["ci_low"], part["ci_high"]] for name, part in parts.items() if "ci_low" in part},
    }


class _NotMeasuredError(Exception):
    """A part that these rows do not give: why."""


class _Run:
    """The rows of a run, and each part of the summary over them."""

    def __init__(
        self, stages: Stages, texts: list[str], references: Sequence[str], columns: dict[str, Any], seed: int
    ) -> None:
        self.stages, self.texts, self.references, self.columns, self.seed = stages, texts, references, columns, seed
        self.knowledge = knowledge_of(texts, references, columns["keywords"])
        if columns["before_text"] is not None:
            self.before = knowledge_of(columns["before_text"], references, columns["keywords"])

    def pick(self, name: str, rows: Sequence[int]) -> list | None:
        """A column's values on some rows; None where it was not given."""
        values = self.columns[name]
        return None if values is None else [values[row] for row in rows]

    def knowledge_before(self, rows: Sequence[int], stage: int) -> list[float] | None:
        """Knowledge at stage 0 of the questions that `rows` of `stage` ask."""
        if 0 in self.stages.rows:
            first = dict(zip(self.stages.rows[stage], self.stages.rows[0], strict=True))
            return [self.knowledge[first[row]] for row in rows]
        return None if self.columns["before_text"] is None else [self.before[row] for row in rows]

    def forget(self) -> dict:
        last = self.stages.last
        rows = self.stages.forgotten(last)
        before = self.knowledge_before(rows, last)
        if before is None:
            raise _NotMeasuredError("forget needs what the model said before: give before_text, or rows of stage 0")
        gold = None
        if self.columns["gold_text"] is not None:
            words = self.pick("keywords", rows)
            gold = knowledge_of(self.pick("gold_text", rows), [self.references[row] for row in rows], words)
        after = [self.knowledge[row] for row in rows]
        try:
            found = forget_score(after, before, gold, profile_ids=self.pick("profile_id", rows), seed=self.seed)
        except ValueError as error:
            raise _NotMeasuredError(str(error)) from error
        ratios = [self.pick(name, rows) for name in ("truth_ratio", "gold_truth_ratio")]
        ours, theirs = ([] if some is None else [value for value in some if value is not None] for some in ratios)
        return found | (forget_quality(ours, theirs) if ours and theirs else {})

    def utilities(self) -> dict[int, dict]:
        """Stage -> utility over the rows that are never asked to be forgotten."""
        last = self.stages.last
        kept = self.stages.kept(last)
        if not kept:
            raise _NotMeasuredError("utility needs rows of the roles retain, neighbour or general")
        before = self.knowledge_before(kept, last)
        known = None
        if before is not None:
            roles = [self.stages.role[row] for row in kept]
            known = {
                role: float(np.mean([value for value, own in zip(before, roles, strict=True) if own == role]))
                for role in set(roles)
            }
        if known is not None and max(known.values()) < KNOWN:
            raise _NotMeasuredError(
                f"utility needs a group that was known before: keyword match is below {KNOWN} in all"
            )
        found: dict[int, dict] = {}
        textual = self.columns["probability"] is None and self.columns["truth_ratio"] is None
        if 0 not in self.stages.rows and before is not None and textual:
            found[0] = self._utility(kept, self.columns["before_text"], known, None)
        for stage in self.stages.rows:
            start = found[0]["utility"] if 0 in found else None
            found[stage] = self._utility(self.stages.kept(stage), self.texts, known, start or None)
        return found

    def _utility(self, rows: Sequence[int], texts: Sequence[str], known: dict | None, before: float | None) -> dict:
        return model_utility(
            self.pick("probability", rows),
            [rouge_l_recall(texts[row], self.references[row]) for row in rows],
            self.pick("truth_ratio", rows),
            groups=[self.stages.role[row] for row in rows],
            known=known,
            before=before,
            profile_ids=self.pick("profile_id", rows),
            seed=self.seed,
        )

    def stability(self, utilities: dict) -> dict:
        matrix, tasks = [], range(self.stages.last)
        for stage in range(self.stages.last + 1):
            at = stage if stage in self.stages.rows else self.stages.last
            rows = self.stages.forgotten(at)
            values = [self.knowledge[row] for row in rows] if at == stage else None
            if stage == 0 and values is None:
                values = self.knowledge_before(rows, at)
            if values is None or stage not in utilities:
                raise _NotMeasuredError(
                    f"stability needs rows of every stage 0 .. {self.stages.last}: give those of {stage}"
                )
            owners = np.array([self.stages.task[row] for row in rows])
            matrix.append([float(np.array(values)[owners == task].mean()) for task in tasks])
        try:
            return continual_summary(matrix, [utilities[stage]["utility"] for stage in range(self.stages.last + 1)])
        except ValueError as error:
            raise _NotMeasuredError(str(error)) from error

    def exposure(self) -> dict:
        ours, gold, truths = (self.columns[name] for name in ("candidates", "gold_candidates", "truth_index"))
        if ours is None or truths is None:
            raise _NotMeasuredError("exposure needs candidates and truth_index")
        rows = [row for row in self.stages.forgotten(self.stages.last) if ours[row] is not None and len(ours[row])]
        if not rows:
            raise _NotMeasuredError("exposure needs candidates on rows of the forget set")
        for row in rows:
            if truths[row] is None:
                raise ValueError(f"truth_index[{row}] is None: it must name the true one of the row's candidates")
            for name, lists in (("candidates", ours), ("gold_candidates", gold)):
                if lists is not None:
                    if lists[row] is None or len(lists[row]) != len(ours[row]):
                        raise ValueError(f"row {row}: {name} must have {len(ours[row])} values, as candidates has")
                    try:
                        exposure_rank(lists[row], truths[row])
                    except ValueError as error:
                        raise ValueError(f"row {row} of {name}: {error}") from error
        return exposure_summary(
            self.pick("candidates", rows),
            self.pick("truth_index", rows),
            gold=self.pick("gold_candidates", rows),
            profile_ids=self.pick("profile_id", rows),
            seed=self.seed,
        )
