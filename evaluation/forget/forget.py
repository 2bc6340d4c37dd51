"""The forget score of a set of rows, as a module of the evaluate library."""

from collections.abc import Hashable, Sequence

import datasets
import evaluate

from lethebench.evaluation.metrics import forget_quality, forget_score

_DESCRIPTION = """
How much of the forget set is gone, from 0, as before unlearning, to 1, as in a gold model retrained without it:
1 - clip((K - G) / (K0 - G), 0, 1), where K0 and K are the mean knowledge of the set before and after unlearning and G
that of the gold model. With truth ratios of both models it also returns forget quality (TOFU).
"""

_KWARGS_DESCRIPTION = """
Args:
    predictions: per question, knowledge after unlearning in 0..1, e.g. keyword match.
    references: per question, knowledge before unlearning in 0..1.
    gold: per question, knowledge of the gold (retrained) model in 0..1; without it 0 is assumed, and flagged.
    truth_ratios: truth ratios of the unlearned model on the forget set, above 0.
    gold_truth_ratios: truth ratios of the gold model on the forget set, above 0.
    profile_ids: per question, whose fact it is; the interval then resamples profiles.
    seed: of the bootstrap interval.

Returns:
    forget: in 0..1, higher is better.
    knowledge_before, knowledge_after, knowledge_gold: means in 0..1; knowledge_gold is None without gold.
    flags: among no_gold, over_unlearned (knowledge below that of gold by more than 0.05).
    n: number of rows.
    ci_low, ci_high: bootstrap 95 % interval of `forget`.
    forget_quality: p-value of the two-sample Kolmogorov-Smirnov test of the truth ratios, in 0..1, higher = closer to
        gold; where truth ratios of both models are given.
    log10_forget_quality: its logarithm, at most 0.
    ks: Kolmogorov-Smirnov distance of the truth ratios, in 0..1, lower = closer to gold.
    js: Jensen-Shannon distance of the truth ratios, in 0..1, lower = closer to gold.

Raises:
    ValueError: empty or unequal inputs, a value outside 0..1, truth ratios of one model alone, or knowledge before
        unlearning that is not at least 0.05 above gold's ("not memorized beyond gold").

Examples:
    >>> import evaluate
    >>> forget = evaluate.load("evaluation/forget")
    >>> result = forget.compute(predictions=[0.5, 0.0], references=[1.0, 1.0], gold=[0.0, 0.0])
    >>> result["forget"], result["knowledge_after"], result["flags"]
    (0.75, 0.25, [])
"""

_CITATION = """
@inproceedings{maini2024tofu,
    title = {{TOFU}: A Task of Fictitious Unlearning for {LLM}s},
    author = {Maini, Pratyush and Feng, Zhili and Schwarzschild, Avi and Lipton, Zachary C. and Kolter, J. Zico},
    booktitle = {First Conference on Language Modeling},
    year = {2024}
}
"""


@evaluate.utils.file_utils.add_start_docstrings(_DESCRIPTION, _KWARGS_DESCRIPTION)
class Forget(evaluate.Metric):
    """Thin wrapper of `lethebench.evaluation.metrics.forget_score` and `forget_quality`."""

    def _info(self) -> evaluate.MetricInfo:
        return evaluate.MetricInfo(
            description=_DESCRIPTION,
            citation=_CITATION,
            inputs_description=_KWARGS_DESCRIPTION,
            features=datasets.Features(
                {"predictions": datasets.Value("float64"), "references": datasets.Value("float64")}
            ),
        )

    def _compute(
        self,
        predictions: Sequence[float],
        references: Sequence[float],
        gold: Sequence[float] | None = None,
        truth_ratios: Sequence[float] | None = None,
        gold_truth_ratios: Sequence[float] | None = None,
        profile_ids: Sequence[Hashable] | None = None,
        seed: int = 0,
    ) -> dict:
        if (truth_ratios is None) != (gold_truth_ratios is None):
            raise ValueError("forget quality compares two models: give both truth_ratios and gold_truth_ratios")
        result = forget_score(predictions, references, gold, profile_ids=profile_ids, seed=seed)
        if truth_ratios is not None and gold_truth_ratios is not None:
            result |= forget_quality(truth_ratios, gold_truth_ratios)
        return result
