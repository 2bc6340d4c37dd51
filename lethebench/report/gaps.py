"""How far a method is from the gold model, and whether that is more than gold models of several seeds differ."""

from collections.abc import Sequence
from itertools import pairwise

from lethebench.report.headline import SCORES
from lethebench.report.seeds import Group, Stat, stat
from lethebench.report.tables import Cell, Column, Table, number, stat_cell

PARTS = ("forget", "indistinguishable", "keep")
"""Parts of the score in which the gold model has 1."""
SPREADS = "gold models differ by"
ONE = "one gold model"


def gaps(group: Group) -> Table:
    """Return the distance of every finished method from gold in each part, in words, above the spread of gold."""
    titles = {column.key: column.title for column in SCORES}
    columns = [Column(f"{name}_gap", titles[name], "lower") for name in PARTS]
    columns = [Column("model", "Model"), *columns, Column("exposure_excess", "Exposure, bits", "zero")]
    spreads = {name: gold_spread(group, name) for name in (*PARTS, "exposure")}
    rows = []
    for method in (name for name in group.methods if group.summaries(name)):
        finals = {name: group.final(method, name).value for name in PARTS}
        distances = {name: None if value is None else 1 - value for name, value in finals.items()}
        distances["exposure"] = group.final(method, "exposure_excess").value
        cells = [_gap_cell(distance, spreads[name].value) for name, distance in distances.items()]
        rows.append([Cell(method), *cells])
    rows.append([Cell(SPREADS), *(stat_cell(spread) for spread in spreads.values())])
    caption = "1 minus each part; exposure after the last stage, minus that of gold"
    return Table(
        "gaps",
        caption,
        columns,
        rows,
        frozenset({len(rows) - 1}),
    )


def gold_spread(group: Group, name: str) -> Stat:
    """Return how far gold models of several seeds differ in a figure, mean over runs; None with one gold model."""
    if name == "exposure":
        ranges = [run.gold_exposures for run in group.runs]
        return stat([max(values) - min(values) if len(values) > 1 else None for values in ranges])
    spreads = []
    for run in group.runs:
        summaries = [method.summary for method in run.methods if method.summary is not None]
        spreads.append(summaries[0].get("gold_spread", {}).get(name) if summaries else None)
    return stat(spreads)


def several(group: Group) -> bool:
    """Return whether every run has gold models of several seeds."""
    return all(len(run.gold_exposures) > 1 or run.record.get("gold_seeds", 1) > 1 for run in group.runs)


def band(group: Group, name: str) -> tuple[float, float] | None:
    """Return the lowest and highest value of gold models in a figure, for a curve; None with one gold model."""
    spread = gold_spread(group, name).value
    if spread is None or (name != "exposure" and name not in PARTS):
        return None
    if name != "exposure":
        return max(0.0, 1 - spread), 1.0
    values = [value for run in group.runs for value in run.gold_exposures]
    return min(values), max(values)


def compared(gap: float, spread: float | None) -> str:
    """Return in words how a gap compares with the spread of gold models."""
    if spread is None:
        return ONE
    return "less than two gold models differ" if abs(gap) <= spread else "more than two gold models differ"


def sentences(group: Group) -> list[str]:
    """Return how far the scores of methods are apart, from the best one down, and what gold models say about it."""
    scored = [(method, group.final(method, "score").value) for method in group.methods]
    ranked: Sequence[tuple[str, float]] = sorted(
        ((method, value) for method, value in scored if value is not None), key=lambda entry: -entry[1]
    )
    spread = gold_spread(group, "score").value
    lines = []
    for (better, high), (worse, low) in pairwise(ranked):
        gap = high - low
        words = "how far two gold models differ is unknown" if spread is None else compared(gap, spread)
        verdict = "; take them as equal" if spread is not None and gap <= spread else ""
        lines.append(f"{better} is {number(gap)} above {worse} in score: {words}{verdict}.")
    return lines


def assumptions(group: Group) -> list[str]:
    """Return what the scores assume about gold models, each sentence once."""
    summaries = [summary for method in group.methods for summary in group.summaries(method)]
    lines = list(dict.fromkeys(line for summary in summaries for line in summary.get("assumes") or []))
    return lines if len(lines) <= 3 else [*lines[:2], f"the same for {len(lines) - 2} more stages"]


def _gap_cell(gap: float | None, spread: float | None) -> Cell:
    return stat_cell(Stat(gap, n=int(gap is not None)), note="" if gap is None else compared(gap, spread))
