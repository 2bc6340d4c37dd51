"""All scores of an unlearning run, and one number, as a module of the evaluate library."""

import evaluate
from datasets import List, Value

from lethebench.evaluation.metrics import unlearning_summary
from lethebench.evaluation.module import RowMetric, compute_with, inputs_of, metric_info

_DESCRIPTION = """
All scores of an unlearning run from its rows, and one number: the harmonic mean of forget, utility, stability and
closeness of exposure to a gold model. Is it forgotten, is the rest kept, does that hold from task to task, and does the
model give the forgotten values away?
"""

_KWARGS_DESCRIPTION = inputs_of(
    unlearning_summary,
    examples="""
Examples:
    >>> import evaluate
    >>> unlearning = evaluate.load("evaluation/unlearning")
    >>> result = unlearning.compute(
    ...     predictions=["no idea", "in Bern"], references=["in Porto", "in Bern"], before_text=["in Porto", "in Bern"],
    ...     gold_text=["no idea", "in Bern"], role=["forget", "retain"],
    ...     candidates=[[-3.0, -2.0, -2.5, -9.0], None], gold_candidates=[[-4.0, -2.0, -2.5, -3.0], None],
    ...     truth_index=[0, None],
    ... )
    >>> result["forget"], result["utility"], result["stability"]
    (1.0, 1.0, 1.0)
    >>> round(result["exposure_excess"], 3), round(result["score"], 3)
    (0.415, 0.939)
""",
)

_CITATION = """
@software{lethebench,
    title = {lethebench: Benchmarks, trainers and metrics for continual unlearning in vision-language models},
    author = {{The lethebench developers}},
    url = {https://github.com/lethebench/lethebench}
}
"""


@evaluate.utils.file_utils.add_start_docstrings(_DESCRIPTION, _KWARGS_DESCRIPTION)
class Unlearning(RowMetric):
    """Thin wrapper of `lethebench.evaluation.metrics.unlearning_summary`."""

    def _info(self) -> evaluate.MetricInfo:
        return metric_info(
            _DESCRIPTION,
            _KWARGS_DESCRIPTION,
            _CITATION,
            predictions=Value("string"),
            references=Value("string"),
            before_text=Value("string"),
            gold_text=Value("string"),
            keywords=List(Value("string")),
            probability=Value("float64"),
            truth_ratio=Value("float64"),
            gold_truth_ratio=Value("float64"),
            candidates=List(Value("float64")),
            gold_candidates=List(Value("float64")),
            truth_index=Value("int64"),
            role=Value("string"),
            task_id=Value("int64"),
            stage=Value("int64"),
            profile_id=Value("string"),
        )

    _compute = compute_with(unlearning_summary)
