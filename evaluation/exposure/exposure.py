"""Exposure of facts among the values they could have, as a module of the evaluate library."""

import evaluate
from datasets import List, Value

from lethebench.evaluation.metrics import exposure_summary
from lethebench.evaluation.module import RowMetric, compute_with, inputs_of, metric_info

_DESCRIPTION = """
How many bits of a fact a model gives away (Carlini et al., 2019): all values that the fact could have are ranked by the
model's log-probability. 0 bits: the true value is the least likely; log2 of the number of candidates: it is the most
likely. After unlearning exposure should be that of a model that never saw the fact: compare with `gold`, not with 0.
"""

_KWARGS_DESCRIPTION = inputs_of(
    exposure_summary,
    examples="""
Examples:
    >>> import evaluate
    >>> exposure = evaluate.load("evaluation/exposure")
    >>> scores = [[-1.0, -5.0, -6.0, -9.0], [-4.0, -2.0, -3.0, -8.0]]
    >>> result = exposure.compute(predictions=scores, references=[0, 3])
    >>> result["exposure"], result["exposure_normalised"], result["rank1_share"]
    (1.0, 0.5, 0.5)
""",
)

_CITATION = """
@inproceedings{carlini2019secret,
    title = {The Secret Sharer: Evaluating and Testing Unintended Memorization in Neural Networks},
    author = {Carlini, Nicholas and Liu, Chang and Erlingsson, {\\'U}lfar and Kos, Jernej and Song, Dawn},
    booktitle = {28th USENIX Security Symposium},
    year = {2019}
}
"""


@evaluate.utils.file_utils.add_start_docstrings(_DESCRIPTION, _KWARGS_DESCRIPTION)
class Exposure(RowMetric):
    """Thin wrapper of `lethebench.evaluation.metrics.exposure_summary`."""

    def _info(self) -> evaluate.MetricInfo:
        return metric_info(
            _DESCRIPTION,
            _KWARGS_DESCRIPTION,
            _CITATION,
            predictions=List(Value("float64")),
            references=Value("int64"),
            gold=List(Value("float64")),
            num_tokens=List(Value("float64")),
            profile_ids=Value("string"),
        )

    _compute = compute_with(exposure_summary)
