"""The page of an experiment's recorded results, in Markdown: every number on it comes from the runs."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from lethebench.report.headline import FIGURES
from lethebench.report.load import RunRecord
from lethebench.report.seeds import Group, stat
from lethebench.report.sets import later_of, sets_of
from lethebench.report.tables import Cell, Column, Table, markdown, number, stat_cell
from lethebench.reproduce.cells import Cells, tolerance
from lethebench.reproduce.experiments import Experiment
from lethebench.reproduce.observations import ENOUGH, observations


def page(
    experiment: Experiment,
    facts: Mapping[str, Any],
    seeds: Sequence[int],
    sections: Sequence[str],
    *,
    brackets: str,
) -> str:
    """Return the page.

    Args:
        experiment: The experiment.
        facts: `data` and `environment` of the recorded values.
        seeds: Of its runs.
        sections: In Markdown, each with its heading in the first line.
        brackets: What stands in brackets behind means.
    """
    data = facts["data"]
    return "\n".join(
        [
            f"# {experiment.name}: recorded results",
            "",
            f"{experiment.summary} Data: {data['benchmark']} {data['version']}. Means over seeds "
            f"{', '.join(map(str, seeds))}, with "
            f"{brackets} in brackets. `lethe reproduce {experiment.name} --record` wrote this page; `lethe reproduce "
            f"{experiment.name}` repeats the runs and compares each figure, within a tolerance.",
            "",
            *(f"## {section}" for section in sections),
            f"Measured on {environment_text(facts['environment'])}.",
            "",
        ]
    )


def environment_text(environment: Mapping[str, Any]) -> str:
    """Return the device, its threads and the versions of libraries in one line."""
    machine, versions = environment["machine"], environment["versions"]
    device, threads = machine["accelerator"] or machine["processor"], machine["threads"]
    names = ", ".join(f"{name} {version}" for name, version in versions.items())
    return f"{device}, {threads} thread{'' if threads == 1 else 's'}; {names}"


def scores(cells: Cells, runs: Iterable[tuple[str, RunRecord]], *, tuned: bool = False) -> list[str]:
    """Return the sections of an experiment without attacks.

    Args:
        cells: Its figures, see `cells_of`.
        runs: Finished runs, each with the name of its configuration.
        tuned: Whether `lethe tune` found the settings of the methods.
    """
    members: dict[str, list[RunRecord]] = {}
    for name, run in runs:
        members.setdefault(name, []).append(run)
    methods = {
        name if len(runs[0].methods) == 1 else f"{name}/{method.name}": (Group(name, tuple(runs)), method.name)
        for name, runs in members.items()
        for method in runs[0].methods
    }
    ordered = dict(sorted(methods.items(), key=lambda item: -_score(cells, item[0])))
    first = next(iter(ordered.values()))[0]
    source = "below" if tuned else "of the presets"
    parts = [markdown(figures(cells, ordered))]
    if (published := observations(cells)).rows:
        parts.append(
            f"{markdown(published)}\nCompared by `keep`, with the settings {source}, over seeds in which both methods "
            f"reach forget {ENOUGH}. Evidence that they do what they claim, not about 7 billion weights.\n"
        )
    by_set = replace(sets_of(first, ordered), caption="Scores by set of rows, in the shape of the paper’s table")
    return parts + [markdown(table) for table in (by_set, later_of(first, ordered)) if table.rows]


def figures(cells: Cells, methods: Mapping[str, tuple[Group, str]]) -> Table:
    """Return the figures of all methods; below them the distance of two gold models, and the tolerance."""
    rows = [
        [Cell(name), *(stat_cell(stat(list(cells[name][one.key].values()))) for one in FIGURES)] for name in methods
    ]
    summaries = [summary for group, method in methods.values() for summary in group.summaries(method)]
    spreads = [stat([(summary.get("gold_spread") or {}).get(one.key) for summary in summaries]) for one in FIGURES]
    seeds = len(next(iter(methods.values()))[0].runs)
    limits = [Cell(number(tolerance(cells, one.key, seeds))) for one in FIGURES]
    rows.append([Cell("gold models differ by"), *(Cell(number(spread.value)) for spread in spreads)])
    rows.append([Cell("tolerance"), *limits])
    columns = [Column("method", "Method"), *FIGURES]
    return Table("figures", "Figures after all requests", columns, rows, frozenset([len(rows) - 2, len(rows) - 1]))


def _score(cells: Cells, name: str) -> float:
    values = [value for value in cells[name]["score"].values() if value is not None]
    return sum(values) / len(values) if values else -1.0
