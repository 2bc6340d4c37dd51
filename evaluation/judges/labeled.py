"""The labeled answers that ship with the package, and how well a judge agrees with them. See data/README.md."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lethebench.evaluation.judges.agreement import cohen_kappa
from lethebench.evaluation.judges.protocol import Item, Judge, Verdict, checked
from lethebench.evaluation.judges.rubrics import Rubric

FILE = Path(__file__).parent / "data" / "answers.jsonl"
PARTS = ("dev", "test")
CATEGORIES = (
    *("right", "partly_right", "wrong", "refusal"),
    *("evasive", "gibberish", "other_language", "injected"),
)


@dataclass(frozen=True)
class LabeledAnswer:
    """An answer with its verdicts by people.

    Attributes:
        id: Language, part and number.
        part: `dev`, on which rules may be made, or `test`.
        language: Of the question.
        category: One of CATEGORIES.
        item: The answer as a judge sees it.
        labels: Rubric -> verdict.
    """

    id: str
    part: str
    language: str
    category: str
    item: Item
    labels: dict[str, int]


def labeled_answers(part: str | None = None) -> list[LabeledAnswer]:
    """Return the labeled answers of a part, None for all."""
    rows = map(json.loads, FILE.read_text("utf-8").splitlines())
    return [_labeled(row) for row in rows if part in (None, row["part"])]


def _labeled(row: dict[str, Any]) -> LabeledAnswer:
    item = Item(row["question"], row["answer"], row["truth"], tuple(row["keywords"]))
    labels = {name: row[name] for name in ("rejection", "correctness", "factuality", "fluency")}
    return LabeledAnswer(row["id"], row["part"], row["language"], row["category"], item, labels)


@dataclass(frozen=True)
class Check:
    """The agreement of a judge with the labels by one rubric.

    Attributes:
        rubric: Its name.
        kappa: Cohen's, over the classes of the rubric; None where it is not defined.
        weighted_kappa: Cohen's with quadratic weights, over the whole scale.
        confusion: Label -> verdict -> number of answers, by class.
        n: Number of answers with a verdict.
        failed: Number without one.
        first_error: Why the first one failed.
        by_category: Category -> [answers with the label's class, answers].
        by_language: Language -> the same.
    """

    rubric: str
    kappa: float | None
    weighted_kappa: float | None
    confusion: list[list[int]]
    n: int
    failed: int
    first_error: str | None
    by_category: dict[str, list[int]]
    by_language: dict[str, list[int]]


def check_judge(judge: Judge, rubric: Rubric, answers: Sequence[LabeledAnswer]) -> Check:
    """Let a judge give its verdicts on labeled answers and compare; failed ones are counted, and enter nothing else."""
    return compare(rubric, answers, checked(judge, [answer.item for answer in answers], rubric))


def compare(rubric: Rubric, answers: Sequence[LabeledAnswer], verdicts: Sequence[Verdict]) -> Check:
    """Return the agreement of verdicts with labels."""
    judged = [
        (answer, verdict.value) for answer, verdict in zip(answers, verdicts, strict=True) if verdict.value is not None
    ]
    labels = [answer.labels[rubric.name] for answer, _ in judged]
    values = [value for _, value in judged]
    pairs = [(rubric.class_of(label), rubric.class_of(value)) for label, value in zip(labels, values, strict=True)]
    size = len(rubric.bounds) + 1
    confusion = [[pairs.count((label, verdict)) for verdict in range(size)] for label in range(size)]
    by_category: dict[str, list[int]] = {}
    by_language: dict[str, list[int]] = {}
    for (answer, _), (label, verdict) in zip(judged, pairs, strict=True):
        for counts, key in ((by_category, answer.category), (by_language, answer.language)):
            entry = counts.setdefault(key, [0, 0])
            entry[0] += label == verdict
            entry[1] += 1
    failed = [verdict.error for verdict in verdicts if verdict.value is None]
    return Check(
        rubric.name,
        cohen_kappa(*zip(*pairs, strict=True)) if pairs else None,
        cohen_kappa(labels, values, weights="quadratic") if pairs else None,
        confusion,
        len(judged),
        len(failed),
        failed[0] if failed else None,
        by_category,
        by_language,
    )
