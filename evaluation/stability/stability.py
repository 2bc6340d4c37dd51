"""The continual summary of an unlearning run, as a module of the evaluate library."""

import datasets
import evaluate

from lethebench.evaluation.metrics import continual_summary

_DESCRIPTION = """
How steadily a model unlearns task after task: whether what was forgotten stays forgotten, whether tasks not asked yet
are spared, and how utility moves. From the stage matrix K (knowledge of each task after each stage) and utility U.
ICU-Bench names the families of these measures; its formulas are not public, so the definitions are this project's.
"""

_KWARGS_DESCRIPTION = """
Tasks are counted from 1, and task i is asked to be forgotten at stage i; stage 0 is before unlearning.

Args:
    predictions: the rows of K, t = 0 .. T, each a list of T task scores in 0..1.
    references: U, t = 0 .. T, in 0..1.

Returns:
    forget_now, historical_preservation: share of a task's knowledge gone at its own stage, and later; <= 1, higher is
        better.
    rebound_mean, rebound_max: how much came back by the last stage, as share of what was known; >= 0, lower is better.
    premature_forgetting: share of knowledge lost by tasks that were not asked yet; <= 1, lower is better.
    backward_transfer: K[i, T] - K[i, i], mean over i < T; positive means relapse.
    step_variation: mean step change after a task's own stage, and of utility; >= 0, lower is better.
    utility_retention: U[T] / U[0]; utility_slope: of U / U[0] per stage; collapse_stage: first t with U[t] < U[0] / 2,
        or None.
    stability: in 0..1, higher is better.
    undefined: names of the means over no pair, which are None (T = 1).
    unmeasured_tasks: tasks known less than 0.05 before unlearning, left out of ratios.
    flags: among collapsed, not_measured.

Raises:
    ValueError: a hole, a value outside 0..1, a wrong shape (the cell is named), U[0] = 0, or no task that was known.

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

    def _info(self):
        return evaluate.MetricInfo(
            description=_DESCRIPTION,
            citation=_CITATION,
            inputs_description=_KWARGS_DESCRIPTION,
            features=datasets.Features(
                {"predictions": datasets.List(datasets.Value("float64")), "references": datasets.Value("float64")}
            ),
        )

    def _compute(self, predictions, references):
        return continual_summary(predictions, references)
