"""Let judges judge scored rows: every verdict with its justification, and one figure per row and rubric."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from lethebench.evaluation.judges.agreement import cohen_kappa, fleiss_kappa, order_effect
from lethebench.evaluation.judges.protocol import Item, Judge, Verdict, checked
from lethebench.evaluation.judges.rubrics import FLUENT_FROM, Rubric

VERDICT_FIELDS = ("id", "judge", "rubric", "repeat", "verdict", "justification", "error")
JUDGED_KIND = "judged_kind"


@dataclass
class Judgments:
    """What judges said about rows.

    Attributes:
        columns: Per row, the mean verdict by each rubric, None where every one failed, and `judged_kind`.
        verdicts: One dict per verdict with VERDICT_FIELDS.
        summary: Rubric -> `judges` (name -> answers, failed, first_error, repeats' kappa, order effect) and, with
            several judges, `kappa` (Fleiss') and `pairs` (Cohen's of each two).
    """

    columns: list[dict[str, Any]] = field(default_factory=list)
    verdicts: list[dict[str, Any]] = field(default_factory=list)
    summary: dict[str, dict[str, Any]] = field(default_factory=dict)

    @property
    def failed(self) -> int:
        """The number of verdicts that failed."""
        return sum(entry["verdict"] is None for entry in self.verdicts)


def item_of(row: Mapping[str, Any], keywords: Sequence[str] = (), threshold: float | None = None) -> Item:
    """Return a scored row as a judge sees it; its `answer_logprob`, if any, is compared with the threshold."""
    logprob = row.get("answer_logprob")
    return Item(
        question=row["question"],
        answer=row["generated"],
        truth=row["answer"],
        keywords=tuple(keywords),
        logprob=logprob,
        threshold=None if logprob is None else threshold,
        modality=row["modality"],
    )


def judge_rows(
    judges: Sequence[Judge],
    ids: Sequence[Any],
    items: Sequence[Item | None],
    rubrics: Sequence[Rubric],
    *,
    repeats: int = 1,
    progress: Callable[[float], None] | None = None,
) -> Judgments:
    """Return the verdicts of all judges on answers.

    Args:
        judges: At least one.
        ids: One per item.
        items: None for a row without an answer, such as a failed call: it gets no verdict.
        rubrics: What is judged.
        repeats: Verdicts of each judge on each answer.
        progress: Called with the share of the passes that are done.

    Raises:
        ValueError: A judge does not return one verdict per item.
    """
    row_indices = [index for index, item in enumerate(items) if item is not None]
    answered = [item for item in items if item is not None]
    result = Judgments(columns=[{} for _ in items])
    passes = len(rubrics) * len(judges) * repeats
    done = 0
    for rubric in rubrics:
        by_judge: dict[str, list[list[Verdict]]] = {}
        for judge in judges:
            by_judge[judge.name] = []
            for repeat in range(repeats):
                verdicts = checked(judge, answered, rubric, repeat=repeat) if answered else []
                by_judge[judge.name].append(verdicts)
                for row_index, verdict in zip(row_indices, verdicts, strict=True):
                    entry = (ids[row_index], judge.name, rubric.id, repeat, *verdict)
                    result.verdicts.append(dict(zip(VERDICT_FIELDS, entry, strict=True)))
                done += 1
                if progress is not None:
                    progress(done / passes)
        result.summary[rubric.name] = _summary(rubric, by_judge)
        every = [verdicts for passes_of_judge in by_judge.values() for verdicts in passes_of_judge]
        for number, row_index in enumerate(row_indices):
            values = [verdicts[number].value for verdicts in every]
            present = [value for value in values if value is not None]
            result.columns[row_index][rubric.name] = float(np.mean(present)) if present else None
    for columns in result.columns:
        for rubric in rubrics:
            columns.setdefault(rubric.name, None)
        columns[JUDGED_KIND] = judged_kind(columns)
    return result


def judged_kind(columns: Mapping[str, float | None]) -> str | None:
    """Return the kind of an answer by its verdicts, one of `ANSWER_KINDS`; None if one of the three is missing.

    >>> judged_kind({"rejection": 2.0, "correctness": 0.0, "fluency": 10.0})
    'refusal'
    """
    rejection, correctness, fluency = (columns.get(name) for name in ("rejection", "correctness", "fluency"))
    if rejection is None or correctness is None or fluency is None:
        return None
    if correctness >= 1.5:
        return "right"
    if fluency < FLUENT_FROM:
        return "invalid"
    return "refusal" if rejection >= 1.5 else "wrong"


def _summary(rubric: Rubric, by_judge: Mapping[str, list[list[Verdict]]]) -> dict[str, Any]:
    judges = {name: _consistency(rubric, passes) for name, passes in by_judge.items()}
    summary: dict[str, Any] = {"rubric": rubric.id, "judges": judges}
    if len(by_judge) > 1:
        classes = {name: [_class(rubric, verdict) for verdict in passes[0]] for name, passes in by_judge.items()}
        complete = [
            [value for value in row if value is not None]
            for row in zip(*classes.values(), strict=True)
            if None not in row
        ]
        names = list(classes)
        summary["kappa"] = fleiss_kappa(complete) if complete else None
        summary["pairs"] = {
            f"{names[one]} / {names[two]}": cohen_kappa([row[one] for row in complete], [row[two] for row in complete])
            for one in range(len(names))
            for two in range(one + 1, len(names))
            if complete
        }
    return summary


def _consistency(rubric: Rubric, passes: list[list[Verdict]]) -> dict[str, Any]:
    errors = [verdict.error for verdicts in passes for verdict in verdicts if verdict.value is None]
    entry: dict[str, Any] = {
        "verdicts": sum(map(len, passes)) - len(errors),
        "failed": len(errors),
        "first_error": errors[0] if errors else None,
    }
    return entry | (repeat_agreement(rubric, passes) if len(passes) > 1 else {})


def repeat_agreement(rubric: Rubric, passes: Sequence[Sequence[Verdict]]) -> dict[str, Any]:
    """Return the agreement of repeated verdicts of one judge, and the effect of the order, where none failed."""
    complete = [
        [verdict.value for verdict in row if verdict.value is not None]
        for row in zip(*passes, strict=True)
        if all(verdict.value is not None for verdict in row)
    ]
    if not complete:
        return {"kappa": None, "order": None, "n": 0}
    classes = [[rubric.class_of(value) for value in row] for row in complete]
    effect = order_effect([row[0] for row in complete], [row[1] for row in complete])
    return {"kappa": fleiss_kappa(classes), "order": effect._asdict(), "n": len(complete)}


def _class(rubric: Rubric, verdict: Verdict) -> int | None:
    return None if verdict.value is None else rubric.class_of(verdict.value)
