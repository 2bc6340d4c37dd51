"""Model utility: what a model keeps over retain, neighbour and general rows."""

from collections.abc import Hashable, Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike

from lethebench.evaluation.metrics.bootstrap import bootstrap
from lethebench.evaluation.metrics.validation import harmonic_mean, rouge_flags, same_length, shares

GROUPS = ("retain", "neighbour", "general")
KNOWN = 0.5  # a group enters utility if the keyword match of the initial model reaches this


def _truth(values: Sequence[float | None] | np.ndarray) -> np.ndarray:
    """Return max(0, 1 - R) per row; NaN marks a row without a truth ratio."""
    ratios = np.array([np.nan if value is None else value for value in values], dtype=np.float64)
    for row, value in enumerate(values):
        if value is not None and not 0 <= value < np.inf:
            raise ValueError(f"truth_ratio[{row}] is {value}: it must be a finite number of at least 0, or None")
    return np.maximum(0.0, 1.0 - ratios)


def _mean(values: np.ndarray, defined: np.ndarray | None, rows: np.ndarray) -> float | None:
    """Return the mean over the rows that have a value; None where no row has one.

    Args:
        values: Of all rows.
        defined: Which rows have a value; None if all do.
        rows: Indices, with repetitions.
    """
    chosen = values[rows] if defined is None else values[rows[defined[rows]]]
    return float(np.add.reduce(chosen) / len(chosen)) if len(chosen) else None


def model_utility(
    probability: ArrayLike | None,
    rouge_l_recall: ArrayLike,
    truth_ratio: Sequence[float | None] | np.ndarray | None,
    *,
    groups: Sequence[str] | None = None,
    known: Mapping[str, float | None] | None = None,
    before: float | None = None,
    profile_ids: Sequence[Hashable] | None = None,
    seed: int = 0,
) -> dict:
    """Return model utility: the harmonic mean of probability, ROUGE-L recall and truth over all known groups.

    Args:
        probability: shape (n,), length-normalized probability of each answer, in [0, 1]; None where not measured.
        rouge_l_recall: shape (n,), of each generated answer, in [0, 1]; None or NaN where it is not measured.
        truth_ratio: shape (n,), R >= 0 of each row; None where a row has none (left out of that mean), or for all.
        groups: shape (n,), `retain`, `neighbour` or `general`; default: all `retain`.
        known: group -> keyword match of the initial model (t = 0). Groups below 0.5 do not enter. Default: all enter.
        before: utility at t = 0.
        profile_ids: whose row it is; the interval then resamples profiles.
        seed: of the interval.

    Returns:
        utility: in 0..1, higher is better; 0 where any component is 0.
        utility_relative: utility / before, about 1 is best; None without `before`.
        <group>_probability, <group>_rouge_l_recall: mean over the group, in 0..1, higher is better.
        <group>_truth_ratio: mean of max(0, 1 - R) over the group, in 0..1, higher is better.
        not_measured: groups that were not known, parts without any value.
        flags: among collapsed (utility_relative < 0.5), not_measured, rouge_not_measured (answers without a token for
            ROUGE-L).
        n: number of rows that entered.
        ci_low, ci_high: bootstrap 95 % interval of `utility`.

    Raises:
        ValueError: empty or unequal inputs, a value out of range, an unknown group, or no group that was known.

    Source: Maini et al., "TOFU", 2024, section 3.2, with retain, neighbour and general sets in place of TOFU's three.
    """
    recall = shares(rouge_l_recall, "rouge_l_recall", holes=True)
    likely = np.full(len(recall), np.nan)
    if probability is not None:
        likely = shares(probability, "probability", count=len(recall))
    truth_ratio = [None] * len(recall) if truth_ratio is None else truth_ratio
    same_length("truth_ratio", truth_ratio, len(recall))
    names = np.array(["retain"] * len(recall) if groups is None else list(groups))
    same_length("groups", names, len(recall))
    unknown = sorted(set(names.tolist()) - set(GROUPS))
    if unknown:
        raise ValueError(f"unknown group {unknown[0]!r}: a group is one of {', '.join(GROUPS)}")
    if before is not None and not 0 < before <= 1:
        raise ValueError(f"utility before unlearning is {before}: utility_relative needs a number in 0..1 above 0")
    components = {"probability": likely, "rouge_l_recall": recall, "truth_ratio": _truth(truth_ratio)}
    present = [group for group in GROUPS if group in names]
    missing = [group for group in present if known is not None and (known.get(group) or 0.0) < KNOWN]
    entered = [group for group in present if group not in missing]
    if not entered:
        raise ValueError(
            f"the initial model knew none of the groups {', '.join(present)}: keyword match is below {KNOWN}"
        )

    member = {group: None if (names == group).all() else names == group for group in present}
    defined = {name: None if np.isfinite(values).all() else ~np.isnan(values) for name, values in components.items()}

    def utility(rows: np.ndarray) -> tuple[float | None, dict]:
        parts: dict[str, float | None] = {}
        entered_parts = []
        for group in present:
            of_group = member[group]
            chosen = rows if of_group is None else rows[of_group[rows]]
            for name, component in components.items():
                mean = parts[f"{group}_{name}"] = _mean(component, defined[name], chosen)
                if mean is not None and group in entered:
                    entered_parts.append(mean)
        return (harmonic_mean(entered_parts) if entered_parts else None), parts

    value, parts = utility(np.arange(len(recall)))
    missing += [name for name, mean in parts.items() if mean is None]
    low, high = bootstrap(lambda rows: utility(rows)[0], len(recall), clusters=profile_ids, seed=seed)
    relative = None if before is None or value is None else value / before
    flags = ["collapsed"] if relative is not None and relative < 0.5 else []
    return {
        "utility": value,
        "utility_relative": relative,
        **parts,
        "not_measured": missing,
        "flags": flags + (["not_measured"] if missing else []) + rouge_flags(recall),
        "n": int(np.isin(names, entered).sum()),
        "ci_low": low,
        "ci_high": high,
    }
