"""The other tables: gate, stability parts, matrices, stages and cost."""

from lethebench.report.headline import KNOWN, mean
from lethebench.report.seeds import Group, Stat, stat
from lethebench.report.tables import ABSENT, Cell, Column, Table, figure, number
from lethebench.report.texts import MODALITIES, STABILITY

SERIES = (
    Column("forget", "Forget", "higher"),
    Column("utility", "Utility", "higher"),
    Column("utility_relative", "Utility, relative", "higher"),
    Column("retain_knowledge", KNOWN[1].title, "higher"),
    Column("exposure", "Exposure, bits", "gold"),
)


def gate(group: Group) -> Table:
    """Exact match of the learnt model per modality against the threshold, new wordings beside it."""
    several = len(group.runs) > 1
    lines = []
    for run in group.runs:
        for modality, title in MODALITIES.items():
            found = (run.gate or {}).get(modality)
            if found is None:
                continue
            threshold = run.gate["threshold"]
            held_out = (run.gate.get("held_out") or {}).get(modality)
            verdict = Cell("passed" if found >= threshold else "missed")
            seed = [Cell(str(run.seed))] if several else []
            asked = Cell(number(threshold, 2), "", Stat(threshold))
            lines.append([Cell(title), *seed, figure(Stat(found)), asked, verdict, figure(stat([held_out]))])
    columns = [Column("modality", "Questions"), *([Column("seed", "Seed")] if several else [])]
    columns += [
        Column("exact_match", "Exact match", "higher"),
        Column("threshold", "Asked for"),
        Column("verdict", "Verdict"),
    ]
    columns.append(Column("held_out", "Exact match, new wordings", "higher"))
    return Table("gate", "What the model knew before anything was forgotten", columns, lines)


def stability(group: Group) -> Table:
    """Every part of stability, one column per finished method."""
    done = [method for method in group.methods if group.of(method)]
    lines = []
    for name, (better, meaning) in STABILITY.items():
        found = [_part(group, method, name) for method in done]
        lines.append([Cell(name, meaning), Cell(Column(name, "", better).arrow), *found])
    columns = [Column("part", "Part"), Column("better", "Better"), *(Column(method, method) for method in done)]
    return Table("stability", "What stability is made of", columns, lines)


def _part(group: Group, method: str, name: str) -> Cell:
    values = [(entry.summary.get("stability_parts") or {}).get(name) for entry in group.of(method)]
    if name != "collapse_stage":
        return figure(stat(values))
    if len(values) == 1:
        return Cell("never") if values[0] is None else Cell(str(values[0]), "", Stat(values[0]))
    return Cell(", ".join("never" if value is None else str(value) for value in values), "by seed")


def matrix(group: Group, method: str) -> Table:
    """K of one method: one row per task in the order asked, one column per stage, gold beside it."""
    stages = group.knowledge(method)
    gold = group.gold_knowledge()
    lines = []
    for task in range(group.tasks):
        row = [figure(stat([stage[task]])) for stage in stages]
        row += [figure(stat([gold[task]]))] if gold else []
        lines.append([Cell(f"task {task + 1}"), *row])
    retained = [
        figure(Stat(found.value)) for found in group.series(method, lambda summary: summary["retain_knowledge"])
    ]
    retained += [figure(Stat(group.gold("retain_knowledge").value))] if gold else []
    lines.append([Cell("retained"), *retained])
    columns = [Column("task", "Asked at stage"), Column("before", "before")]
    columns += [Column(f"stage_{stage}", str(stage)) for stage in range(1, len(stages))]
    columns += [Column("gold", "gold")] if gold else []
    return Table(
        f"matrix-{method}",
        f"{method}: knowledge of each task after each stage",
        columns,
        lines,
        frozenset({group.tasks}),
    )


def stages(group: Group) -> Table:
    """The series that the curves draw: one row per method and stage."""
    lines = []
    for method in group.methods:
        series = {column.key: series_of(group, method, column.key) for column in SERIES}
        for stage in range(group.tasks + 1) if group.of(method) else ():
            found = [figure(points[stage]) if stage in points else Cell(ABSENT) for points in series.values()]
            lines.append([Cell(method), Cell(str(stage)), *found])
    return Table(
        "stages", "Figures after each stage", [Column("method", "Method"), Column("stage", "Stage"), *SERIES], lines
    )


def series_of(group: Group, method: str, name: str) -> dict[int, Stat]:
    """Stage -> figure of a series of summary.json; `utility_relative` is U[t] / U[0]."""

    def pick(summary: dict) -> list[float | None]:
        if name != "utility_relative":
            return summary[name]
        before = summary["utility"][0]
        return [value / before if value is not None and before else None for value in summary["utility"]]

    found = group.series(method, pick)
    return dict(enumerate(found, start=group.tasks + 1 - len(found)))


def cost(group: Group) -> Table:
    """Seconds and memory of each part of the run."""
    columns = (Column("part", "Part"), Column("seconds", "Seconds"), Column("per_stage", "Seconds per stage"))
    learnt = stat([(run.gate or {}).get("seconds") for run in group.runs])
    lines = [[Cell("learn (stage 1)"), figure(learnt, 1), Cell(ABSENT), Cell(ABSENT)]]
    for method in group.methods:
        done = [entry.summary for entry in group.of(method)]
        spent = [[value for value in summary.get("seconds") or [] if value is not None] for summary in done]
        total, each = stat([sum(part) if part else None for part in spent]), stat([mean(part) for part in spent])
        memory = stat([summary.get("peak_memory_mb") for summary in done])
        lines.append([Cell(method), figure(total, 1), figure(each, 1), figure(memory, 0)])
    lines.append([Cell("gold (last)"), figure(group.gold("seconds"), 1), Cell(ABSENT), Cell(ABSENT)])
    return Table("cost", "What it took, training alone", [*columns, Column("peak_memory_mb", "Peak memory, MB")], lines)
