"""Checks of inputs that the metrics share; each raises a ValueError that names the row."""

from collections.abc import Sequence, Sized

import numpy as np
from numpy.typing import ArrayLike


def _flat(values: ArrayLike, name: str, count: int | None) -> np.ndarray:
    """Return values as float64, shape (n,), n >= 1; None becomes NaN."""
    try:
        array = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        raise ValueError(f"{name} must be a flat list of numbers, one per row") from None
    if array.ndim != 1 or not len(array):
        raise ValueError(f"{name} must be a list of at least one number, got shape {array.shape}")
    if count is not None:
        same_length(name, array, count)
    return array


def shares(values: ArrayLike, name: str, *, count: int | None = None, holes: bool = False) -> np.ndarray:
    """Return values as float64, shape (n,), n >= 1.

    Raise ValueError with the row unless all of them are in [0, 1] and their number is `count`; with `holes` a row may
    be None or NaN, where it is not measured.
    """
    array = _flat(values, name, count)
    bad = np.flatnonzero(~((array >= 0) & (array <= 1) | (holes & np.isnan(array))))
    if len(bad):
        raise ValueError(f"{name}[{bad[0]}] is {array[bad[0]]}: it must be a number in 0..1")
    return array


def finite(values: ArrayLike, name: str, *, count: int | None = None) -> np.ndarray:
    """Return values as float64, shape (n,), n >= 1, all finite; arguments and errors as in `shares`."""
    array = _flat(values, name, count)
    bad = np.flatnonzero(~np.isfinite(array))
    if len(bad):
        raise ValueError(f"{name}[{bad[0]}] is {array[bad[0]]}: it must be a finite number")
    return array


def same_length(name: str, values: Sized, count: int) -> None:
    """Raise a ValueError unless `values` has `count` entries."""
    if len(values) != count:
        raise ValueError(f"{name} has {len(values)} rows where {count} are expected: give one value per row")


def rouge_flags(values: np.ndarray) -> list[str]:
    """Return the flag of rows without ROUGE-L, NaN in `values`; [] if there are none."""
    return ["rouge_not_measured"] if np.isnan(values).any() else []


def harmonic_mean(values: Sequence[float]) -> float:
    """Return the harmonic mean of numbers >= 0; 0 where any of them is 0.

    >>> harmonic_mean([1.0, 0.5])
    0.6666666666666666
    """
    if not values or min(values) < 0:
        raise ValueError(f"a harmonic mean needs numbers of at least 0, got {list(values)}")
    return 0.0 if min(values) == 0 else len(values) / sum(1 / value for value in values)
