"""How well a classifier over scores of a model tells two sets of rows apart, such as forget set and holdout."""

from collections.abc import Hashable, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from lethebench.evaluation.metrics.bootstrap import bootstrap
from lethebench.evaluation.metrics.membership import member_flags
from lethebench.evaluation.metrics.validation import same_length

FOLDS, SPLITS = 5, 20
RIDGE = 1.0
STEPS = 50


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
        ci_low, ci_high: bootstrap 95 % interval of `auc` over profiles, for the classifiers as they were trained.
        n: number of rows.

    Raises:
        ValueError: unequal inputs, a score that is not finite, or fewer than two profiles on a side.
    """
    values = np.asarray(features, dtype=np.float64)
    if values.ndim != 2 or not np.isfinite(values).all():
        raise ValueError("features must have the shape (rows, scores) and be finite")
    inside = member_flags(members, len(values))
    same_length("profile_ids", profile_ids, len(values))
    profiles = list(zip(inside.tolist(), profile_ids, strict=True))
    sides = [[one for one in dict.fromkeys(profiles) if one[0] is side] for side in (True, False)]
    folds = min(FOLDS, *map(len, sides))
    if folds < 2:
        raise ValueError(
            "each set needs at least two profiles: the classifier is tested on others than it is trained on"
        )
    wins, pairs = np.zeros((2, int(inside.sum()), int((~inside).sum())))
    rng = np.random.default_rng(seed)
    for _ in range(SPLITS):
        fold_of = {side[owner]: n % folds for side in sides for n, owner in enumerate(rng.permutation(len(side)))}
        fold = np.array([fold_of[one] for one in profiles])
        for number in range(folds):
            test = fold == number
            scores = _scores(values, inside, test)
            ones, zeros = test[inside], test[~inside]
            difference = scores[inside][ones][:, None] - scores[~inside][zeros][None]
            wins[np.ix_(ones, zeros)] += (difference > 0) + (difference == 0) / 2
            pairs[np.ix_(ones, zeros)] += 1
    placements = wins.sum(1) / pairs.sum(1)
    rank = np.where(inside, np.cumsum(inside), np.cumsum(~inside)) - 1

    def resampled(rows: np.ndarray) -> float | None:
        ones, zeros = rank[rows[inside[rows]]], rank[rows[~inside[rows]]]
        counts = pairs[np.ix_(ones, zeros)].sum(1)
        if not (counts > 0).any():
            return None
        return float(np.mean(wins[np.ix_(ones, zeros)].sum(1)[counts > 0] / counts[counts > 0]))

    low, high = bootstrap(resampled, len(values), clusters=profile_ids, seed=seed)
    return {"auc": float(placements.mean()), "placements": placements, "ci_low": low, "ci_high": high, "n": len(values)}


def _scores(values: np.ndarray, inside: np.ndarray, test: np.ndarray) -> np.ndarray:
    """Return the scores of all rows by a classifier that was trained on those not in `test`."""
    mean, spread = values[~test].mean(axis=0), values[~test].std(axis=0)
    standardized = (values - mean) / np.where(spread > 1e-12, spread, 1.0)
    weights = logistic_regression(standardized[~test], inside[~test])
    return np.round(standardized @ weights[:-1], 9)
