"""Tables of what only some runs measure: scores inside stages, and the representation gap of each task."""

from collections.abc import Mapping, Sequence
from typing import Any

from lethebench.report.seeds import Group, stat
from lethebench.report.tables import Cell, Column, Table, stat_cell
from lethebench.runs.inside_figures import over_stages

INSIDE = (
    Column("kept_lowest", "Kept rows, lowest", "higher", ("sd",)),
    Column("stability_gap", "Lost and regained", "lower", ("sd",)),
    Column("earlier_highest", "Earlier requests, highest", "lower", ("sd",)),
    Column("relapse_inside", "Relapsed and lost again", "lower", ("sd",)),
)


def inside(group: Group) -> Table:
    """Return the worst case inside the stages, one row per method and stage, and one over all stages of a method."""
    rows = []
    for method in group.methods:
        summaries = [summary["inside"] for summary in group.summaries(method) if summary.get("inside")]
        for stage in range(1, group.tasks + 1) if summaries else ():
            figures = [{name: values[stage - 1] for name, values in summary.items()} for summary in summaries]
            rows.append([Cell(method), Cell(str(stage)), *_cells(figures)])
        if summaries:
            rows.append([Cell(method), Cell("all"), *_cells([over_stages(summary) for summary in summaries])])
    columns = [Column("method", "Method"), Column("stage", "Stage"), *INSIDE]
    reference = frozenset(index for index, row in enumerate(rows) if row[1].text == "all")
    return Table("inside", "Knowledge inside the stages", columns, rows, reference)


def _cells(figures: Sequence[Mapping[str, Any]]) -> list[Cell]:
    return [stat_cell(stat([one[column.key] for one in figures])) for column in INSIDE]


def representation(group: Group) -> Table:
    """Return the distance between picture and text tokens of each task, before and after stages, and its change.

    One row per task and model: every method after the task's own stage and after the last one, and the last gold model.
    """
    rows = []
    for number, task in enumerate(group.first.order, start=1):
        for method in group.methods:
            for stage in dict.fromkeys((number, group.tasks)):
                gaps = [_gap(summary, task, stage) for summary in group.summaries(method)]
                rows += _row(number, method, stage, gaps)
        last = str(group.tasks)
        gaps = [((run.gold or {}).get("representation") or {}).get(last, {}).get(str(task), {}) for run in group.runs]
        rows += _row(number, "gold", group.tasks, gaps)
    columns = (
        Column("task", "Unlearned at stage"),
        Column("model", "Model"),
        Column("stage", "After stage"),
        Column("before", "Before", spread=("sd",)),
        Column("after", "After", spread=("sd",)),
        Column("difference", "Difference", "gold", ("sd",)),
    )
    reference = frozenset(index for index, row in enumerate(rows) if row[1].text == "gold")
    return Table("representation", "Distance between picture tokens and text tokens", columns, rows, reference)


def _gap(summary: Mapping[str, Any], task: int, stage: int) -> Mapping[str, float]:
    return (summary.get("representation") or {}).get(str(task), [{}] * stage)[stage - 1]


def _row(number: int, model: str, stage: int, gaps: list[Mapping[str, float]]) -> list[list[Cell]]:
    """Return the row of a task and a model, none where it was not measured."""
    stats = [stat([gap.get(name) for gap in gaps]) for name in ("before", "after", "difference")] if gaps else []
    if all(one.value is None for one in stats):
        return []
    return [[Cell(f"task {number}"), Cell(model), Cell(str(stage)), *map(stat_cell, stats)]]
