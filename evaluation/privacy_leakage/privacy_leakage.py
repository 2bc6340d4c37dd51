"""Privacy leakage of an unlearned model, as a module of the evaluate library."""

from collections.abc import Hashable, Sequence

import datasets
import evaluate

from lethebench.evaluation.metrics import privacy_leakage

_DESCRIPTION = """
Whether a membership attack tells the forget set from rows that the model never saw, after MUSE: the area under the ROC
curve (AUC) of a membership score, forget set against holdout, beside that of a gold model, retrained without the forget
set.
"""

_KWARGS_DESCRIPTION = """
Args:
    predictions: per row, a membership score (minus the loss, zlib ratio, Min-K %, Min-K%++); higher = more likely a
        member.
    references: per row, 1 = forget set, 0 = holdout; at least one of each.
    gold: per row, the same score from the gold (retrained) model.
    profile_ids: per row, whose row it is; the interval then resamples profiles.
    seed: of the bootstrap interval.

Returns:
    auc: in 0..1; 0.5 = the attack cannot separate the sets.
    auc_gold: AUC of the gold model, in 0..1; None without gold.
    privacy_leakage: (AUC - AUC_gold) / AUC_gold x 100; 0 is best, positive = still recognized (under-unlearned),
        negative = recognized by being avoided (over-unlearned); None without gold.
    privleak_muse: ((1 - AUC) - (1 - AUC_gold)) / (1 - AUC_gold) x 100, with MUSE's sign; 0 is best; None without gold.
    flags: among no_gold, auc_extreme (below 0.05 or above 0.95), leakage_extreme (beyond 100 either way).
    n: number of rows.
    ci_low, ci_high: bootstrap 95 % interval of `auc`.

Raises:
    ValueError: empty or unequal inputs, a score that is not finite, rows of one kind alone, or AUC_gold 0 or 1.

Examples:
    >>> import evaluate
    >>> leakage = evaluate.load("evaluation/privacy_leakage")
    >>> scores, gold = [-0.2, -1.1, -0.9, -1.6], [-1.2, -1.1, -0.9, -1.6]
    >>> result = leakage.compute(predictions=scores, references=[1, 1, 0, 0], gold=gold)
    >>> result["auc"], result["auc_gold"], result["privacy_leakage"], result["privleak_muse"]
    (0.75, 0.5, 50.0, -50.0)
"""

_CITATION = """
@inproceedings{shi2025muse,
    title = {{MUSE}: Machine Unlearning Six-Way Evaluation for Language Models},
    author = {Shi, Weijia and Lee, Jaechan and Huang, Yangsibo and Malladi, Sadhika and Zhao, Jieyu and Holtzman, Ari
        and Liu, Daogao and Zettlemoyer, Luke and Smith, Noah A. and Zhang, Chiyuan},
    booktitle = {International Conference on Learning Representations},
    year = {2025}
}
"""


@evaluate.utils.file_utils.add_start_docstrings(_DESCRIPTION, _KWARGS_DESCRIPTION)
class PrivacyLeakage(evaluate.Metric):
    """Thin wrapper of `lethebench.evaluation.metrics.privacy_leakage`."""

    def _info(self) -> evaluate.MetricInfo:
        return evaluate.MetricInfo(
            description=_DESCRIPTION,
            citation=_CITATION,
            inputs_description=_KWARGS_DESCRIPTION,
            features=datasets.Features(
                {"predictions": datasets.Value("float64"), "references": datasets.Value("int64")}
            ),
        )

    def _compute(
        self,
        predictions: Sequence[float],
        references: Sequence[int],
        gold: Sequence[float] | None = None,
        profile_ids: Sequence[Hashable] | None = None,
        seed: int = 0,
    ) -> dict:
        return privacy_leakage(predictions, references, gold, profile_ids=profile_ids, seed=seed)
