"""From values of profiles to one number: mean, worst tenth, what gold models of other seeds reach, and intervals."""

from collections.abc import Callable, Sequence

import numpy as np

from lethebench.evaluation.metrics.bootstrap import RESAMPLES

WORST = 10  # the worst profiles are one of this many, at least one
Statistic = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""(values of profiles, NaN where there is none; weights (resamples, profiles)) -> (resamples,)."""


def profile_mean(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return the weighted mean over the profiles that have a value, shape (resamples,); NaN where none is drawn.

    >>> profile_mean(np.array([0.0, 1.0, np.nan]), np.array([[1, 1, 1], [0, 3, 0]]))
    array([0.5, 1. ])
    """
    defined = ~np.isnan(values)
    drawn = weights[:, defined]
    total = drawn.sum(axis=1)
    return np.divide(drawn @ values[defined], total, out=np.full(len(weights), np.nan), where=total > 0)


def worst_mean(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return the mean of the worst tenth of the profiles, at least one, rounded down; as `profile_mean`.

    >>> worst_mean(np.array([0.5, 1.0, np.nan, 0.25]), np.ones((1, 4)))
    array([0.25])
    """
    defined = ~np.isnan(values)
    order = np.argsort(values[defined], kind="stable")
    ordered, drawn = values[defined][order], weights[:, defined][:, order]
    total = drawn.sum(axis=1)
    number = np.maximum(1, total // WORST)[:, None]
    before = np.cumsum(drawn, axis=1) - drawn
    taken = np.clip(number - before, 0, drawn)
    return np.divide(taken @ ordered, number[:, 0], out=np.full(len(weights), np.nan), where=total > 0)


def lowest_value(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return the lowest of all values, shape (resamples,), whatever the weights; NaN where there is none."""
    return np.full(len(weights), np.fmin.reduce(values, axis=None))


def resampled(strata: np.ndarray, *, resamples: int = RESAMPLES, seed: int = 0) -> np.ndarray:
    """Return how often each profile is drawn in each bootstrap resample, shape (resamples + 1, profiles).

    The first line is the sample itself, all ones.

    Args:
        strata: shape (profiles,), a number; as many profiles of each are drawn as there are.
        resamples: their number.
        seed: of the draws.
    """
    random = np.random.default_rng(seed)
    weights = np.ones((resamples + 1, len(strata)))
    for stratum in np.unique(strata):
        members = np.flatnonzero(strata == stratum)
        weights[1:, members] = random.multinomial(len(members), np.full(len(members), 1 / len(members)), size=resamples)
    return weights


def relative(
    statistic: Statistic, values: np.ndarray, references: Sequence[np.ndarray], weights: np.ndarray
) -> np.ndarray:
    """Return a statistic of profiles, divided by its mean over gold models scored the same way, at most 1.

    The result is NaN where those reach 0.

    Args:
        statistic: `profile_mean`, `worst_mean` or `lowest_value`.
        values: shape (profiles,).
        references: the same of each gold model against those of other seeds; none: not divided.
        weights: of `resampled`.
    """
    return np.minimum(1.0, ratio(statistic, values, references, weights))


def ratio(
    statistic: Statistic, values: np.ndarray, references: Sequence[np.ndarray], weights: np.ndarray
) -> np.ndarray:
    """Return what `relative` returns, without its limit of 1."""
    own = statistic(values, weights)
    if not references:
        return own
    reached = np.mean([statistic(other, weights) for other in references], axis=0)
    return np.divide(own, reached, out=np.full_like(own, np.nan), where=reached > 0)


def interval(draws: np.ndarray, level: float = 0.95) -> list[float | None]:
    """Return the percentile interval of resamples; [None, None] where most of them have no value."""
    defined = draws[~np.isnan(draws)]
    if len(defined) * 2 < len(draws) or not len(draws):
        return [None, None]
    low, high = np.quantile(defined, [(1 - level) / 2, (1 + level) / 2])
    return [float(low), float(high)]
