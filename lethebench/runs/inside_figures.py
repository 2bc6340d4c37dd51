"""Figures of the scores inside stages: the worst case, and what is lost and regained before a stage ends."""

from collections.abc import Mapping, Sequence
from typing import Any

from lethebench.evaluation.metrics.rows import mean_of


def worst_inside(stages: Sequence[Sequence[Mapping[str, Any]]]) -> dict[str, list[float | None]]:
    """Return what the points of a method's stages say, one figure per stage.

    Returns:
        `kept_lowest`: the lowest knowledge of kept rows at a scored step. `stability_gap`: knowledge of kept rows at
        the end minus the lowest, in [0, 1]: what is lost inside the stage and regained before its end.
        `earlier_highest`: the highest knowledge of earlier requests; `relapse_inside`: the highest minus that at the
        end, in [0, 1]. None where nothing was scored.
    """
    figures: dict[str, list[float | None]] = {}
    for points in stages:
        retained, earlier = (
            [point[name] for point in points if point.get(name) is not None] for name in ("kept", "earlier")
        )
        of_stage = {
            "kept_lowest": min(retained, default=None),
            "stability_gap": retained[-1] - min(retained) if retained else None,
            "earlier_highest": max(earlier, default=None),
            "relapse_inside": max(earlier) - earlier[-1] if earlier else None,
        }
        for name, value in of_stage.items():
            figures.setdefault(name, []).append(value)
    return figures


def over_stages(figures: Mapping[str, Sequence[float | None]]) -> dict[str, float | None]:
    """Return the worst case over all stages, and the mean of the gaps."""
    retained, earlier = (
        [value for value in figures[name] if value is not None] for name in ("kept_lowest", "earlier_highest")
    )
    return {
        "kept_lowest": min(retained, default=None),
        "stability_gap": mean_of(figures["stability_gap"]),
        "earlier_highest": max(earlier, default=None),
        "relapse_inside": mean_of(figures["relapse_inside"]),
    }
