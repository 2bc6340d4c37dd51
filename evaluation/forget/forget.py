"""The forget score of a set, as a module of the evaluate library."""

import datasets
import evaluate

from lethebench.evaluation.metrics import forget_quality, forget_score

_DESCRIPTION = """
How much of what was to be forgotten is gone: 1 - clip((K - G) / (K0 - G), 0, 1), where K0 and K are the mean knowledge
of the forget set before and after unlearning and G that of a gold model, retrained without the set. 0: as before; 1: as
if never learnt, or below, which is flagged. With truth ratios of both models it also gives forget quality (TOFU).
"""

_KWARGS_DESCRIPTION = """
Args:
    predictions: per row, knowledge after unlearning in 0..1, e.g. keyword match.
    references: per row, knowledge before unlearning in 0..1.
    gold: per row, knowledge of the gold model in 0..1; without it 0 is taken, and flagged.
    truth_ratios: truth ratios of the unlearned model on the forget set.
    gold_truth_ratios: truth ratios of the gold model on the forget set.
    profile_ids: per row, whose fact it is; the interval then resamples profiles.
    seed: of the bootstrap interval.

Returns:
    forget: in 0..1, higher is better.
    knowledge_before, knowledge_after, knowledge_gold: means; knowledge_gold is None without gold.
    flags: among no_gold, over_unlearned (knowledge below that of gold by more than 0.05).
    n, ci_low, ci_high: rows, and a bootstrap 95 % interval of `forget`.
    forget_quality, log10_forget_quality, ks, js: where truth ratios of both models are given; the Kolmogorov-Smirnov
        p-value, its logarithm, the KS distance and the Jensen-Shannon distance of the two sets of ratios.

Raises:
    ValueError: empty or unequal inputs, a value outside 0..1, truth ratios of one model alone, or knowledge before
        unlearning that is not at least 0.05 above gold's ("not learnt beyond gold").

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

    def _info(self):
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
        predictions,
        references,
        gold=None,
        truth_ratios=None,
        gold_truth_ratios=None,
        profile_ids=None,
        seed=0,
    ):
        if (truth_ratios is None) != (gold_truth_ratios is None):
            raise ValueError("forget quality compares two models: give both truth_ratios and gold_truth_ratios")
        result = forget_score(predictions, references, gold, profile_ids=profile_ids, seed=seed)
        if truth_ratios is not None:
            result |= forget_quality(truth_ratios, gold_truth_ratios)
        return result
