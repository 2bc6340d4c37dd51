"""Factuality of answers by a judge, as a module of the evaluate library."""

from functools import partial

import evaluate
from datasets import List, Value

from lethebench.evaluation.judges.summary import judged_summary, module_inputs
from lethebench.evaluation.module import RowMetric, compute_with, metric_info

_DESCRIPTION = """
How well the facts of answers agree with the true answers, from 1 (not at all) to 10 (wholly): MLLMU-Bench's score,
the mean verdict of a judge that is shown the true answer.
"""

_KWARGS_DESCRIPTION = module_inputs(
    "factuality: mean verdict, in [1, 10]; 10 = all facts agree with the truth.",
    "",
    examples="""
Examples:
    >>> import evaluate
    >>> factuality = evaluate.load("evaluation/factuality")
    >>> result = factuality.compute(
    ...     predictions=["48 Mill Lane, Leeds", "48 Mill Lane in Hull", "I don't know."],
    ...     references=["48 Mill Lane, Leeds", "48 Mill Lane, Leeds", "48 Mill Lane, Leeds"],
    ... )
    >>> round(result["factuality"], 4), result["failed"]
    (5.3333, 0)
""",
)

_CITATION = """
@inproceedings{liu2025mllmubench,
    title = {Protecting Privacy in Multimodal Large Language Models with {MLLMU-Bench}},
    author = {Liu, Zheyuan and Dou, Guangyao and Jia, Mengzhao and Tan, Zhaoxuan and Zeng, Qingkai and others},
    booktitle = {NAACL},
    year = {2025}
}
"""


@evaluate.utils.file_utils.add_start_docstrings(_DESCRIPTION, _KWARGS_DESCRIPTION)
class Factuality(RowMetric):
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

    _compute = compute_with(partial(judged_summary, "factuality"))
