"""What judges said about a run: MLUBench's table of task blocks, and the score with their fluency."""

from collections.abc import Mapping, Sequence
from typing import Any

from lethebench.report.seeds import Group, Stat, stat
from lethebench.report.tables import Cell, Column, Table, stat_cell

FIGURES = {"forget": "Forget (rejection) ↑", "utility": "Utility (correctness) ↑"}
"""Figure of a block -> its name in the table, as in MLUBench's."""
WIDE = 4
"""Most tasks of which every block gets a column, as in MLUBench's table; with more, it gets a line."""


def blocks(group: Group) -> Table:
    """Return forget and utility of each task block X after each request Y, `X-UY`."""
    names = _names(group)
    caption = "Each task after each request, by judges: X-UY is task X after request Y"
    if group.tasks <= WIDE:
        rows = [
            [Cell(method), Cell(title), *(stat_cell(_figure(group, method, name, figure)) for name in names)]
            for method in _methods(group)
            for figure, title in FIGURES.items()
        ]
        columns = [Column("model", "Model"), Column("metric", "Metric")]
        return Table("blocks", caption, [*columns, *(Column(name, name, spread=("sd",)) for name in names)], rows)
    rows = [
        [Cell(method), Cell(name), *(stat_cell(_figure(group, method, name, figure)) for figure in FIGURES)]
        for method in _methods(group)
        for name in names
    ]
    columns = [Column("model", "Model"), Column("block", "Block")]
    columns += [Column(figure, title.removesuffix(" ↑"), "higher", ("sd",)) for figure, title in FIGURES.items()]
    return Table("blocks", caption, columns, rows)


def scores(group: Group) -> Table:
    """Return the score of each method with its fluent share by judges."""
    rows = []
    for method in _methods(group):
        entries = [record["scores"].get(method, {}) for record in records(group)]
        cells = [stat_cell(stat([entry.get(name) for entry in entries])) for name in ("score", "score_last", "fluent")]
        if any(entry for entry in entries):
            rows.append([Cell(method), *cells])
    columns = [
        Column("model", "Model"),
        Column("score", "Score", "higher", ("sd",)),
        Column("score_last", "Score, last stage", "higher", ("sd",)),
        Column("fluent", "Fluent", "higher", ("sd",)),
    ]
    return Table("judged", "The score with fluency by judges", columns, rows)


def records(group: Group) -> list[dict[str, Any]]:
    """Return what judges said about each run of a group that was judged."""
    return [run.judges for run in group.runs if run.judges is not None]


def sentences(group: Group) -> list[str]:
    """Return who judged each run, by what, how many verdicts are missing, and how well the judges agree."""
    lines = []
    for run in group.runs:
        record = run.judges
        if record is None:
            continue
        name = f"Seed {run.seed}: " if len(group.runs) > 1 else ""
        line = (
            f"{name or 'Answers were '}judged by {', '.join(record['names'])}, rubrics {', '.join(record['rubrics'])}"
        )
        if record["repeats"] > 1:
            line += f", {record['repeats']} verdicts of each judge on an answer"
        if record["sample"] is not None:
            line += f", on at most {record['sample']} answers of each set and task"
        if record["failed"]:
            line += f"; {record['failed']} verdicts failed and are in no figure"
        lines.append(f"{line}.")
        of_one = {stage: _with_itself(summaries) for stage, summaries in record["agreement"].items()}
        for title, agreement in (("the judges", record["agreement"]), ("each judge with itself", of_one)):
            if kappas := _kappas(record, agreement):
                lines.append(f"{name}Agreement of {title} (Fleiss’ kappa, mean over stages): {', '.join(kappas)}.")
    return lines


def _with_itself(summaries: Mapping[str, Any]) -> dict[str, dict[str, float]]:
    """Return rubric -> the mean kappa of the judges' repeated verdicts, for rubrics that have any."""
    means = {}
    for name, summary in summaries.items():
        values = [judge.get("kappa") for judge in summary["judges"].values()]
        present = [value for value in values if value is not None]
        if present:
            means[name] = {"kappa": sum(present) / len(present)}
    return means


def _kappas(record: Mapping[str, Any], agreement: Mapping[str, Mapping[str, Any]]) -> list[str]:
    texts = []
    for rubric in record["rubrics"]:
        name = rubric.partition("/")[0]
        values = [stage[name].get("kappa") for stage in agreement.values() if name in stage]
        present = [value for value in values if value is not None]
        if present:
            texts.append(f"{name} {sum(present) / len(present):.2f}")
    return texts


def _methods(group: Group) -> list[str]:
    return [method for method in group.methods if any(method in record["blocks"] for record in records(group))]


def _names(group: Group) -> Sequence[str]:
    every = [block["name"] for record in records(group) for blocks in record["blocks"].values() for block in blocks]
    return list(dict.fromkeys(every))


def _figure(group: Group, method: str, name: str, figure: str) -> Stat:
    values = [
        block[figure]
        for record in records(group)
        for block in record["blocks"].get(method, ())
        if block["name"] == name
    ]
    return stat(values)
