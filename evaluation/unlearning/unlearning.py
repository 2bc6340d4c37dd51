"""All scores of an unlearning run, and one number, as a module of the evaluate library."""

import evaluate
from datasets import List, Value

from lethebench.evaluation.metrics import unlearning_summary
from lethebench.evaluation.module import RowMetric, compute_with, inputs_of, metric_info

_DESCRIPTION = """
All scores of an unlearning run from its rows, and one number: the harmonic mean of forget, forget_worst,
indistinguishable, keep and keep_worst, times the share of fluent answers. Is it forgotten, can the model be told from
one that never saw it, is the rest kept, of everybody and at every stage?
"""

_KWARGS_DESCRIPTION = inputs_of(
    unlearning_summary,
    examples="""
Examples:
    >>> import evaluate
    >>> unlearning = evaluate.load("evaluation/unlearning")
    >>> result = unlearning.compute(
    ...     predictions=["in Porto", "in Oslo", "in Bern", "in Rome"]
    ...     + ["no idea", "no idea", "in Bern", "in Rome"] * 2,
    ...     references=["in Porto", "in Oslo", "in Bern", "in Rome"] * 3,
    ...     model=["method"] * 8 + ["gold"] * 4,
    ...     stage=[0] * 4 + [1] * 8,
    ...     role=["forget", "forget", "retain", "retain"] * 3,
    ...     profile_id=["Ana", "Ben", "Cat", "Dan"] * 3,
    ...     held_out=[0, 0, 1, 1] * 3,
    ...     probability=[0.9, 0.9, 0.8, 0.8, 0.2, 0.2, 0.8, 0.4, 0.2, 0.2, 0.8, 0.8],
    ...     truth_ratio=[0.2] * 12,
    ...     candidates=[[-0.223, -2.303, -2.303]] * 2 + [None] * 2
    ...     + [[-1.204, -0.511, -2.303], [-0.916, -0.693, -2.303]] + [None] * 2
    ...     + [[-1.204, -0.693, -1.609]] * 2 + [None] * 2,
    ...     truth_index=[0, 0, None, None] * 3,
    ... )
    >>> [round(result[name], 3) for name in ("forget", "indistinguishable", "keep", "keep_worst", "stability", "score")]
    [1.0, 0.8, 0.891, 0.894, 0.891, 0.911]
    >>> result["worst_profile"]["keep"][0], result["flags"], result["reasons"]
    ('Dan', ['one_gold_seed'], {})
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
            keywords=List(Value("string")),
            probability=Value("float64"),
            truth_ratio=Value("float64"),
            candidates=List(Value("float64")),
            truth_index=Value("int64"),
            role=Value("string"),
            task_id=Value("int64"),
            modality=Value("string"),
            profile_id=Value("string"),
            held_out=Value("int64"),
            stage=Value("int64"),
            model=Value("string"),
            gold_seed=Value("int64"),
        )

    _compute = compute_with(unlearning_summary)
