"""The forget score of a set of rows, as a module of the evaluate library."""

from collections.abc import Hashable, Sequence

import evaluate
from datasets import Value

from lethebench.evaluation.metrics import forget_quality, forget_score
from lethebench.evaluation.module import RowMetric, compute_with, inputs_of, metric_info

_DESCRIPTION = """
How much of the forget set is gone, from 0, as before unlearning, to 1, as in a gold model retrained without it:
1 - clip((K - G) / (K0 - G), 0, 1) of each profile, where K0 and K are its mean knowledge before and after unlearning
and G that of the gold model; then the mean over profiles, of the modality where it is lower. With truth ratios of both
models it also returns forget quality (TOFU).
"""

_KWARGS_DESCRIPTION = inputs_of(
    forget_score,
    forget_quality,
    examples="""
Examples:
    >>> import evaluate
    >>> forget = evaluate.load("evaluation/forget")
    >>> result = forget.compute(predictions=[0.5, 0.0], references=[1.0, 1.0], gold=[0.0, 0.0])
    >>> result["forget"], result["knowledge_after"], result["flags"]
    (0.75, 0.25, [])
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
    predictions: Sequence[float],
    references: Sequence[float],
    gold: Sequence[float] | None = None,
    modalities: Sequence[str] | None = None,
    truth_ratios: Sequence[float] | None = None,
    gold_truth_ratios: Sequence[float] | None = None,
    profile_ids: Sequence[Hashable] | None = None,
    seed: int = 0,
) -> dict:
    """Return forget score, and forget quality where truth ratios are given."""
    if (truth_ratios is None) != (gold_truth_ratios is None):
        raise ValueError("forget quality compares two models: give both truth_ratios and gold_truth_ratios")
    result = forget_score(predictions, references, gold, profile_ids=profile_ids, modalities=modalities, seed=seed)
    if truth_ratios is not None and gold_truth_ratios is not None:
        both = (truth_ratios, gold_truth_ratios)
        result |= forget_quality(*([value for value in values if value is not None] for values in both))
    return result


@evaluate.utils.file_utils.add_start_docstrings(_DESCRIPTION, _KWARGS_DESCRIPTION)
class Forget(RowMetric):
    """Thin wrapper of `lethebench.evaluation.metrics.forget_score` and `forget_quality`."""

    def _info(self) -> evaluate.MetricInfo:
        return metric_info(
            _DESCRIPTION,
            _KWARGS_DESCRIPTION,
            _CITATION,
            predictions=Value("float64"),
            references=Value("float64"),
            gold=Value("float64"),
            modalities=Value("string"),
            truth_ratios=Value("float64"),
            gold_truth_ratios=Value("float64"),
            profile_ids=Value("string"),
        )

    _compute = compute_with(_scores)
