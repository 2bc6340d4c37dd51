"""Fluency of answers by a judge, as a module of the evaluate library."""

from functools import partial

import evaluate
from datasets import List, Value

from lethebench.evaluation.judges.summary import judged_summary, module_inputs
from lethebench.evaluation.module import RowMetric, compute_with, metric_info

_DESCRIPTION = """
Whether answers are well-formed language, from 1 (no language) to 10: the mean verdict of a judge, and the share of
answers that are language. An unlearned model that answers in loops is broken, not forgetful.
"""

_KWARGS_DESCRIPTION = module_inputs(
    "fluency: mean verdict, in [1, 10]; 10 = every answer is fluent.",
    "fluent: share of the answers that are language: verdicts of 4 and more.",
    examples="""
Examples:
    >>> import evaluate
    >>> fluency = evaluate.load("evaluation/fluency")
    >>> result = fluency.compute(
    ...     predictions=["She is a nurse.", "I don't know.", "nurse nurse nurse nurse nurse nurse", "He works at the"],
    ...     references=["nurse", "nurse", "nurse", "nurse"],
    ... )
    >>> result["fluency"], result["fluent"]
    (6.75, 0.75)
""",
)

_CITATION = """
@misc{icubench2026,
    title = {{ICU-Bench}: Benchmarking Continual Unlearning in Multimodal Large Language Models},
    year = {2026},
    eprint = {2605.05938},
    archiveprefix = {arXiv}
}
"""


@evaluate.utils.file_utils.add_start_docstrings(_DESCRIPTION, _KWARGS_DESCRIPTION)
class Fluency(RowMetric):
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

    _compute = compute_with(partial(judged_summary, "fluency"))
