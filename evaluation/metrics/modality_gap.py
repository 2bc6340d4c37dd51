"""Differences between picture and text questions: of knowledge of the same facts, and of hidden states."""

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
    """Return knowledge asked with a picture minus knowledge asked in text.

    Args:
        knowledge: shape (n,), of each row, in [0, 1].
        modality: shape (n,), `image_text` or `text`.
        facts: shape (n,), the fact that a row asks for, e.g. (profile_id, attribute); joins the two modalities.
        profile_ids: whose row it is; the interval then resamples profiles.
        seed: of the interval.

    Returns:
        `modality_gap` = K(image_text) - K(text), in [-1, 1], 0 is best, positive = pictures give more away;
        `image_text`, `text` (the means); over facts asked in both modalities, shares in [0, 1] that add up to 1:
        `both_forgotten`, `both_retained`, `image_text_only`, `text_only` (known in that modality only; known = mean
        over the fact's rows of at least 0.5), each None where no fact is asked in both; `facts` (their number);
        `undefined` (names that are None because rows are missing); `n`, `ci_low`, `ci_high` (95 % bootstrap interval of
        the gap); `intervals` (of the shares).

    Raises:
        ValueError: empty or unequal inputs, a value outside [0, 1], an unknown modality, or rows of one modality only.
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
    pairs, owners = _facts_in_both(values, pictured, facts, profile_ids)
    hits = {name: [pair == kind for pair in pairs] for name, kind in KINDS.items()}
    parts = {name: float(np.mean(matches)) if pairs else None for name, matches in hits.items()}
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
            name: list(bootstrap_mean(matches, clusters=owners, seed=seed)) for name, matches in hits.items() if pairs
        },
    }


def _facts_in_both(
    values: np.ndarray,
    pictured: np.ndarray,
    facts: Sequence[Hashable] | None,
    profile_ids: Sequence[Hashable] | None,
) -> tuple[list[tuple[bool, bool]], list[Hashable]]:
    """Return, per fact asked in both modalities, whether it is known (by picture, by text), and its profile."""
    rows_by_fact: dict[Hashable, tuple[list[int], list[int]]] = {}
    if facts is not None:
        same_length("facts", facts, len(values))
        for row, fact in enumerate(facts):
            rows_by_fact.setdefault(fact, ([], []))[0 if pictured[row] else 1].append(row)
    both = [(pictures, texts) for pictures, texts in rows_by_fact.values() if pictures and texts]
    pairs = [
        (bool(values[pictures].mean() >= RETAINED), bool(values[texts].mean() >= RETAINED)) for pictures, texts in both
    ]
    owners = [pictures[0] if profile_ids is None else profile_ids[pictures[0]] for pictures, _ in both]
    return pairs, owners


def centroid_distance(
    picture: ArrayLike, text: ArrayLike, *, norm: Literal["euclidean", "cosine"] = "euclidean"
) -> float:
    """Return the distance between the centroids of picture-token and text-token hidden states.

    Args:
        picture: shape (n, d), hidden states of picture tokens, or (d,), their centroid.
        text: shape (m, d) or (d,), hidden states of text tokens or their centroid.
        norm: `euclidean`, in the units of the hidden states, >= 0; or `cosine`, 1 - cosine, in [0, 2].

    Raises:
        ValueError: no token, unequal widths, a value that is not finite, or a centroid of length 0 under `cosine`.

    >>> centroid_distance([[0.0, 0.0], [2.0, 0.0]], [1.0, 3.0])
    3.0
    """
    if norm not in ("euclidean", "cosine"):
        raise ValueError(f"norm is {norm!r}: it must be euclidean or cosine")
    centers = _centroid(picture, "picture"), _centroid(text, "text")
    widths = [len(center) for center in centers]
    if widths[0] != widths[1]:
        raise ValueError(f"hidden states of pictures are {widths[0]} wide, of text {widths[1]}: give one layer's")
    if norm == "euclidean":
        return float(np.linalg.norm(centers[0] - centers[1]))
    lengths = float(np.linalg.norm(centers[0]) * np.linalg.norm(centers[1]))
    if lengths == 0:
        raise ValueError("a centroid has length 0 and no direction: use norm='euclidean'")
    return float(1 - np.clip(centers[0] @ centers[1] / lengths, -1, 1))


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
    """Return how far unlearning moves picture tokens and text tokens apart, per task.

    Args:
        before: task -> hidden states of its picture tokens and of its text tokens, shapes (n, d) and (m, d), or their
            centroids (d,), before unlearning. The caller chooses the layer; this project uses the last one.
        after: the same tasks after unlearning.
        norm: of `centroid_distance`; the default is this project's choice.

    Returns:
        task -> `before`, `after` (distances, >= 0) and `difference` = after - before; 0 = no drift.

    Source: MLUBench tabulates such a drift without stating layer and norm.
    """
    if not before or set(before) != set(after):
        unpaired = sorted(map(str, set(before) ^ set(after)))
        raise ValueError(f"before and after must hold the same tasks, at least one; only one of them holds {unpaired}")
    gaps: dict[Hashable, dict[str, float]] = {}
    for task in before:
        try:
            near, far = (centroid_distance(*states[task], norm=norm) for states in (before, after))
        except ValueError as error:
            raise ValueError(f"task {task}: {error}") from error
        gaps[task] = {"before": near, "after": far, "difference": far - near}
    return gaps
