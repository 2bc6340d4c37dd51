"""The first request followed to the end: what the model still knows of it after every later stage, beside gold."""

from collections.abc import Sequence

from lethebench.report.load import RunRecord
from lethebench.report.seeds import Group, Stat, stat
from lethebench.report.tables import Cell, Column, Table, stat_cell

GOLD = "gold (retrained)"
SMALLEST = 0.05
"""Least knowledge beyond gold's of which a share can be forgotten."""


def knowledge(group: Group, method: str) -> dict[int, Stat]:
    """Return stage -> knowledge of the first task, from stage 0, before unlearning; {} for an unfinished method."""
    return dict(enumerate(group.series(method, lambda summary: [row[0] for row in summary["knowledge"]])))


def gold_knowledge(group: Group) -> dict[int, Stat]:
    """Return stage -> knowledge of the first task by the gold model of the stage."""
    stages = sorted({int(stage) for run in group.runs for stage in (run.gold or {"stages": {}})["stages"]})
    return {stage: stat([_of_gold(run, stage) for run in group.runs]) for stage in stages}


def first_task(group: Group) -> Table:
    """Return knowledge and forget value of the first task, one row per method and stage, gold's own rows last."""
    rows = []
    for method in group.methods:
        forgotten = [
            [_forgotten(run, row[0]) for row in entry.summary["knowledge"]]
            for run in group.runs
            for entry in run.methods
            if entry.name == method and entry.summary
        ]
        shares = [stat(values) for values in zip(*forgotten, strict=True)]
        for stage, point in knowledge(group, method).items():
            rows.append([Cell(method), Cell(str(stage)), stat_cell(point), stat_cell(shares[stage])])
    first_gold = len(rows)
    for stage, point in gold_knowledge(group).items() if rows else ():
        share = stat([_forgotten(run, _of_gold(run, stage)) for run in group.runs])
        rows.append([Cell(GOLD), Cell(str(stage)), stat_cell(point), stat_cell(share)])
    columns = (
        Column("method", "Method"),
        Column("stage", "Stage"),
        Column("knowledge", "Knowledge", "gold", ("sd",)),
        Column("forget", "Forget", "higher", ("sd",)),
    )
    reference = frozenset(range(first_gold, len(rows)))
    return Table("first-task", "The first task after each stage", columns, rows, reference)


def levels(group: Group) -> dict[str, float | None]:
    """Return the horizontal lines of the figure; gold's is among `gold_lines` where gold has several stages."""
    gold = [point.value for point in gold_knowledge(group).values()]
    before = next((points[0].value for method in group.methods if (points := knowledge(group, method))), None)
    return {"before unlearning": before, "gold": gold[0] if len(gold) == 1 else None}


def gold_lines(group: Group) -> dict[str, dict[int, Stat]]:
    """Return the line of gold over its stages, where it has several."""
    points = gold_knowledge(group)
    return {"gold": points} if len(points) > 1 else {}


def _of_gold(run: RunRecord, stage: int) -> float | None:
    values: Sequence[float | None] = ((run.gold or {"stages": {}})["stages"].get(str(stage)) or {}).get("knowledge", ())
    return values[0] if values else None


def _forgotten(run: RunRecord, value: float | None) -> float | None:
    """Return 1 - (K - G) / (K before - G), clipped to [0, 1], of the first task; G is gold's knowledge of it."""
    gold = (run.gold or {}).get("knowledge") or [None]
    before = next((entry.summary["knowledge"][0][0] for entry in run.methods if entry.summary), None)
    if value is None or gold[0] is None or before is None or before - gold[0] < SMALLEST:
        return None
    return 1 - min(1.0, max(0.0, (value - gold[0]) / (before - gold[0])))
