"""Cells of an experiment: figures of each configuration and seed, the expected ones, and how far they may differ."""

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean, variance
from typing import Any

from lethebench.contract.errors import border
from lethebench.report.headline import FIGURES
from lethebench.report.load import RunRecord

WORST = "worst_case_recovery"
NAMES = tuple(column.key for column in FIGURES)
Cells = Mapping[str, Mapping[str, Mapping[int, float | None]]]
"""Configuration -> figure -> seed -> value; None if it was not measured."""
LEAST = 0.02
"""Smallest tolerance: of figures from 0 to 1, and of exposure in bits ten times this."""
BITS = ("exposure", "exposure_excess", "trained_exposure")
SAME, OUTSIDE, NEW = "as expected", "outside", "no expected value"


@dataclass(frozen=True)
class Verdict:
    """One cell beside its expected value.

    Attributes:
        configuration: The run's name without its seed.
        figure: Its name in summary.json.
        expected, obtained: Means over the seeds.
        tolerance: How far the means may differ.
        verdict: SAME, OUTSIDE or NEW.
    """

    configuration: str
    figure: str
    expected: float | None
    obtained: float | None
    tolerance: float
    verdict: str


def cells_of(
    runs: Iterable[tuple[str, RunRecord]], *, attacked: bool = False
) -> dict[str, dict[str, dict[int, float | None]]]:
    """Return the cells of finished runs.

    Args:
        runs: Each with the name of its configuration.
        attacked: Whether to include the worst case of the attacks after the last request.
    """
    cells: dict[str, dict[str, dict[int, float | None]]] = {}
    for name, run in runs:
        for method in run.methods:
            own = cells.setdefault(name if len(run.methods) == 1 else f"{name}/{method.name}", {})
            final = (method.summary or {}).get("final", {})
            for figure in NAMES:
                own.setdefault(figure, {})[run.seed] = final.get(figure)
            if attacked:
                models = (run.attacks or {"models": {}})["models"]
                own.setdefault(WORST, {})[run.seed] = models.get(method.name, {}).get(WORST)
    return cells


def compare(expected: Cells, obtained: Cells, seeds: Sequence[int]) -> list[Verdict]:
    """Return a verdict for each cell, by the mean over seeds.

    Two machines round differently, and training amplifies that up to the difference of two seeds. So the means may
    differ by twice the standard error of the difference of two means, with the standard deviation over seeds that the
    expected values of all configurations have together; at least by LEAST.
    """
    names = {figure for figures in obtained.values() for figure in figures}
    tolerances = {figure: tolerance(expected, figure, len(seeds)) for figure in names}
    verdicts = []
    for name, figures in obtained.items():
        for figure, values in figures.items():
            before = expected.get(name, {}).get(figure)
            own = _mean(values, seeds)
            if before is None or any(seed not in before for seed in seeds):
                verdicts.append(Verdict(name, figure, None, own, tolerances[figure], NEW))
                continue
            other = _mean(before, seeds)
            is_same = own is other is None or (
                own is not None and other is not None and abs(own - other) <= tolerances[figure]
            )
            verdicts.append(Verdict(name, figure, other, own, tolerances[figure], SAME if is_same else OUTSIDE))
    return verdicts


def tolerance(expected: Cells, figure: str, seeds: int) -> float:
    """Return how far the mean of a figure over this many seeds may differ from the expected one."""
    series = [
        [value for value in figures[figure].values() if value is not None]
        for figures in expected.values()
        if figure in figures
    ]
    variances = [variance(values) for values in series if len(values) > 1]
    least = LEAST * (10 if figure in BITS else 1)
    return max(least, 2 * math.sqrt(2 * fmean(variances) / seeds)) if variances else least


def read_expected(path: Path) -> tuple[dict[str, Any], Cells]:
    """Return what was recorded with the expected values, and the values; both empty if there is no file."""
    if not path.is_file():
        return {}, {}
    with border(f"{path} cannot be read", "restore it, or record it again with --record"):
        record = json.loads(path.read_text(encoding="utf-8"))
        cells = {
            name: {figure: {int(seed): value for seed, value in values.items()} for figure, values in figures.items()}
            for name, figures in record.pop("cells").items()
        }
    return record, cells


def _mean(values: Mapping[int, float | None], seeds: Sequence[int]) -> float | None:
    own = [value for seed in seeds if (value := values.get(seed)) is not None]
    return fmean(own) if own and len(own) == len(seeds) else None
