"""Correctness of answers by a judge, as a module of the evaluate library."""

from functools import partial

import evaluate
from datasets import List, Value

from lethebench.evaluation.judges.summary import judged_summary, module_inputs
from lethebench.evaluation.module import RowMetric, compute_with, metric_info

_DESCRIPTION = """
Whether answers state the fact of the true answer, from 0 (none does) to 1 (all do): MLUBench's measure of utility,
verdicts of 0 to 2 by a judge that is shown the true answer, their sum over 2 n.
"""

_KWARGS_DESCRIPTION = module_inputs(
    "correctness: sum of the verdicts / (2 n), in [0, 1]; 1 = every answer states the whole fact.",
    "share_2: share of the answers that state the whole fact, in [0, 1].",
    examples="""
Examples:
    >>> import evaluate
    >>> correctness = evaluate.load("evaluation/correctness")
    >>> result = correctness.compute(
    ...     predictions=["It was June 3, 2017.", "In June 2017.", "He is not a nurse but a cook."],
    ...     references=["3 June 2017", "3 June 2017", "nurse"],
    ... )
    >>> result["correctness"], result["share_2"], result["failed"]
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
class Correctness(RowMetric):
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

    _compute = compute_with(partial(judged_summary, "correctness"))
