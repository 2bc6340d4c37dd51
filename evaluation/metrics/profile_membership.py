"""Membership of whole profiles: scores averaged over a profile's rows, attacks at low false-positive rates, LiRA."""

from collections.abc import Hashable, Sequence

import numpy as np
from numpy.typing import ArrayLike

from lethebench.evaluation.metrics.bootstrap import RESAMPLES, bootstrap
from lethebench.evaluation.metrics.membership import area_under_curve, member_flags
from lethebench.evaluation.metrics.validation import finite, same_length

FALSE_POSITIVES = 0.01
"""The false-positive rate at which the true-positive rate is reported."""
SMALLEST_DEVIATION = 1e-30  # of a Gaussian fitted to equal scores


def profile_means(scores: ArrayLike, profile_ids: Sequence[Hashable]) -> dict[Hashable, float]:
    """Return profile -> mean of its rows' membership scores, in the order of their first rows."""
    values = finite(scores, "scores")
    same_length("profile_ids", profile_ids, len(values))
    rows: dict[Hashable, list[float]] = {}
    for profile, value in zip(profile_ids, values.tolist(), strict=True):
        rows.setdefault(profile, []).append(value)
    return {profile: float(np.mean(members)) for profile, members in rows.items()}


def tpr_at_fpr(scores: ArrayLike, members: Sequence[int] | np.ndarray, fpr: float = FALSE_POSITIVES) -> float:
    """Return the share of members above a threshold that at most a share `fpr` of non-members is above, in [0, 1].

    Of all such thresholds the one with the most members; ties go to the non-members. With fewer than 1 / fpr
    non-members no one of them may be above it.

    Source: Carlini et al., "Membership Inference Attacks From First Principles", 2022, section 3.

    >>> tpr_at_fpr([0.9, 0.8, 0.3, 0.5, 0.2], [1, 1, 1, 0, 0]), tpr_at_fpr([0.5, 0.5], [1, 0])
    (0.6666666666666666, 0.0)
    """
    if not 0 <= fpr <= 1:
        raise ValueError(f"fpr is {fpr}: give a share of non-members in 0..1")
    values = finite(scores, "scores")
    return _tpr(values, member_flags(members, len(values)), fpr)


def _tpr(values: np.ndarray, inside: np.ndarray, fpr: float) -> float:
    others = np.sort(values[~inside])[::-1]
    allowed = int(np.floor(fpr * len(others) + 1e-9))
    threshold = others[allowed] if allowed < len(others) else -np.inf
    return float((values[inside] > threshold).mean())


def lira(
    scores: ArrayLike, inside: Sequence[ArrayLike], outside: Sequence[ArrayLike], *, fixed_variance: bool = False
) -> np.ndarray:
    """Return the likelihood ratio attack: log N(score; models trained with the row) - log N(score; without it).

    Args:
        scores: shape (n,), per row or profile, a membership score under the attacked model.
        inside: n arrays of at least two scores, of models trained with that row.
        outside: n arrays of at least two scores, of models trained without it.
        fixed_variance: use one variance over all rows, for small pools of models.

    Returns:
        Shape (n,), natural logarithm, higher = more likely a member; tensorflow/privacy returns its negative.

    Source: Carlini et al., "Membership Inference Attacks From First Principles", 2022, algorithm 1.
    """
    from scipy import stats  # imported late: half a second

    values = finite(scores, "scores")
    logs = []
    for name, pool in (("inside", inside), ("outside", outside)):
        same_length(name, pool, len(values))
        rows = [finite(row, f"{name}[{index}]") for index, row in enumerate(pool)]
        short = next((index for index, row in enumerate(rows) if len(row) < 2), None)
        if short is not None:
            raise ValueError(f"{name}[{short}] has one score: a Gaussian is fitted to at least two models")
        means = np.array([row.mean() for row in rows])
        if fixed_variance:
            widths = np.concatenate([row - mean for row, mean in zip(rows, means, strict=True)]).std()
        else:
            widths = np.array([row.std() for row in rows])
        logs.append(stats.norm.logpdf(values, means, widths + SMALLEST_DEVIATION))
    return logs[0] - logs[1]


def profile_membership(
    scores: ArrayLike,
    members: Sequence[int] | np.ndarray,
    profile_ids: Sequence[Hashable],
    *,
    fpr: float = FALSE_POSITIVES,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> dict:
    """Return how well an attacker who sees all rows of a profile tells members from profiles never trained on.

    Args:
        scores: per row, a membership score; higher = more likely a member.
        members: per row, 1 = trained on (forget or retain), 0 = holdout; a profile's rows are all of one kind.
        profile_ids: per row, whose row it is.
        fpr: false-positive rate, in [0, 1].
        resamples: of the bootstrap intervals over profiles.
        seed: of the intervals.

    Returns:
        auc: of the profiles' means, in 0..1; 0.5 = no separation.
        tpr: `tpr_at_fpr` of them, in 0..1; `fpr` = no better than chance.
        intervals: bootstrap 95 % interval of both; None with fewer than two profiles.
        flags: `few_nonmembers` where there are fewer than 1 / fpr profiles of holdout, so that none may be above the
            threshold.
        n: number of profiles.

    Raises:
        ValueError: empty or unequal inputs, a score that is not finite, profiles of one kind alone, or a profile with
            rows of both kinds.
    """
    means = profile_means(scores, profile_ids)
    same_length("members", members, len(profile_ids))
    kinds: dict[Hashable, int] = {}
    for profile, member in zip(profile_ids, members, strict=True):
        if kinds.setdefault(profile, member) != member:
            raise ValueError(f"the profile {profile!r} has rows of members and of non-members: it must be one of them")
    values = np.array(list(means.values()))
    inside = member_flags(list(kinds.values()), len(values))

    def of_both(rows: np.ndarray) -> bool:
        return bool(inside[rows].any() and not inside[rows].all())

    def area(rows: np.ndarray) -> float | None:
        return area_under_curve(values[rows], inside[rows]) if of_both(rows) else None

    def tpr(rows: np.ndarray) -> float | None:
        return _tpr(values[rows], inside[rows], fpr) if of_both(rows) else None

    intervals = {
        name: list(bootstrap(value, len(values), resamples=resamples, seed=seed))
        for name, value in (("auc", area), ("tpr", tpr))
    }
    return {
        "auc": area_under_curve(values, inside),
        "tpr": _tpr(values, inside, fpr),
        "intervals": intervals,
        "flags": ["few_nonmembers"] if fpr * int((~inside).sum()) < 1 else [],
        "n": len(values),
    }
