"""Memorization of the training rows and the memorization gate."""

from collections.abc import Hashable, Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike

from lethebench.contract.defaults import GATE_THRESHOLD
from lethebench.evaluation.metrics.bootstrap import bootstrap_mean, mean_difference
from lethebench.evaluation.metrics.validation import finite, rouge_flags, same_length, shares


def gate(exact_match: ArrayLike, modality: Sequence[str], *, threshold: float = GATE_THRESHOLD) -> dict:
    """Return the verdict of the memorization gate: whether exact match reaches the threshold in each modality.

    Returns:
        One mean per modality under its name, `passed`, `threshold`, `n` (rows per modality), `reason` (None, or which
        modality is below) and `flags` (`not_memorised` where it did not pass).
    """
    if not 0 <= threshold <= 1:
        raise ValueError(f"the gate's threshold is {threshold}: give a number in 0..1")
    matches = shares(exact_match, "exact_match")
    same_length("modality", modality, len(matches))
    kinds = np.array(list(modality))
    names = sorted(set(kinds.tolist()))
    means = {name: float(matches[kinds == name].mean()) for name in names}
    below = [f"{name} {mean:.3f}" for name, mean in means.items() if mean < threshold]
    return {
        **means,
        "passed": not below,
        "threshold": float(threshold),
        "n": {name: int((kinds == name).sum()) for name in names},
        "reason": f"exact match below {threshold}: {', '.join(below)}" if below else None,
        "flags": ["not_memorised"] if below else [],
    }


def memorization_summary(
    exact_match: ArrayLike,
    rouge_l: ArrayLike,
    keyword_match: ArrayLike,
    *,
    modality: Sequence[str] | None = None,
    hops: Sequence[int] | None = None,
    min_k: ArrayLike | None = None,
    threshold: float = GATE_THRESHOLD,
    profile_ids: Sequence[Hashable] | None = None,
    seed: int = 0,
) -> dict:
    """Return how much of the training rows a model memorized, and whether it passes the gate.

    Args:
        exact_match, rouge_l, keyword_match: shape (n,), per row, in [0, 1]; rouge_l is None or NaN where it is not
            measured.
        modality: shape (n,), e.g. `image_text` or `text`.
        hops: shape (n,), 1 = the question names the subject, 2+ = reached through a picture or relation.
        min_k: shape (n,), Min-K % score of each answer.
        threshold: the exact match that each modality must reach, in [0, 1].
        profile_ids: whose row it is; the intervals then resample profiles.
        seed: of the intervals.

    Returns:
        exact_match, rouge_l, keyword_match: mean in 0..1, higher = more memorized; rouge_l is None where no row has it.
        <modality>_exact_match, <modality>_rouge_l, <modality>_keyword_match: mean over one modality or number of hops
            (`hops_2_rouge_l`).
        multi_hop_gap: keyword match of 1 hop minus that of 2 and more, in -1..1, 0 is best, positive = facts are known
            but not reached over a relation; None where either has no row.
        min_k: mean Min-K % score, where given.
        passed: whether every modality reaches the threshold; without modalities, whether all rows together do.
        threshold: exact match that each modality must reach.
        reason: which modality is below the threshold, or None.
        flags: among not_memorised (the gate failed), rouge_not_measured (answers without a token for ROUGE-L).
        undefined: names of results that are None.
        rows: number of rows per modality and number of hops.
        n: number of rows.
        intervals: bootstrap 95 % interval of every mean and of the gap; None with fewer than two rows or profiles.

    Raises:
        ValueError: empty or unequal inputs, an answer or keyword without a word, a value outside 0..1, or a number of
            hops below 1; names the row.
    """
    columns = {"exact_match": shares(exact_match, "exact_match")}
    count = len(columns["exact_match"])
    columns["rouge_l"] = shares(rouge_l, "rouge_l", count=count, holes=True)
    columns["keyword_match"] = shares(keyword_match, "keyword_match", count=count)
    groups = _groups(modality, hops, count)
    if profile_ids is not None:
        same_length("profile_ids", profile_ids, count)
    passed = gate(columns["exact_match"], ["all rows"] * count if modality is None else modality, threshold=threshold)
    means: dict = {}
    intervals: dict[str, list] = {}

    def add(name: str, values: np.ndarray, rows: np.ndarray) -> None:
        rows = rows[~np.isnan(values[rows])]
        if not len(rows):
            means[name], intervals[name] = None, [None, None]
            return
        owners = None if profile_ids is None else [profile_ids[row] for row in rows]
        means[name] = float(values[rows].mean())
        intervals[name] = list(bootstrap_mean(values[rows], clusters=owners, seed=seed))

    for group, rows in {"": np.arange(count), **groups}.items():
        for name, values in columns.items():
            add(f"{group}_{name}" if group else name, values, rows)
    if min_k is not None:
        add("min_k", finite(min_k, "min_k", count=count), np.arange(count))
    gap = None
    single = np.array([1] * count if hops is None else hops) == 1
    if single.any() and not single.all():
        gap, *intervals["multi_hop_gap"] = mean_difference(
            columns["keyword_match"], single, clusters=profile_ids, seed=seed
        )
    means["multi_hop_gap"] = gap
    return means | {
        "undefined": [name for name, value in means.items() if value is None],
        **{name: passed[name] for name in ("passed", "threshold", "reason")},
        "flags": passed["flags"] + rouge_flags(columns["rouge_l"]),
        "rows": {group: len(rows) for group, rows in groups.items()},
        "n": count,
        "intervals": intervals,
    }


def _groups(modality: Sequence[str] | None, hops: Sequence[int] | None, count: int) -> Mapping[str, np.ndarray]:
    """Return the row indices of each modality and number of hops."""
    groups: dict[str, list[int]] = {}
    if modality is not None:
        same_length("modality", modality, count)
        for row in sorted(range(count), key=lambda row: str(modality[row])):
            groups.setdefault(str(modality[row]), []).append(row)
    if hops is not None:
        same_length("hops", hops, count)
        for row, number in enumerate(hops):
            if number is None or not number >= 1 or number != int(number):
                raise ValueError(f"hops[{row}] is {number}: give a whole number of at least 1")
        for row in sorted(range(count), key=lambda row: hops[row]):
            groups.setdefault(f"hops_{int(hops[row])}", []).append(row)
    return {name: np.array(rows) for name, rows in groups.items()}
