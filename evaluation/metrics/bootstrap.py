"""Seeded bootstrap intervals; rows of one profile are not independent, so that profiles are resampled if given."""

from collections.abc import Callable, Hashable, Sequence

import numpy as np
from numpy.typing import ArrayLike

from lethebench.evaluation.metrics.validation import finite

RESAMPLES = 1_000


def _groups(count: int, clusters: Sequence[Hashable] | None) -> list[np.ndarray]:
    if clusters is None:
        return [np.array([row]) for row in range(count)]
    if len(clusters) != count:
        raise ValueError(f"{len(clusters)} profile ids for {count} rows: give one per row")
    rows: dict[Hashable, list[int]] = {}
    for row, cluster in enumerate(clusters):
        rows.setdefault(cluster, []).append(row)
    return [np.array(members) for members in rows.values()]


def bootstrap(
    statistic: Callable[[np.ndarray], float | None],
    count: int,
    *,
    clusters: Sequence[Hashable] | None = None,
    level: float = 0.95,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> tuple[float, float] | tuple[None, None]:
    """Return the percentile bootstrap interval of a statistic of rows.

    Args:
        statistic: takes row indices, shape (m,), with repetitions; returns its value, or None if undefined.
        count: number of rows.
        clusters: for each row, the profile that is resampled as a whole; default: each row by itself.
        level: of the interval, in (0, 1).

    Returns:
        (low, high); (None, None) with fewer than 2 profiles, or where most resamples have no value.

    Source: Efron and Tibshirani, "An Introduction to the Bootstrap", 1993, chapter 13; by clusters: Cameron, Gelbach
    and Miller, "Bootstrap-based improvements for inference with clustered errors", 2008.
    """
    if count < 1:
        raise ValueError("an interval needs at least one row")
    groups = _groups(count, clusters)
    if len(groups) < 2:
        return None, None
    draws = np.random.default_rng(seed).integers(len(groups), size=(resamples, len(groups)))
    values = [statistic(np.concatenate([groups[group] for group in draw])) for draw in draws]
    defined = [value for value in values if value is not None]
    if len(defined) * 2 < resamples:
        return None, None
    low, high = np.quantile(defined, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def bootstrap_mean(
    values: ArrayLike,
    *,
    clusters: Sequence[Hashable] | None = None,
    level: float = 0.95,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> tuple[float, float] | tuple[None, None]:
    """Return the bootstrap interval of the mean of finite values, shape (n,); other arguments as in `bootstrap`.

    >>> bootstrap_mean([0.0, 1.0], resamples=50)
    (0.0, 1.0)
    """
    array = np.asarray(values, dtype=np.float64)
    if not len(array) or not np.isfinite(array).all():
        raise ValueError("an interval needs at least one value, all of them finite")
    groups = _groups(len(array), clusters)
    sums = np.array([array[rows].sum() for rows in groups])
    sizes = np.array([len(rows) for rows in groups])
    if len(groups) < 2:
        return None, None
    draws = np.random.default_rng(seed).integers(len(groups), size=(resamples, len(groups)))
    means = sums[draws].sum(1) / sizes[draws].sum(1)
    low, high = np.quantile(means, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def mean_difference(
    values: ArrayLike, first: ArrayLike, *, clusters: Sequence[Hashable] | None = None, seed: int = 0
) -> tuple[float, float | None, float | None]:
    """Return the mean of the rows marked in `first` minus that of the others, with its 95 % bootstrap interval.

    The interval is None with fewer than 2 profiles (`clusters`); raise ValueError if all rows are on one side.

    >>> mean_difference([1.0, 0.0, 0.5], [True, False, False])[0]
    0.75
    """
    array, marked = np.asarray(values, dtype=np.float64), np.asarray(first, dtype=bool)

    def difference(rows: np.ndarray) -> float | None:
        ones, others = rows[marked[rows]], rows[~marked[rows]]
        return float(array[ones].mean() - array[others].mean()) if len(ones) and len(others) else None

    value = difference(np.arange(len(array)))
    if value is None:
        raise ValueError(f"all {len(array)} rows are on one side: a difference of means needs rows on both sides")
    return value, *bootstrap(difference, len(array), clusters=clusters, seed=seed)


def over_seeds(values: ArrayLike) -> dict[str, float | int | None]:
    """Return `mean`, `std` and `n` of one result over runs with different seeds.

    `std` is the sample standard deviation (denominator n - 1), None for one run.

    >>> over_seeds([0.5, 0.7])["mean"]
    0.6
    """
    array = finite(values, "values")
    return {
        "mean": float(array.mean()),
        "std": float(array.std(ddof=1)) if len(array) > 1 else None,
        "n": len(array),
    }
