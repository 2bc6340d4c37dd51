"""Memorization of the training rows, as a module of the evaluate library."""

from collections.abc import Hashable, Sequence

import evaluate
from datasets import List, Value

from lethebench.contract.defaults import GATE_THRESHOLD
from lethebench.evaluation.metrics import exact_match, memorization_summary, rouge_l
from lethebench.evaluation.metrics.run_rows import knowledge_of
from lethebench.evaluation.module import RowMetric, compute_with, inputs_of, metric_info

_DESCRIPTION = """
How much of its training answers a model repeats before it is asked to forget: exact match, ROUGE-L and keyword match,
by modality and number of hops, and a gate. Unlearning cannot be measured on facts that the model does not know.
"""

_KWARGS_DESCRIPTION = inputs_of(
    memorization_summary,
    args="""
Args:
    predictions: generated texts.
    references: answers.
    keywords: per row, the parts of the answer that carry the fact; default: the answer.
    modality: per row, image_text or text.
    hops: per row, 1 = the question names the subject, 2 and more = reached through a picture or relation.
    threshold: exact match that each modality must reach to pass, default 0.9.
    min_k: per row, the Min-K % score of the answer.
    profile_ids: per row, whose row it is; the intervals then resample profiles.
    seed: of the bootstrap intervals.
""",
    examples="""
Examples:
    >>> import evaluate
    >>> memorization = evaluate.load("evaluation/memorization")
    >>> result = memorization.compute(
    ...     predictions=["In Porto.", "a nurse", "no idea"], references=["in Porto", "a nurse", "asthma"],
    ...     modality=["text", "image_text", "image_text"], hops=[1, 1, 2],
    ... )
    >>> result["text_exact_match"], result["image_text_exact_match"], result["multi_hop_gap"]
    (1.0, 0.5, 1.0)
    >>> result["passed"], result["reason"]
    (False, 'exact match below 0.9: image_text 0.500')
""",
)

_CITATION = """
@inproceedings{lin2004rouge,
    title = {{ROUGE}: A Package for Automatic Evaluation of Summaries},
    author = {Lin, Chin-Yew},
    booktitle = {Text Summarization Branches Out},
    year = {2004}
}
"""


def _scores(
    predictions: Sequence[str],
    references: Sequence[str],
    keywords: Sequence[Sequence[str]] | None = None,
    modality: Sequence[str] | None = None,
    hops: Sequence[int] | None = None,
    threshold: float = GATE_THRESHOLD,
    min_k: Sequence[float] | None = None,
    profile_ids: Sequence[Hashable] | None = None,
    seed: int = 0,
) -> dict:
    """Return `memorization_summary` of texts."""
    pairs = list(zip(predictions, references, strict=True))
    return memorization_summary(
        [exact_match(text, answer) for text, answer in pairs],
        [rouge_l(text, answer) for text, answer in pairs],
        knowledge_of(predictions, references, keywords),
        modality=modality,
        hops=hops,
        min_k=min_k,
        threshold=threshold,
        profile_ids=profile_ids,
        seed=seed,
    )


@evaluate.utils.file_utils.add_start_docstrings(_DESCRIPTION, _KWARGS_DESCRIPTION)
class Memorization(RowMetric):
    """Thin wrapper of `lethebench.evaluation.metrics.memorization_summary`."""

    def _info(self) -> evaluate.MetricInfo:
        return metric_info(
            _DESCRIPTION,
            _KWARGS_DESCRIPTION,
            _CITATION,
            predictions=Value("string"),
            references=Value("string"),
            keywords=List(Value("string")),
            modality=Value("string"),
            hops=Value("int64"),
            min_k=Value("float64"),
            profile_ids=Value("string"),
        )

    _compute = compute_with(_scores)
