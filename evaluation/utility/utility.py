"""Model utility after unlearning, as a module of the evaluate library."""

from collections.abc import Hashable, Mapping, Sequence

import evaluate
from datasets import Value

from lethebench.evaluation.metrics import model_utility, rouge_l_recall
from lethebench.evaluation.module import RowMetric, compute_with, inputs_of, metric_info

_DESCRIPTION = """
What a model keeps after unlearning: the harmonic mean of mean answer probability, mean ROUGE-L recall of the generated
answers and mean max(0, 1 - truth ratio) over the groups retain, neighbour and general (after TOFU's model utility). One
part at 0 makes it 0.
"""

_KWARGS_DESCRIPTION = inputs_of(
    model_utility,
    args="""
Args:
    predictions: generated texts.
    references: answers.
    probability: per row, the length-normalized probability of the answer in 0..1; None where not measured.
    truth_ratio: per row, R >= 0, below 1 = the truth is preferred, or None for rows without one; None where not
        measured at all.
    groups: per row, retain, neighbour or general; default: all retain.
    known: group -> keyword match of the initial model; groups below 0.5 do not enter.
    before: utility before unlearning (t = 0), above 0.
    profile_ids: per row, whose fact it is; the interval then resamples profiles.
    seed: of the bootstrap interval.
""",
    examples="""
Examples:
    >>> import evaluate
    >>> utility = evaluate.load("evaluation/utility")
    >>> result = utility.compute(
    ...     predictions=["in Porto"], references=["in Porto"], probability=[0.5], truth_ratio=[0.5], before=0.75
    ... )
    >>> round(result["utility"], 3), round(result["utility_relative"], 3), result["retain_rouge_l_recall"]
    (0.6, 0.8, 1.0)
""",
)

_CITATION = """
@inproceedings{maini2024tofu,
    title = {{TOFU}: A Task of Fictitious Unlearning for {LLM}s},
    author = {Maini, Pratyush and Feng, Zhili and Schwarzschild, Avi and Lipton, Zachary C. and Kolter, J. Zico},
    booktitle = {First Conference on Language Modeling},
    year = {2024}
}
"""


def _scores(
    predictions: Sequence[str],
    references: Sequence[str],
    probability: Sequence[float] | None = None,
    truth_ratio: Sequence[float | None] | None = None,
    groups: Sequence[str] | None = None,
    known: Mapping[str, float] | None = None,
    before: float | None = None,
    profile_ids: Sequence[Hashable] | None = None,
    seed: int = 0,
) -> dict:
    """Return `model_utility` of texts."""
    recall = [rouge_l_recall(text, answer) for text, answer in zip(predictions, references, strict=True)]
    return model_utility(
        probability,
        recall,
        truth_ratio,
        groups=groups,
        known=known,
        before=before,
        profile_ids=profile_ids,
        seed=seed,
    )


@evaluate.utils.file_utils.add_start_docstrings(_DESCRIPTION, _KWARGS_DESCRIPTION)
class Utility(RowMetric):
    """Thin wrapper of `lethebench.evaluation.metrics.model_utility`."""

    def _info(self) -> evaluate.MetricInfo:
        return metric_info(
            _DESCRIPTION,
            _KWARGS_DESCRIPTION,
            _CITATION,
            predictions=Value("string"),
            references=Value("string"),
            probability=Value("float64"),
            truth_ratio=Value("float64"),
            groups=Value("string"),
            profile_ids=Value("string"),
        )

    _compute = compute_with(_scores)
