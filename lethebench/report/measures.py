"""What attacks measure that recovers no knowledge: detectability, probes, unlearning depth; and curves over layers."""

from collections.abc import Iterator
from typing import Any

from lethebench.report.robustness import GOLD, GOLD_KEY, attacked
from lethebench.report.seeds import Group, Stat, stat
from lethebench.report.tables import Cell, Column, Table, stat_cell
from lethebench.runs.proof import LEARNT

INITIAL = "before unlearning"
REFERENCES = {GOLD_KEY: GOLD, LEARNT: INITIAL}
"""Model -> its name in tables."""
Layer = tuple[str, float]
"""Part of the model, and number of the layer in it."""
Curves = dict[str, dict[str, dict[Layer, Stat]]]
"""Attack -> model -> layer -> value."""


def measures(group: Group) -> Table:
    """Return a row per measure, without those of single layers, and a column per method; gold and the initial model."""
    models = _models(group)
    rows = []
    for one in _series(group):
        if one["point"] is None:
            cells = [stat_cell(_value(group, model, one["name"])) for model in models]
            rows.append([Cell(one["name"]), *cells])
    columns = [Column("measure", "Measure")]
    columns += [Column(model, REFERENCES.get(model, model), "none", ("low", "high", "sd")) for model in models]
    return Table("measures", "Who was forgotten, and what hidden states hold", columns, rows)


def layers(group: Group) -> Curves:
    """Return the measures of single layers, gold and the initial model among the models."""
    curves: Curves = {}
    for one in _series(group):
        if one["point"] is None:
            continue
        for model in _models(group):
            value = _value(group, model, one["name"])
            if value.value is not None:
                line = curves.setdefault(one["attack"], {}).setdefault(model, {})
                line[one["variant"], one["point"]] = value
    return curves


def layers_table(group: Group) -> Table:
    """Return the numbers of the curves, one row per attack, layer and model."""
    rows: list[list[Cell]] = []
    reference: list[int] = []
    for attack, lines in layers(group).items():
        for layer in dict.fromkeys(layer for line in lines.values() for layer in line):
            for model, line in lines.items():
                if layer not in line:
                    continue
                if model in REFERENCES:
                    reference.append(len(rows))
                names = [Cell(attack), Cell(layer[0]), Cell(f"{layer[1]:g}"), Cell(REFERENCES.get(model, model))]
                rows.append([*names, stat_cell(line[layer])])
    columns = [
        Column("measure", "Measure"),
        Column("part", "Part"),
        Column("layer", "Layer"),
        Column("model", "Model"),
        Column("value", "Value", "gold", ("low", "high", "sd")),
    ]
    return Table("layers", "Measures by layer", columns, rows, frozenset(reference))


def _models(group: Group) -> list[str]:
    return [*group.methods, *REFERENCES]


def _series(group: Group) -> Iterator[dict[str, Any]]:
    """Yield the series that are measures, in the order of the attacks."""
    seen: set[str] = set()
    for stage in attacked(group):
        names = {name for of_model in stage["measures"].values() for name in of_model}
        for one in stage["series"]:
            if one["name"] in names - seen:
                seen.add(one["name"])
                yield one


def _value(group: Group, model: str, name: str) -> Stat:
    """Return a measure of a model; of gold the mean of all gold models that a method is compared with."""
    values, intervals = [], []
    for stage in attacked(group):
        methods = [method for method in group.methods if name in stage["measures"].get(method, {})]
        source = methods[0] if model == GOLD_KEY and methods else model
        one = stage["measures"].get(source, {}).get(name, {})
        values.append(one.get("gold" if model == GOLD_KEY else "value"))
        intervals.append(None if model in REFERENCES else (one.get("ci_low"), one.get("ci_high")))
    return stat(values, intervals) if values else Stat(None, n=0)
