"""How well a classifier over scores of a model tells two sets of rows apart, such as forget set and holdout."""

from collections.abc import Hashable, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from lethebench.evaluation.metrics.membership import member_flags
from lethebench.evaluation.metrics.validation import same_length

FOLDS, SPLITS = 5, 20
RIDGE = 1.0
STEPS = 50
RESAMPLES = 200
Z = 1.959964
"""Standard errors from a value to the ends of its 95 % interval."""


def logistic_regression(features: np.ndarray, members: np.ndarray, ridge: float = RIDGE) -> np.ndarray:
    """Return the weights of a logistic regression, shape (num_features + 1,), the intercept last; Newton's method.

    They minimize the summed log loss plus ridge / 2 times the squared weights, the intercept aside.

    Args:
        features: shape (n, num_features).
        members: shape (n,), True or False.
        ridge: the penalty; 1 / C of scikit-learn.
    """
    design = np.column_stack([features, np.ones(len(features))])
    penalty = np.full(design.shape[1], ridge)
    penalty[-1] = 1e-9  # keeps the system solvable where the classes are separated
    weights = np.zeros(design.shape[1])
    for _ in range(STEPS):
        chances = 1 / (1 + np.exp(-(design @ weights)))
        gradient = design.T @ (chances - members) + penalty * weights
        hessian = (design * (chances * (1 - chances))[:, None]).T @ design + np.diag(penalty)
        step = np.linalg.solve(hessian, gradient)
        weights -= step
        if np.abs(step).max() < 1e-8:
            break
    return weights


def detectability(
    features: ArrayLike, members: Sequence[int] | np.ndarray, profile_ids: Sequence[Hashable], *, seed: int = 0
) -> dict[str, Any]:
    """Return how well a logistic regression over scores tells members from other rows of profiles it has not seen.

    Cross-validated over profiles, in SPLITS splits into FOLDS folds. Scores are compared within a fold, since those of
    two classifiers are not comparable.

    Args:
        features: shape (n, num_features), per row, scores of the model, such as its membership scores.
        members: per row, 1 or 0; at least two profiles of each.
        profile_ids: per row, whose row it is.
        seed: of the splits and of the interval.

    Returns:
        auc: in 0..1; 0.5 = the sets look alike, 1 = they are told apart, whichever of them scores higher.
        placements: per member, the share of other rows that it is ranked above, ties counted half; their mean is `auc`.
        ci_low, ci_high: 95 % interval of `auc`: 1.96 standard errors to each side, by a bootstrap over the profiles of
            each set that trains the classifiers again.
        n: number of rows.

    Raises:
        ValueError: unequal inputs, a score that is not finite, or fewer than two profiles on a side.
    """
    values = np.asarray(features, dtype=np.float64)
    if values.ndim != 2 or not np.isfinite(values).all():
        raise ValueError("features must have the shape (rows, scores) and be finite")
    inside = member_flags(members, len(values))
    same_length("profile_ids", profile_ids, len(values))
    rows_of: dict[tuple[bool, Hashable], list[int]] = {}
    for row, owner in enumerate(zip(inside.tolist(), profile_ids, strict=True)):
        rows_of.setdefault(owner, []).append(row)
    sides = [[np.array(rows) for owner, rows in rows_of.items() if owner[0] is side] for side in (True, False)]
    if min(map(len, sides)) < 2:
        raise ValueError(
            "each set needs at least two profiles: the classifier is tested on others than it is trained on"
        )
    rng = np.random.default_rng(seed)
    wins, pairs = np.sum([_cross_validated(values, inside, sides, rng) for _ in range(SPLITS)], axis=0)
    placements = wins / pairs
    auc = float(placements.mean())
    margin = Z * float(np.std(_resampled(values, inside, sides, rng), ddof=1))
    low, high = max(0.0, auc - margin), min(1.0, auc + margin)
    return {"auc": auc, "placements": placements, "ci_low": low, "ci_high": high, "n": len(values)}


def _cross_validated(
    values: np.ndarray, inside: np.ndarray, sides: Sequence[Sequence[np.ndarray]], rng: np.random.Generator
) -> np.ndarray:
    """Return, shape (2, members), how many other rows of its fold each member is ranked above, and of how many.

    Args:
        values: scores of all rows.
        inside: which rows are members.
        sides: of members and of others, the rows of each profile.
        rng: draws the folds.
    """
    folds = min(FOLDS, *map(len, sides))
    fold = np.empty(len(values), dtype=int)
    for side in sides:
        for number, profile in enumerate(rng.permutation(len(side))):
            fold[side[profile]] = number % folds
    counts = np.zeros((2, len(values)))
    for number in range(folds):
        test = fold == number
        scores = _scores(values, inside, test)
        difference = scores[test & inside][:, None] - scores[test & ~inside][None]
        counts[0, test & inside] = ((difference > 0) + (difference == 0) / 2).sum(axis=1)
        counts[1, test & inside] = difference.shape[1]
    return counts[:, inside]


def _resampled(
    values: np.ndarray, inside: np.ndarray, sides: Sequence[Sequence[np.ndarray]], rng: np.random.Generator
) -> list[float]:
    """Return the AUC of RESAMPLES draws of profiles with replacement; one that is drawn twice stays in one fold."""
    aucs: list[float] = []
    while len(aucs) < RESAMPLES:
        drawn = [np.unique(rng.integers(len(side), size=len(side)), return_counts=True) for side in sides]
        if min(len(profiles) for profiles, _ in drawn) < 2:
            continue
        parts = [
            [np.tile(side[profile], count) for profile, count in zip(*one, strict=True)]
            for side, one in zip(sides, drawn, strict=True)
        ]
        rows = np.concatenate([*parts[0], *parts[1]])
        ends = np.cumsum([len(part) for part in (*parts[0], *parts[1])])
        own = np.split(np.arange(len(rows)), ends[:-1])
        groups = own[: len(parts[0])], own[len(parts[0]) :]
        wins, pairs = _cross_validated(values[rows], inside[rows], groups, rng)
        aucs.append(float(np.mean(wins / pairs)))
    return aucs


def _scores(values: np.ndarray, inside: np.ndarray, test: np.ndarray) -> np.ndarray:
    """Return the scores of all rows by a classifier that was trained on those not in `test`."""
    mean, spread = values[~test].mean(axis=0), values[~test].std(axis=0)
    standardized = (values - mean) / np.where(spread > 1e-12, spread, 1.0)
    weights = logistic_regression(standardized[~test], inside[~test])
    return np.round(standardized @ weights[:-1], 9)
