"""What attacks recover of a forget set, as a module of the evaluate library."""

import evaluate
from datasets import Value

from lethebench.evaluation.metrics import robustness_summary
from lethebench.evaluation.module import RowMetric, compute_with, inputs_of, metric_info

_DESCRIPTION = """
How much of a forget set attacks recover from an unlearned model, beyond what the same attacks recover from a model that
was retrained without it: 0 as from the retrained model, 1 as from the model before unlearning. The headline is the
worst case over the attacks that were tried.
"""

_KWARGS_DESCRIPTION = inputs_of(
    robustness_summary,
    examples="""
Examples:
    >>> import evaluate
    >>> robustness = evaluate.load("evaluation/robustness")
    >>> rows = {"initial": [1.0] * 4, "unattacked": [0.0] * 4, "gold_unattacked": [0.0] * 4}
    >>> rows |= {"attacks": ["relearn", "relearn", "round", "round"], "profile_ids": ["a", "b", "a", "b"]}
    >>> result = robustness.compute(predictions=[0.0, 1.0, 0.5, 0.5], references=[0.0, 0.0, 0.0, 0.5], **rows)
    >>> result["worst_case_recovery"], result["worst_attack"]
    (0.5, 'relearn')
    >>> result["recovery"]
    {'relearn': 0.5, 'round': 0.25, 'none': 0.0}
""",
)

_CITATION = """
@misc{lethebench2026robustness,
    title = {lethebench: worst-case recovery under attacks, against gold models under the same attacks},
    author = {{The lethebench developers}},
    year = {2026}
}
"""


@evaluate.utils.file_utils.add_start_docstrings(_DESCRIPTION, _KWARGS_DESCRIPTION)
class Robustness(RowMetric):
    """Thin wrapper of `lethebench.evaluation.metrics.robustness_summary`."""

    def _info(self) -> evaluate.MetricInfo:
        return metric_info(
            _DESCRIPTION,
            _KWARGS_DESCRIPTION,
            _CITATION,
            predictions=Value("float64"),
            references=Value("float64"),
            initial=Value("float64"),
            unattacked=Value("float64"),
            gold_unattacked=Value("float64"),
            attacks=Value("string"),
            profile_ids=Value("string"),
        )

    _compute = compute_with(robustness_summary)
