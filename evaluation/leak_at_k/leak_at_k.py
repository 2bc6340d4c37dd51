"""leak@k of a set of questions, as a module of the evaluate library."""

import evaluate
from datasets import Value

from lethebench.evaluation.metrics import leak_summary
from lethebench.evaluation.module import RowMetric, compute_with, inputs_of, metric_info

_DESCRIPTION = """
The share of facts that any of k sampled answers gives away, by the unbiased estimator of pass@k: a model whose
likeliest answer is harmless may still leak when it is asked several times.
"""

_KWARGS_DESCRIPTION = inputs_of(
    leak_summary,
    examples="""
Examples:
    >>> import evaluate
    >>> leak = evaluate.load("evaluation/leak_at_k")
    >>> result = leak.compute(predictions=[0, 2, 4], references=[4, 4, 4])
    >>> result["leak_at_1"], round(result["leak_at_2"], 4), round(result["leak_at_4"], 4)
    (0.5, 0.6111, 0.6667)
""",
)

_CITATION = """
@misc{reisizadeh2025leak,
    title = {{Leak@k}: Unlearning Does Not Make {LLMs} Forget Under Probabilistic Decoding},
    author = {Reisizadeh, Hadi and Ruan, Jiajun and Chen, Yiwei and Pal, Soumyadeep and Liu, Sijia and Hong, Mingyi},
    year = {2025},
    eprint = {2511.04934},
    archiveprefix = {arXiv}
}
"""


@evaluate.utils.file_utils.add_start_docstrings(_DESCRIPTION, _KWARGS_DESCRIPTION)
class LeakAtK(RowMetric):
    """Thin wrapper of `lethebench.evaluation.metrics.leak_summary`."""

    def _info(self) -> evaluate.MetricInfo:
        return metric_info(
            _DESCRIPTION,
            _KWARGS_DESCRIPTION,
            _CITATION,
            predictions=Value("float64"),
            references=Value("int64"),
            profile_ids=Value("string"),
        )

    _compute = compute_with(leak_summary)
