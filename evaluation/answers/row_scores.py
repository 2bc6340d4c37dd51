"""The columns of per-row scores, and the scores that depend on texts alone; needs no torch."""

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from lethebench.evaluation.metrics.answer_kind import answer_kind
from lethebench.evaluation.metrics.membership import SHARES
from lethebench.evaluation.metrics.text import exact_match, keyword_match, rouge_l_parts
from lethebench.evaluation.metrics.words import normalised_tokens

CARRIED_COLUMNS = (
    "id",
    "profile_id",
    "task_id",
    "split",
    "role",
    "modality",
    "format",
    "attribute",
    "hops",
    "question",
    "answer",
)
"""Columns of a row that its scores repeat, in order."""
SCORE_COLUMNS = (
    "generated",
    "answer_kind",
    "exact_match",
    "keyword_match",
    "rouge_l",
    "rouge_l_recall",
    "choice_match",
    "logprob",
    "num_tokens",
    "probability",
    "option_probability",
    "exact_memorization",
    "extraction_strength",
    "truth_ratio",
    "truth_ratio_arithmetic",
    "rank",
    "num_candidates",
    "exposure",
    "exposure_normalised",
    "candidate_logprobs",
)
"""Columns that are added to a row, in order."""
SAMPLE_COLUMNS = ("num_samples", "leaks")
"""Columns that are added where answers are sampled: their number, and how many name every keyword."""
MEMBERSHIP_COLUMNS = ("loss", "zlib", *(f"min_k_{k}" for k in SHARES), *(f"min_k_plus_plus_{k}" for k in SHARES))
"""Columns that are added on request."""


def label_names(rows: Any) -> dict[str, Callable[[int], str]]:
    """Return column -> function from number to name, for the class labels of a dataset."""
    features = getattr(rows, "features", None) or {}
    return {name: feature.int2str for name, feature in features.items() if hasattr(feature, "int2str")}


def carried(row: Mapping, names: Mapping[str, Callable[[int], str]], split: str | None = None) -> dict[str, Any]:
    """Return the columns that a row's scores repeat; `names` is from `label_names`, `split` replaces the row's own."""
    values = {name: row.get(name) for name in CARRIED_COLUMNS}
    values["split"] = split if split is not None else row.get("split")
    for name, to_name in names.items():
        number = values.get(name)
        if isinstance(number, int):
            values[name] = to_name(number)
    return values


def keywords_of(row: Mapping) -> list[str]:
    """Return the keywords of a row that have at least one token; if there are none, its answer."""
    return [word for word in row.get("keywords") or () if normalised_tokens(word)] or [row["answer"]]


def keyword_or_exact_match(generated: str, answer: str, keywords: Sequence[str]) -> float:
    """Return `keyword_match`, or `exact_match` where no keyword has a word to look for, such as an emoji."""
    if any(map(normalised_tokens, keywords)):
        return keyword_match(generated, keywords)
    return exact_match(generated, answer)


def compare(generated: str, answer: str, keywords: Sequence[str], refusals: Collection[str] = ()) -> dict[str, Any]:
    """Return a generated text, its `answer_kind` and its scores against the answer, each in [0, 1], higher is closer.

    ROUGE-L is None where the answer has no token for it; `keyword_match` is `keyword_or_exact_match`.
    """
    _, recall, f_measure = rouge_l_parts(generated, answer)
    keyword = keyword_or_exact_match(generated, answer, keywords)
    return {
        "generated": generated,
        "answer_kind": answer_kind(generated, keyword == 1.0, refusals),
        "exact_match": exact_match(generated, answer),
        "keyword_match": keyword,
        "rouge_l": None if math.isnan(f_measure) else f_measure,
        "rouge_l_recall": None if math.isnan(recall) else recall,
    }
