"""The parts of a run's score from the values of its stages: means over profiles and stages, and the worst ones."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from lethebench.evaluation.metrics.over_profiles import lowest_value, profile_mean, ratio, worst_mean
from lethebench.evaluation.metrics.stage_values import StageValues


def scores_of_stages(
    values: Sequence[StageValues],
    references: Sequence[Sequence[StageValues]],
    weights: np.ndarray,
    weights_of: Callable[[int, str], np.ndarray] | None = None,
    limit: float = 1.0,
) -> dict[str, Any]:
    """Return the parts for all resamples: `<part>_stages` (stages, resamples), `<part>_lines`, means and worst.

    `weights_of` returns the weights of a stage, from 1, and a part; default: `weights`.
    """
    scores: dict[str, Any] = {}
    once = weights[:1]  # extremes are not resampled: a bootstrap of a minimum is not consistent
    for name in ("forget", "indistinguishable", "keep"):
        lines = np.array([getattr(stage, name) for stage in values])
        gold = [np.array([getattr(stage, name) for stage in model]) for model in references]
        present = [line for line in range(lines.shape[1]) if not np.isnan(lines[:, line]).all()]
        means = np.array(
            [
                [ratio(profile_mean, stage[line], [other[number, line] for other in gold], own) for line in present]
                for number, stage in enumerate(lines)
                for own in [weights_of(number + 1, name) if weights_of else weights]
            ]
        ).reshape(len(values), len(present), len(weights))
        scores[f"{name}_lines"] = dict(zip(present, np.minimum(limit, means).swapaxes(0, 1), strict=True))
        scores[f"{name}_unreached"] = bool(
            (np.isnan(means[:, :, 0]) & ~np.isnan(lines[:, present]).all(axis=2)).any() if present else False
        )
        scores[f"{name}_stages"] = lowest_of(np.minimum(limit, means), axis=1)
        scores[name] = mean_of_stages(scores[f"{name}_stages"])
    forget, *others = [np.array([stage.forget for stage in model]) for model in (values, *references)]
    groups, *other_groups = [np.array([stage.keep_groups for stage in model]) for model in (values, *references)]
    for suffix, chosen in (("worst", slice(None)), ("worst_last", slice(-1, None))):
        lowest_profiles = [
            ratio(
                worst_mean, lowest_of(forget[chosen, line]), [lowest_of(other[chosen, line]) for other in others], once
            )
            for line in range(forget.shape[1])
        ]
        lowest_group = ratio(lowest_value, groups[chosen], [other[chosen] for other in other_groups], once)
        for name, worst in (("forget", lowest_of(np.concatenate(lowest_profiles))), ("keep", lowest_group)):
            scores[f"{name}_{suffix}"] = np.repeat(np.minimum(limit, worst), len(weights))
    return scores


def lowest_of(values: np.ndarray, axis: int = 0) -> np.ndarray:
    """Return the lowest value that is not NaN; NaN where all are, or where there are none."""
    if not values.shape[axis]:
        return np.full(np.delete(values.shape, axis), np.nan)
    return np.fmin.reduce(values, axis=axis)


def mean_of_stages(values: np.ndarray) -> np.ndarray:
    """Return the mean over stages that have a value, shape (resamples,)."""
    defined = ~np.isnan(values)
    total = np.where(defined, values, 0.0).sum(axis=0)
    return np.divide(total, defined.sum(axis=0), out=np.full(len(total), np.nan), where=defined.any(axis=0))
