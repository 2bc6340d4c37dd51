"""What attacks recover from unlearned models: table of attacks and methods, worst case, and curves of relearning."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from lethebench.attacks.records import worst_of
from lethebench.contract.defaults import NO_ATTACK
from lethebench.report.seeds import Group, Stat, stat
from lethebench.report.tables import Cell, Column, Table, stat_cell

CURVED = "relearn"
"""The attack whose variants are drawn over their points."""
GOLD = "gold (retrained)"
GOLD_KEY = "gold"
"""Key of the gold line in `worst`: the largest worst case of a gold model against the others."""


def attacked(group: Group) -> list[dict[str, Any]]:
    """Return what attacks recovered after the last stage, of each run that was attacked."""
    return [run.attacks for run in group.runs if run.attacks is not None]


def robustness(group: Group) -> Table:
    """Return recovery per method and attack, the largest of each attack's variants, and the worst case; gold last."""
    stages = attacked(group)
    attacks = list(dict.fromkeys(one["attack"] for stage in stages for one in stage["series"]))
    models = [(stage, model) for stage in stages for model in stage["models"].values()]
    recover = [attack for attack in attacks if any(worst_of(*one, attack) is not None for one in models)]
    attacks = [attack for attack in recover if attack != NO_ATTACK]
    columns = [
        Column("model", "Model"),
        Column("unattacked", "Unattacked", "zero", ("sd",)),
        *(Column(attack, attack, "zero", ("sd",)) for attack in attacks),
        Column("worst_case", "Worst case", "zero", ("low", "high", "sd")),
        Column("worst_attack", "by"),
    ]
    rows = []
    for method in group.methods:
        models = [(stage, stage["models"][method]) for stage in stages if method in stage["models"]]
        if models:
            rows.append([Cell(method), *_cells(models, attacks)])
    references = len(rows)
    golds = [(stage, stage["models"][gold]) for stage in stages for gold in stage["golds"] if gold in stage["models"]]
    if rows and golds:
        rows.append([Cell(GOLD), *_cells(golds, attacks, largest=True)])
    title = "Recovery under attack: 0 as gold, 1 as the initial model"
    return Table("robustness", title, columns, rows, frozenset(range(references, len(rows))))


def _cells(models: Sequence[tuple[Any, Any]], attacks: Sequence[str], *, largest: bool = False) -> list[Cell]:
    """Return the cells of a method in several runs, or of all gold models, of which the largest value is shown."""

    def cell(values: Sequence[float | None], intervals: Sequence[Any] = ()) -> Cell:
        if not largest:
            return stat_cell(stat(values, intervals))
        present = [value for value in values if value is not None]
        return stat_cell(Stat(max(present, default=None), n=len(present)))

    names = [NO_ATTACK, *attacks]
    cells = [cell([worst_of(stage, model, attack) for stage, model in models]) for attack in names]
    worst = [model["worst_case_recovery"] for _, model in models]
    by = list(dict.fromkeys(model["worst_attack"] for _, model in models))
    intervals = [(model["ci_low"], model["ci_high"]) for _, model in models]
    by_text = models[worst.index(max(worst))][1]["worst_attack"] if largest else "; ".join(by)
    return [*cells, cell(worst, intervals), Cell(by_text)]


def relearning(group: Group) -> dict[str, dict[str, dict[float, Stat]]]:
    """Return variant of relearning -> model -> steps -> knowledge, gold among the models; from 0, before the attack."""
    stages = attacked(group)
    curves: dict[str, dict[str, dict[float, Stat]]] = {}
    points = {
        (one["variant"], one["point"]): one["name"]
        for stage in stages
        for one in stage["series"]
        if one["attack"] == CURVED and one["point"] is not None
    }
    for variant in dict.fromkeys(variant for variant, _ in points):
        names = {0.0: NO_ATTACK} | {point: name for (one, point), name in points.items() if one == variant}
        for model in (*group.methods, GOLD_KEY):
            line = {point: stat([_knowledge(stage, model, name) for stage in stages]) for point, name in names.items()}
            line = {point: value for point, value in line.items() if value.value is not None}
            if len(line) > 1:
                curves.setdefault(variant, {})[model] = line
    return curves


def _knowledge(stage: Mapping[str, Any], model: str, name: str) -> float | None:
    if model == GOLD_KEY:
        return stage["gold_knowledge"].get(name)
    return stage["models"].get(model, {}).get("knowledge", {}).get(name)


def relearning_table(group: Group) -> Table:
    """Return knowledge under relearning, one row per set of rows, model and number of steps."""
    rows: list[list[Cell]] = []
    reference: list[int] = []
    for variant, lines in relearning(group).items():
        for model, line in lines.items():
            for point, value in line.items():
                if model == GOLD_KEY:
                    reference.append(len(rows))
                rows.append([Cell(variant), Cell(model), Cell(f"{point:g}"), stat_cell(value)])
    columns = [
        Column("trained_on", "Trained on"),
        Column("model", "Model"),
        Column("steps", "Steps"),
        Column("knowledge", "Knowledge of other facts", "gold", ("sd",)),
    ]
    return Table("relearning", "Knowledge of scored facts after relearning", columns, rows, frozenset(reference))


def sentences(group: Group) -> list[str]:
    """Return what each method may claim, and what was left out."""
    lines: list[str] = []
    for run in group.runs:
        if run.attacks is None:
            continue
        seed = f"Seed {run.seed}: " if len(group.runs) > 1 else ""
        lines += [f"{seed}{text}" for name, text in run.attacks["claims"].items() if name in run.attacks["models"]]
        lines += [f"{seed}left out: {text}" for text in _left_out(run.attacks["left_out"])]
    return lines


def _left_out(entries: Sequence[Mapping[str, str]]) -> Iterator[str]:
    by_reason: dict[tuple[str, str], list[str]] = {}
    for entry in entries:
        by_reason.setdefault((entry["attack"], entry["reason"]), []).append(entry["model"])
    for (attack, reason), models in by_reason.items():
        listed = ", ".join(filter(None, models))
        yield f"{attack}{f' on {listed}' if listed else ''}: {reason}"


def extent(group: Group) -> str:
    """Return how much was attacked, in words; "" where nothing was."""
    stages = attacked(group)
    if not stages:
        return ""
    first = stages[0]
    attacks = [name for name in dict.fromkeys(one["attack"] for one in first["series"]) if name != NO_ATTACK]
    golds = f"{len(first['golds'])} gold models" if len(first["golds"]) > 1 else "one gold model"
    listed = ", ".join(attacks) or "none"
    questions = f"{first['rows']} questions of {first['profiles']} profiles"
    return f"Budget {first['budget']}; {questions}; {golds}; attacks: {listed}."
