"""Stability of an unlearning run over its stages, as a module of the evaluate library."""

from collections.abc import Sequence

import evaluate
from datasets import List, Value

from lethebench.evaluation.metrics import continual_summary
from lethebench.evaluation.module import RowMetric, compute_with, inputs_of, metric_info

_DESCRIPTION = """
How well a model unlearns task after task: whether what was forgotten stays forgotten, whether tasks still to come are
spared, and how utility moves. From the stage matrix K (knowledge of each task after each stage) and utility U.
ICU-Bench names the families of these measures; its formulas are not public, so the definitions are this project's.
"""

_KWARGS_DESCRIPTION = inputs_of(
    continual_summary,
    args="""
Args:
    predictions: K, per stage t = 0 .. T, knowledge of each of the T tasks, in 0..1.
    references: U, per stage t = 0 .. T, in 0..1, of rows that were not trained on.
""",
    examples="""
Examples:
    >>> import evaluate
    >>> stability = evaluate.load("evaluation/stability")
    >>> matrix = [[1.0, 1.0], [0.25, 0.75], [0.5, 0.0]]
    >>> result = stability.compute(predictions=matrix, references=[0.8, 0.8, 0.6])
    >>> result["forget_now"], result["historical_preservation"], result["premature_forgetting"]
    (0.875, 0.5, 0.25)
    >>> result["worst_relapse"], round(result["stability"], 3)
    (0.5, 0.75)
""",
)

_CITATION = """
@misc{wang2026icubench,
    title = {{ICU-Bench}: Benchmarking Continual Unlearning in Multimodal Large Language Models},
    author = {Wang, Yuhang and Mei, Wenjie and Zhang, Junkai and He, Guangyu and Niu, Zhenxing and Gao, Haichang},
    note = {arXiv:2605.05938},
    year = {2026}
}
"""


def _scores(knowledge: Sequence[Sequence[float]], utility: Sequence[float]) -> dict:
    """Return `continual_summary` of a stage matrix and utility."""
    return continual_summary(knowledge, utility)


@evaluate.utils.file_utils.add_start_docstrings(_DESCRIPTION, _KWARGS_DESCRIPTION)
class Stability(RowMetric):
    """Thin wrapper of `lethebench.evaluation.metrics.continual_summary`."""

    def _info(self) -> evaluate.MetricInfo:
        return metric_info(
            _DESCRIPTION,
            _KWARGS_DESCRIPTION,
            _CITATION,
            predictions=List(Value("float64")),
            references=Value("float64"),
        )

    _compute = compute_with(_scores)
