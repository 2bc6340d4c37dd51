"""How the stages of a run were trained: loss, gradient norm and learning rate, from the logs of its stages."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lethebench.contract.escaping import file_names, visible
from lethebench.report.load import RunRecord
from lethebench.report.seeds import Group, stat
from lethebench.report.tables import Cell, Column, Table, stat_cell
from lethebench.runs.progress import LOG, read_log
from lethebench.runs.proof import GOLD, LEARNT

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SERIES = {"loss": "loss", "grad_norm": "gradient norm", "learning_rate": "learning rate"}
"""Entry of a line of the log -> label of its panel."""
INITIAL = "initial model"
Line = Mapping[str, Any]


@dataclass(frozen=True)
class Training:
    """The logs of one part of a run.

    Attributes:
        name: A method, the initial model or the gold models.
        stages: Stage -> the lines of its training, in order.
    """

    name: str
    stages: dict[str, list[Line]]


def trainings(run: RunRecord) -> list[Training]:
    """Return the parts of a run whose logs have lines, the initial model first; methods in the order of the run."""
    logs = {stage: lines for stage in run.proofs if (lines := _lines(run.path / stage / LOG))}
    parts = {INITIAL: LEARNT, GOLD: GOLD, **{method.name: method.name for method in run.methods}}
    chosen = [
        Training(name, {stage: lines for stage, lines in logs.items() if stage.partition("/")[0] == folder})
        for name, folder in parts.items()
    ]
    return [part for part in chosen if part.stages]


def _lines(log: Path) -> list[Line]:
    """Return the lines of the training of a stage, numbers alone."""
    numbers = [
        {name: value for name, value in line.items() if isinstance(value, int | float) and not isinstance(value, bool)}
        for line in read_log(log)
    ]
    return [line for line in numbers if "step" in line]


def table(group: Group) -> Table:
    """Return a row for each stage that was trained: its steps, and how loss, gradient and learning rate went."""
    rows = []
    for part in trainings(group.first):
        for stage, lines in part.stages.items():
            losses = [line["loss"] for line in lines if "loss" in line]
            norms = [line["grad_norm"] for line in lines if "grad_norm" in line]
            rates = [line["learning_rate"] for line in lines if "learning_rate" in line]
            values = [*(losses[:1] or [None]), *(losses[-1:] or [None]), max(norms, default=None)]
            cells = [stat_cell(stat([value])) for value in values]
            rate = max(rates, default=None)
            rows.append(
                [
                    Cell(visible(stage.replace("/", " "))),
                    stat_cell(stat([lines[-1]["step"]]), 0),
                    *cells,
                    Cell("–" if rate is None else f"{rate:.3g}", "", stat([rate])),
                ]
            )
    columns = (
        Column("trained", "Stage"),
        Column("steps", "Steps"),
        Column("first_loss", "Loss, first"),
        Column("last_loss", "Loss, last"),
        Column("largest_norm", "Largest gradient norm"),
        Column("learning_rate", "Largest learning rate"),
    )
    return Table("training", "Training of each stage", columns, rows)


def panels(group: Group) -> Iterator[tuple[str, str, "Figure"]]:
    """Yield file name, text alternative and figure: of the initial and gold models, and of each method."""
    from lethebench.report.figures import short_name, training_curves

    parts = {part.name: part for part in trainings(group.first)}
    names = file_names(group.methods)
    start = {name: _joined(parts[name]) for name in (INITIAL, GOLD) if name in parts}
    if start:
        figure = training_curves(start, [], title=" and ".join(start), labels=SERIES, styles=list(start))
        yield "training", f"Loss, gradient norm and learning rate of {' and '.join(start)}", figure
    for method in group.methods:
        if method not in parts:
            continue
        ends = [points[-1]["step"] for points in parts[method].stages.values()]
        bounds = [sum(ends[: count + 1]) for count in range(len(ends) - 1)]
        lines = {method: _joined(parts[method])}
        figure = training_curves(lines, bounds, title=short_name(method), labels=SERIES, styles=group.methods)
        alt = f"Loss, gradient norm and learning rate of {method} over the steps of all stages"
        yield f"training-{names[method]}", alt, figure


def _joined(part: Training) -> Sequence[Line]:
    """Return the lines of all stages, steps counted on, with a gap between stages."""
    before: float = 0
    joined: list[Line] = []
    for lines in part.stages.values():
        joined += [{**line, "step": before + line["step"]} for line in lines]
        before += lines[-1]["step"]
        joined.append({"step": before, **dict.fromkeys(SERIES, math.nan)})
    return joined[:-1]
