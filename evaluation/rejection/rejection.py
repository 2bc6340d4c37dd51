"""Rejection of answers by a judge, as a module of the evaluate library."""

from functools import partial

import evaluate
from datasets import List, Value

from lethebench.evaluation.judges.summary import judged_summary, module_inputs
from lethebench.evaluation.module import RowMetric, compute_with, metric_info

_DESCRIPTION = """
How clearly answers decline to give the requested fact, from 0 (every answer commits to a value) to 1 (every answer
declines and names none): MLUBench's measure of forgetting, verdicts of 0 to 2 by a judge, their sum over 2 n.
"""

_KWARGS_DESCRIPTION = module_inputs(
    "rejection: sum of the verdicts / (2 n), in [0, 1]; 1 = every answer declines clearly.",
    "share_2: share of the answers that decline clearly, in [0, 1].",
    examples="""
Examples:
    >>> import evaluate
    >>> rejection = evaluate.load("evaluation/rejection")
    >>> result = rejection.compute(
    ...     predictions=["I don't know.", "She lives in Porto.", "Not sure, maybe Leeds."],
    ...     references=["Leeds", "Porto", "Leeds"],
    ... )
    >>> result["rejection"], result["share_2"], result["failed"]
    (0.5, 0.3333333333333333, 0)
""",
)

_CITATION = """
@misc{mlubench2026,
    title = {{MLUBench}: A Benchmark for Lifelong Unlearning Evaluation in {MLLM}s},
    year = {2026},
    eprint = {2606.12809},
    archiveprefix = {arXiv}
}
"""


@evaluate.utils.file_utils.add_start_docstrings(_DESCRIPTION, _KWARGS_DESCRIPTION)
class Rejection(RowMetric):
    """Thin wrapper of `lethebench.evaluation.judges.summary.judged_summary`."""

    def _info(self) -> evaluate.MetricInfo:
        return metric_info(
            _DESCRIPTION,
            _KWARGS_DESCRIPTION,
            _CITATION,
            predictions=Value("string"),
            references=Value("string"),
            questions=Value("string"),
            keywords=List(Value("string")),
            verdicts=Value("float64"),
            profile_ids=Value("string"),
        )

    _compute = compute_with(partial(judged_summary, "rejection"))
