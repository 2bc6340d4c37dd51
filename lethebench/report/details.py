"""The tables besides the headline: gate, parts of stability, task x stage matrices, stages and cost."""

from lethebench.report.headline import KNOWLEDGE, mean
from lethebench.report.seeds import Group, Stat, stat
from lethebench.report.tables import ABSENT, Cell, Column, Table, number, stat_cell
from lethebench.runs.gate import MODALITIES

SERIES = (
    Column("forget", "Forget", "higher", ("sd",)),
    Column("indistinguishable", "As gold to attackers", "higher", ("sd",)),
    Column("keep", "Keep", "higher", ("sd",)),
    Column("in_sample_utility", "In-sample utility", "higher", ("sd",)),
    Column("retain_knowledge", KNOWLEDGE[1].title, "higher", ("sd",)),
    Column("exposure", "Exposure, bits", "gold", ("sd",)),
)
PARTS = {
    "forget_pictures": "Forget, by questions with pictures",
    "forget_text": "Forget, by questions in text alone",
    "attacker_top": "To an attacker who takes the values ranked first",
    "attacker_bottom": "To one who takes the values ranked last",
    "attacker_distribution": "To one who compares the ranks of all values with gold’s",
    "keep_retained": "Kept of retained profiles and tasks not yet asked, on held-out questions",
    "keep_neighbour": "Kept of neighbours",
    "keep_general": "Kept of general tasks",
}
"""Line of `parts` in summary.json -> its meaning."""
STABILITY = {
    "forget_now": ("higher", "Forgotten at the task’s own stage"),
    "historical_preservation": ("higher", "Still forgotten after later stages"),
    "worst_relapse": ("lower", "Most knowledge above gold’s of a profile after its own stage"),
    "premature_forgetting": ("lower", "Lost before the task’s own stage: damage to later tasks"),
    "backward_transfer": ("zero", "Knowledge of earlier tasks at the end, minus right after their own stage"),
    "forget_anytime": ("higher", "Forget, mean over the stages"),
    "keep_anytime": ("higher", "Keep, mean over the stages"),
    "utility_retention": ("higher", "Keep at the end"),
    "utility_slope": ("zero", "Change of keep per stage"),
    "collapse_stage": ("none", "First stage with less than half kept"),
    "step_variation": ("lower", "Mean change from stage to stage"),
}
"""Part of stability -> which direction is better, and its meaning."""


def gate(group: Group) -> Table:
    """Return exact match of the initial model per modality beside the threshold and the held-out wordings."""
    rows = []
    for run in group.runs:
        for modality, title in MODALITIES.items():
            exact = (run.gate or {}).get(modality)
            if run.gate is None or exact is None:
                continue
            threshold = run.gate["threshold"]
            held_out = (run.gate.get("held_out") or {}).get(modality)
            verdict = Cell("passed" if exact >= threshold else "failed")
            required = Cell(number(threshold, 2), "", Stat(threshold))
            cells = [stat_cell(Stat(exact)), required, verdict, stat_cell(stat([held_out]))]
            rows.append([Cell(title), Cell(str(run.seed)), *cells])
    columns = [
        Column("modality", "Questions"),
        Column("seed", "Seed"),
        Column("exact_match", "Exact match", "higher"),
        Column("threshold", "Required"),
        Column("verdict", "Verdict"),
        Column("held_out", "Exact match, held-out wordings", "higher"),
    ]
    return Table("gate", "The model before unlearning", columns, rows)


def parts(group: Group) -> Table:
    """Return the lines of which each part of the score takes the lowest, one column per finished method."""
    methods = [method for method in group.methods if group.summaries(method)]
    rows = []
    for name, meaning in PARTS.items():
        stats = [stat([(one.get("parts") or {}).get(name) for one in group.summaries(method)]) for method in methods]
        if any(one.value is not None for one in stats):
            rows.append([Cell(name, meaning), *map(stat_cell, stats)])
    columns = [Column("part", "Part", "higher"), *(Column(method, method, spread=("sd",)) for method in methods)]
    return Table("parts", "Each part of the score is the lowest of its lines", columns, rows)


def stability(group: Group) -> Table:
    """Return every part of stability, one column per finished method."""
    methods = [method for method in group.methods if group.summaries(method)]
    rows = []
    for name, (better, meaning) in STABILITY.items():
        cells = [_part(group, method, name) for method in methods]
        rows.append([Cell(name, meaning), Cell(Column(name, "", better).arrow), *cells])
    columns = [Column("part", "Part"), Column("better", "Better")]
    columns += [Column(method, method, spread=("sd",)) for method in methods]
    return Table("stability", "Parts of stability", columns, rows)


def _part(group: Group, method: str, name: str) -> Cell:
    parts = [summary.get("stability_parts") or {} for summary in group.summaries(method)]
    values = [part.get(name) for part in parts]
    if name != "collapse_stage" or not any(name in part for part in parts):
        return stat_cell(stat(values))
    reached = sum(value is not None for value in values)
    never = ["never" if name in part else ABSENT for part in parts]
    text = ", ".join(word if value is None else str(value) for value, word in zip(values, never, strict=True))
    # Seeds without a collapse have no stage; the mean is over the others.
    return Cell(text, "per seed" if len(values) > 1 else "", Stat(mean(values), n=reached))


def has_stability(group: Group) -> bool:
    """Return whether stability was measured for a method."""
    return any(summary.get("stability_parts") for method in group.methods for summary in group.summaries(method))


def matrix(group: Group, method: str) -> Table:
    """Return the knowledge of each task (row) after each stage (column) of one method, with gold beside it."""
    stages = group.knowledge(method)
    gold = group.gold_knowledge()
    rows = []
    for task in range(group.tasks):
        values = [stage[task] for stage in stages] + ([gold[task]] if gold else [])
        rows.append([Cell(f"task {task + 1}"), *(stat_cell(stat([value])) for value in values)])
    retained = [one.value for one in group.series(method, lambda summary: summary["retain_knowledge"])]
    retained += [group.gold("retain_knowledge").value] if gold else []
    rows.append([Cell("retain set"), *(stat_cell(stat([value])) for value in retained)])
    columns = [Column("task", "Unlearned at stage"), Column("before", "before")]
    columns += [Column(f"stage_{stage}", str(stage)) for stage in range(1, len(stages))]
    columns += [Column("gold", "gold")] if gold else []
    caption = f"{method}: knowledge of each task after each stage"
    return Table(group.file_name(method), caption, columns, rows, frozenset({group.tasks}))


def stages(group: Group) -> Table:
    """Return the series that the curves draw, one row per method and stage."""
    rows = []
    for method in group.methods:
        series = {column.key: series_of(group, method, column.key) for column in SERIES}
        for stage in range(group.tasks + 1) if group.summaries(method) else ():
            cells = [stat_cell(points.get(stage, Stat(None, n=0))) for points in series.values()]
            rows.append([Cell(method), Cell(str(stage)), *cells])
    columns = [Column("method", "Method"), Column("stage", "Stage"), *SERIES]
    return Table("stages", "Figures after each stage", columns, rows)


def series_of(group: Group, method: str, name: str) -> dict[int, Stat]:
    """Return stage -> figure of a series of summary.json."""
    values = group.series(method, lambda summary: summary[name])
    return dict(enumerate(values, start=group.tasks + 1 - len(values)))


def unmeasured_series(group: Group) -> list[str]:
    """Return the titles of the series without a figure at any stage of the finished methods."""
    methods = [method for method in group.methods if group.summaries(method)]
    return [
        column.title
        for column in SERIES
        if methods
        and all(point.value is None for method in methods for point in series_of(group, method, column.key).values())
    ]


def cost(group: Group) -> Table:
    """Return training time and memory of each part of the run."""
    seconds = stat([(run.gate or {}).get("seconds") for run in group.runs])
    rows = [[Cell("stage 1"), stat_cell(seconds, 1), Cell(ABSENT), Cell(ABSENT)]]
    for method in group.methods:
        summaries = group.summaries(method)
        spent = [[value for value in summary.get("seconds") or [] if value is not None] for summary in summaries]
        total, each = stat([sum(part) if part else None for part in spent]), stat([mean(part) for part in spent])
        memory = stat([summary.get("peak_memory_mb") for summary in summaries])
        rows.append([Cell(method), stat_cell(total, 1), stat_cell(each, 1), stat_cell(memory, 0)])
    rows.append([Cell("gold, last"), stat_cell(group.gold("seconds"), 1), Cell(ABSENT), Cell(ABSENT)])
    columns = (
        Column("part", "Part"),
        Column("seconds", "Seconds", spread=("sd",)),
        Column("per_stage", "Seconds per stage", spread=("sd",)),
        Column("peak_memory_mb", "Peak memory, MB", spread=("sd",)),
    )
    return Table("cost", "Training time and memory", columns, rows)
