"""Privacy leakage of an unlearned model, as a module of the evaluate library."""

import evaluate
from datasets import Value

from lethebench.evaluation.metrics import privacy_leakage
from lethebench.evaluation.module import RowMetric, compute_with, inputs_of, metric_info

_DESCRIPTION = """
Whether a membership attack tells the forget set from rows that the model never saw, after MUSE: the area under the ROC
curve (AUC) of a membership score, forget set against holdout, beside that of a gold model, retrained without the forget
set.
"""

_KWARGS_DESCRIPTION = inputs_of(
    privacy_leakage,
    examples="""
Examples:
    >>> import evaluate
    >>> leakage = evaluate.load("evaluation/privacy_leakage")
    >>> scores, gold = [-0.2, -1.1, -0.9, -1.6], [-1.2, -1.1, -0.9, -1.6]
    >>> result = leakage.compute(predictions=scores, references=[1, 1, 0, 0], gold=gold)
    >>> result["auc"], result["auc_gold"], result["privacy_leakage"], result["privleak_muse"]
    (0.75, 0.5, 50.0, -50.0)
""",
)

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
class PrivacyLeakage(RowMetric):
    """Thin wrapper of `lethebench.evaluation.metrics.privacy_leakage`."""

    def _info(self) -> evaluate.MetricInfo:
        return metric_info(
            _DESCRIPTION,
            _KWARGS_DESCRIPTION,
            _CITATION,
            predictions=Value("float64"),
            references=Value("int64"),
            gold=Value("float64"),
            profile_ids=Value("string"),
        )

    _compute = compute_with(privacy_leakage)
