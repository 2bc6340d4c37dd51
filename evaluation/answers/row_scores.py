"""The columns of per-row scores, and those that come from texts alone; needs no torch."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from lethebench.evaluation.metrics.membership import SHARES
from lethebench.evaluation.metrics.text import exact_match, keyword_match, normalised_tokens, rouge_l_parts

# Columns of a row that its scores carry on, in order.
CARRIED = (
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
# Columns that are added to a row, in order.
SCORES = (
    "generated",
    "exact_match",
    "keyword_match",
    "rouge_l",
    "rouge_l_recall",
    "choice_match",
    "logprob",
    "num_tokens",
    "probability",
    "truth_ratio",
    "rank",
    "num_candidates",
    "exposure",
    "exposure_normalised",
)
# What is added to those on request.
MEMBERSHIP = ("loss", "zlib", *(f"min_k_{k}" for k in SHARES), *(f"min_k_plus_plus_{k}" for k in SHARES))


def label_names(rows: Any) -> dict[str, Callable[[int], str]]:
    """Column -> what turns its numbers into names, for the class labels of a dataset."""
    features = getattr(rows, "features", None) or {}
    return {name: feature.int2str for name, feature in features.items() if hasattr(feature, "int2str")}


def carried(row: Mapping, names: Mapping[str, Callable[[int], str]], split: str | None = None) -> dict:
    """The columns that a row's scores carry on.

    Args:
        row: of the data contract.
        names: as `label_names` gives.
        split: its split; None = its own column.
    """
    found = {name: row.get(name) for name in CARRIED}
    found["split"] = split if split is not None else row.get("split")
    for name, to_name in names.items():
        if name in found and isinstance(found[name], int):
            found[name] = to_name(found[name])
    return found


def keywords_of(row: Mapping) -> list[str]:
    """The keywords of a row that have something to look for; without one, its answer."""
    return [word for word in row.get("keywords") or () if normalised_tokens(word)] or [row["answer"]]


def compare(generated: str, answer: str, keywords: Sequence[str]) -> dict:
    """The scores of a generated text, in [0, 1], beside the text itself."""
    _, recall, f_measure = rouge_l_parts(generated, answer)
    return {
        "generated": generated,
        "exact_match": exact_match(generated, answer),
        "keyword_match": keyword_match(generated, keywords),
        "rouge_l": f_measure,
        "rouge_l_recall": recall,
    }
