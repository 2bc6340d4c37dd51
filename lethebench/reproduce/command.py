"""Behind `lethe reproduce`: build the data, execute the runs, and compare their figures with the expected ones."""

import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from lethebench.attacks.several import attack_runs
from lethebench.builders import build, read_manifest
from lethebench.cli.output import text_table
from lethebench.console import Console
from lethebench.errors import UserError
from lethebench.grid.command import check_grid, requests_of
from lethebench.grid.plan import Cell, Grid, read_grid
from lethebench.grid.states import DONE, states_of
from lethebench.report.load import load_run
from lethebench.report.tables import number
from lethebench.reproduce.attacked import attacks_table
from lethebench.reproduce.cells import NEW, OUTSIDE, SAME, Verdict, cells_of, compare, read_expected
from lethebench.reproduce.experiments import Experiment, find_experiment, with_seeds
from lethebench.reproduce.methods import methods_table, rows_of
from lethebench.reproduce.pages import page
from lethebench.results.rows import questions_of_build
from lethebench.runs.folder import locked, write_json
from lethebench.runs.provenance import library_versions, machine

RESULTS = "results-{experiment}.json"
"""File of a comparison in the folder of an experiment, which several experiments may share."""


def reproduce_command(
    name: str, *, out: Path | None = None, seeds: int | None = None, record: bool = False
) -> tuple[dict[str, Any], str]:
    """Execute an experiment and compare its figures with the expected ones; finished runs are kept.

    Args:
        name: Of an experiment, or the path of its file.
        out: The folder for data and runs; default runs/reproduce/NAME.
        seeds: Number of seeds; default all of the experiment.
        record: Write the figures as the expected values, and their page, instead of comparing.

    Returns:
        What `--json` prints, and the text to print. `counts` has the number of cells by verdict.

    Raises:
        UserError: There is no such experiment, or one of its runs fails.
    """
    experiment = find_experiment(name)
    chosen = with_seeds(experiment, seeds)
    out = out or Path("runs/reproduce") / experiment.name
    out.mkdir(parents=True, exist_ok=True)
    data = out / "data"
    with locked(out):
        _build(experiment, data)
        grid = _grid(experiment, chosen, out)
        _execute(grid)
        own = [cell for cell in grid.cells if not cell.shared]
        _attack(experiment, [cell.folder for cell in own])
        runs = [(_configuration(cell), load_run(cell.folder)) for cell in own]
        folders = [cell.folder for cell in own]
        table = methods_table(rows_of(folders)) if experiment.attacks else ""
    cells = cells_of(runs, attacked=bool(experiment.attacks))
    manifest = read_manifest(data)
    facts: dict[str, Any] = {
        "experiment": experiment.name,
        "data": {"benchmark": manifest.benchmark, "version": manifest.version, "questions": questions_of_build(data)},
        "environment": {"versions": library_versions(), "machine": machine()},
    }
    if record:
        tables = {"Methods under attack": table, "What each attack recovers": attacks_table(folders)} if table else {}
        attacked = [f"{title}\n\n{content}\n" for title, content in tables.items()]
        text = page(experiment, facts, cells, runs, attacked)
        write_json(experiment.expected, {**facts, "cells": cells})
        experiment.page.write_text(text, encoding="utf-8")
        line = f"expected values written to {experiment.expected} and {experiment.page.name}"
        return {**facts, "recorded": str(experiment.expected)}, f"{table}\n\n{line}" if table else line
    before, expected = read_expected(experiment.expected)
    if before and before["data"] != facts["data"]:
        raise UserError(
            f"{data} is {manifest.benchmark} {manifest.version}, and the expected values are of "
            f"{before['data']['benchmark']} {before['data']['version']} with other questions; remove the folder, or "
            "install the release of lethebench that they were recorded with"
        )
    verdicts = compare(expected, cells, chosen)
    result = {
        **facts,
        "expected_environment": before.get("environment"),
        "seeds": chosen,
        "cells": [vars(verdict) for verdict in verdicts],
        "counts": {kind: sum(one.verdict == kind for one in verdicts) for kind in (SAME, OUTSIDE, NEW)},
    }
    write_json(out / RESULTS.format(experiment=experiment.name), result)
    text = _text(verdicts, facts["environment"], before.get("environment"), len(chosen))
    return result, f"{table}\n\n{text}" if table else text


def _build(experiment: Experiment, folder: Path) -> None:
    """Build the data once."""
    if (folder / "manifest.json").is_file():
        return
    arguments = dict(experiment.build)
    name = arguments.pop("name")
    with Console().phase(f"build {name}") as tick:
        build(name, folder, progress=tick, **arguments)


def _grid(experiment: Experiment, seeds: Sequence[int], out: Path) -> Grid:
    """Return the grid of the experiment; its file lies beside the runs, so that `lethe grid` takes it too."""
    write_json(
        out / "grid.json", {**experiment.grid, "seed": seeds, "data": str(out / "data"), "out": str(out / "runs")}
    )
    return read_grid(out / "grid.json")


def _execute(grid: Grid) -> None:
    """Execute the runs that are not finished, one after the other, each in a process of its own.

    Raises:
        UserError: A run fails.
    """
    check_grid(grid)
    console = Console()
    for state in states_of(grid, requests_of(grid, checked=True), lambda folder: None):
        if state.name != DONE:
            console.say(f"run {state.cell.name}")
            status = subprocess.run([sys.executable, "-m", "lethebench", *state.cell.words()[1:]]).returncode
            if status:
                name = state.cell.name
                raise UserError(f"run {name} failed with exit status {status}, see above; the same command continues")


def _attack(experiment: Experiment, runs: Sequence[Path]) -> None:
    """Attack the models of the runs after the last request, if the experiment says so; finished results are kept."""
    if experiment.attacks:
        for _ in attack_runs(runs, budget=experiment.attacks["budget"], attacks=experiment.attacks.get("names", ())):
            pass


def _configuration(cell: Cell) -> str:
    """Return the name of a run without its seed."""
    return cell.name.removesuffix(f"-s{cell.options.seed}")


def _text(verdicts: Sequence[Verdict], own: Mapping[str, Any], before: Mapping[str, Any] | None, seeds: int) -> str:
    """Return the comparison as text."""
    lines = [
        [one.configuration, one.figure, number(one.expected), number(one.obtained), number(one.tolerance), one.verdict]
        for one in verdicts
    ]
    titles = ["Expected", "Obtained", "Tolerance"]
    table = text_table(["Configuration", "Figure", *titles, "Verdict"], lines, right=titles)
    counts = ", ".join(
        f"{count} {kind}" for kind in (SAME, OUTSIDE, NEW) if (count := sum(one.verdict == kind for one in verdicts))
    )
    notes = [f"{len(verdicts)} cells, means over {seeds} seeds: {counts}", f"here: {_environment(own)}"]
    notes += [f"expected values: {_environment(before)}"] if before else []
    return "\n".join([table, "", *notes])


def _environment(environment: Mapping[str, Any]) -> str:
    versions = ", ".join(f"{name} {version}" for name, version in environment["versions"].items())
    device = environment["machine"]["accelerator"] or environment["machine"]["processor"]
    return f"{device}, {environment['machine']['threads']} threads; {versions}"
