"""Is the same fact forgotten both as a picture and as text? Gaps of knowledge, and of hidden states."""

from collections.abc import Hashable, Mapping, Sequence
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from lethebench.contract.columns import MODALITIES
from lethebench.evaluation.metrics.bootstrap import bootstrap_mean, mean_difference
from lethebench.evaluation.metrics.validation import same_length, shares

RETAINED = 0.5
"""A fact counts as known in a modality where its mean knowledge reaches this."""
KINDS = {
    "both_forgotten": (False, False),
    "both_retained": (True, True),
    "image_text_only": (True, False),
    "text_only": (False, True),
}
"""Share of facts -> whether they are known by pictures and by texts."""


def modality_gap(
    knowledge: ArrayLike,
    modality: Sequence[str],
    facts: Sequence[Hashable] | None = None,
    *,
    profile_ids: Sequence[Hashable] | None = None,
    seed: int = 0,
) -> dict:
    """Knowledge asked with a picture less knowledge asked in words.

    Args:
        knowledge: shape (n,), of each row, in [0, 1].
        modality: shape (n,), `image_text` or `text`.
        facts: shape (n,), which fact a row asks for, e.g. (profile_id, attribute): joins the two ways.
        profile_ids: whose row it is; the interval then resamples profiles.
        seed: of the interval.

    Returns:
        `modality_gap` = K(image_text) - K(text), in [-1, 1], 0 is best: 0 < the picture still gives the fact away;
        `image_text`, `text` (the means); over facts asked both ways, shares in [0, 1] that add up to 1:
        `both_forgotten`, `both_retained`, `image_text_only`, `text_only` (known that way alone; known = mean over the
        fact's rows of at least 0.5), each None where no fact is asked both ways; `facts` (how many are); `undefined`
        (names that are None for want of rows); `n`, `ci_low`, `ci_high` (95 % bootstrap interval of the gap);
        `intervals` (of the shares).

    Raises:
        ValueError: empty or unequal inputs, a value outside [0, 1], another modality, or rows of one modality alone.
    """
    values = shares(knowledge, "knowledge")
    same_length("modality", modality, len(values))
    for row, kind in enumerate(modality):
        if kind not in MODALITIES:
            raise ValueError(f"modality[{row}] is {kind!r}: it must be {' or '.join(MODALITIES)}")
    pictured = np.array([kind == "image_text" for kind in modality])
    if pictured.all() or not pictured.any():
        raise ValueError(f"all {len(values)} rows are {modality[0]}: a gap needs rows of both modalities")
    gap, low, high = mean_difference(values, pictured, clusters=profile_ids, seed=seed)
    pairs, owners = _both_ways(values, pictured, facts, profile_ids)
    marks = {name: [pair == kind for pair in pairs] for name, kind in KINDS.items()}
    parts = {name: float(np.mean(found)) if pairs else None for name, found in marks.items()}
    return {
        "modality_gap": gap,
        "image_text": float(values[pictured].mean()),
        "text": float(values[~pictured].mean()),
        **parts,
        "facts": len(pairs),
        "undefined": [] if pairs else list(KINDS),
        "n": len(values),
        "ci_low": low,
        "ci_high": high,
        "intervals": {
            name: list(bootstrap_mean(found, clusters=owners, seed=seed)) for name, found in marks.items() if pairs
        },
    }


def _both_ways(
    values: np.ndarray,
    pictured: np.ndarray,
    facts: Sequence[Hashable] | None,
    profile_ids: Sequence[Hashable] | None,
) -> tuple[list[tuple[bool, bool]], list[Hashable]]:
    """Of each fact that is asked both ways: whether it is known (by its pictures, by its texts), and whose it is."""
    asked: dict[Hashable, tuple[list[int], list[int]]] = {}
    if facts is not None:
        same_length("facts", facts, len(values))
        for row, fact in enumerate(facts):
            asked.setdefault(fact, ([], []))[0 if pictured[row] else 1].append(row)
    both = [ways for ways in asked.values() if all(ways)]
    known = [tuple(bool(values[rows].mean() >= RETAINED) for rows in ways) for ways in both]
    owners = [seen[0] if profile_ids is None else profile_ids[seen[0]] for seen, _ in both]
    return known, owners


def centroid_distance(
    picture: ArrayLike, text: ArrayLike, *, norm: Literal["euclidean", "cosine"] = "euclidean"
) -> float:
    """Distance between the centroids of picture-token and text-token hidden states.

    Args:
        picture: shape (n, d), hidden states of picture tokens, or (d,), their centroid.
        text: shape (m, d) or (d,), the same of text tokens.
        norm: `euclidean`, in the units of the hidden states, >= 0; or `cosine`, 1 - cosine, in [0, 2].

    Raises:
        ValueError: no token, another width, a value that is not finite, or a centroid of length 0 under `cosine`.

    >>> centroid_distance([[0.0, 0.0], [2.0, 0.0]], [1.0, 3.0])
    3.0
    """
    if norm not in ("euclidean", "cosine"):
        raise ValueError(f"norm is {norm!r}: it must be euclidean or cosine")
    one, other = (_centroid(values, name) for values, name in ((picture, "picture"), (text, "text")))
    if one.shape != other.shape:
        raise ValueError(f"hidden states of pictures are {len(one)} wide, of text {len(other)}: give one layer's")
    if norm == "euclidean":
        return float(np.linalg.norm(one - other))
    lengths = float(np.linalg.norm(one) * np.linalg.norm(other))
    if lengths == 0:
        raise ValueError("a centroid has length 0: it has no direction, use norm='euclidean'")
    return float(1 - np.clip(one @ other / lengths, -1, 1))


def _centroid(values: ArrayLike, name: str) -> np.ndarray:
    array = np.atleast_2d(np.asarray(values, dtype=np.float64))
    if array.ndim != 2 or not array.size:
        raise ValueError(f"hidden states of {name} have the shape {array.shape}: give (tokens, width), at least one")
    bad = np.argwhere(~np.isfinite(array))
    if len(bad):
        token, unit = bad[0]
        raise ValueError(f"hidden state [{token}, {unit}] of {name} is {array[token, unit]}: it must be finite")
    return array.mean(axis=0)


def representation_gap(
    before: Mapping[Hashable, tuple[ArrayLike, ArrayLike]],
    after: Mapping[Hashable, tuple[ArrayLike, ArrayLike]],
    *,
    norm: Literal["euclidean", "cosine"] = "euclidean",
) -> dict[Hashable, dict[str, float]]:
    """How far unlearning moves picture tokens and text tokens apart, per task.

    Args:
        before: task -> hidden states of its picture tokens and of its text tokens, shapes (n, d) and (m, d), or their
            centroids (d,), before unlearning. Which layer is the caller's choice; this project reads the last one.
        after: the same tasks after unlearning.
        norm: of `centroid_distance`; Euclidean by default, this project's choice.

    Returns:
        task -> `before`, `after` (distances, >= 0) and `difference` = after - before; 0 = no drift.

    Raises:
        ValueError: no task, other tasks before than after, or bad hidden states, with the task.

    Source: MLUBench tabulates such a drift; its layer and norm are not given.
    """
    if not before or set(before) != set(after):
        odd = sorted(map(str, set(before) ^ set(after)))
        raise ValueError(f"before and after must hold the same tasks, at least one; only one of them holds {odd}")
    found = {}
    for task in before:
        try:
            near, far = (centroid_distance(*states[task], norm=norm) for states in (before, after))
        except ValueError as error:
            raise ValueError(f"task {task}: {error}") from error
        found[task] = {"before": near, "after": far, "difference": far - near}
    return found
