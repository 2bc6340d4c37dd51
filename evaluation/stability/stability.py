"""Stability of an unlearning run over its stages, as a module of the evaluate library."""

from collections.abc import Sequence

import datasets
import evaluate

from lethebench.evaluation.metrics import continual_summary

_DESCRIPTION = """
How steadily a model unlearns task after task: whether what was forgotten stays forgotten, whether tasks still to come
are spared, and how utility moves. From the stage matrix K (knowledge of each task after each stage) and utility U.
ICU-Bench names the families of these measures; its formulas are not public, so the definitions are this project's.
"""

_KWARGS_DESCRIPTION = """
Tasks are counted from 1, and task i is asked to be forgotten at stage i; stage 0 is before unlearning.

Args:
    predictions: per stage t = 0 .. T, knowledge of each of the T tasks, in 0..1.
    references: per stage t = 0 .. T, utility U in 0..1.

Returns:
    forget_now: share of a task's knowledge gone at its own stage, at most 1, higher is better.
    historical_preservation: share of a task's knowledge gone at later stages, at most 1, higher is better.
    rebound_mean, rebound_max: knowledge back by the last stage, as a share of that before; at least 0, lower is better.
    premature_forgetting: share of knowledge lost by tasks still to come, at most 1, lower is better.
    backward_transfer: K[i, T] - K[i, i], mean over i < T, in -1..1; positive = relapse.
    step_variation: mean step change after a task's own stage, and of utility; at least 0, lower is better.
    utility_retention: U[T] / U[0], at least 0, higher is better.
    utility_slope: of U / U[0] per stage; about 0 is best.
    collapse_stage: first t with U[t] < U[0] / 2, or None, which is best.
    stability: in 0..1, higher is better.
    undefined: names of the means over no pair of stages, which are None (T = 1).
    unmeasured_tasks: tasks known less than 0.05 before unlearning, left out of ratios.
    flags: among collapsed, not_measured.

Raises:
    ValueError: a missing value or one outside 0..1 (the cell is named), a wrong shape, U[0] = 0, or no known task.

Examples:
    >>> import evaluate
    >>> stability = evaluate.load("evaluation/stability")
    >>> matrix = [[1.0, 1.0], [0.25, 0.75], [0.5, 0.0]]
    >>> result = stability.compute(predictions=matrix, references=[0.8, 0.8, 0.6])
    >>> result["forget_now"], result["historical_preservation"], result["premature_forgetting"]
    (0.875, 0.5, 0.25)
    >>> result["rebound_mean"], round(result["stability"], 3)
    (0.25, 0.75)
"""

_CITATION = """
@misc{wang2026icubench,
    title = {{ICU-Bench}: Benchmarking Continual Unlearning in Multimodal Large Language Models},
    author = {Wang, Yuhang and Mei, Wenjie and Zhang, Junkai and He, Guangyu and Niu, Zhenxing and Gao, Haichang},
    note = {arXiv:2605.05938},
    year = {2026}
}
"""


@evaluate.utils.file_utils.add_start_docstrings(_DESCRIPTION, _KWARGS_DESCRIPTION)
class Stability(evaluate.Metric):
    """Thin wrapper of `lethebench.evaluation.metrics.continual_summary`."""

    def _info(self) -> evaluate.MetricInfo:
        return evaluate.MetricInfo(
            description=_DESCRIPTION,
            citation=_CITATION,
            inputs_description=_KWARGS_DESCRIPTION,
            features=datasets.Features(
                {"predictions": datasets.List(datasets.Value("float64")), "references": datasets.Value("float64")}
            ),
        )

    def _compute(self, predictions: Sequence[Sequence[float]], references: Sequence[float]) -> dict:
        return continual_summary(predictions, references)
