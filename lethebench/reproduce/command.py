"""Behind `lethe reproduce`: build the data, execute the runs, and compare their figures with the expected ones."""

import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from lethebench.attacks.several import attack_runs
from lethebench.builders import build as write_build
from lethebench.builders import read_manifest
from lethebench.cli.output import text_table
from lethebench.console import Console
from lethebench.errors import UserError
from lethebench.grid.command import check_grid, requests_of
from lethebench.grid.plan import Cell, Grid, read_grid
from lethebench.grid.states import DONE, states_of
from lethebench.report.load import load_run
from lethebench.report.tables import markdown, number
from lethebench.reproduce.attacked import attacks_table
from lethebench.reproduce.cells import NEW, OUTSIDE, SAME, Cells, Verdict, cells_of, compare, read_expected
from lethebench.reproduce.experiments import Experiment, find_experiment, with_seeds
from lethebench.reproduce.learnt import learnt_cells, learnt_sections
from lethebench.reproduce.methods import methods_table, rows_of
from lethebench.reproduce.pages import environment_text, page, scores
from lethebench.reproduce.tuned import Tuned, search_settings, settings_table, with_settings
from lethebench.results.rows import questions_of_build
from lethebench.runs.commands import learn_command
from lethebench.runs.folder import locked, write_json
from lethebench.runs.provenance import library_versions, machine

RESULTS = "results-{experiment}.json"
"""File of a comparison in the folder of an experiment, which several experiments may share."""


@dataclass(frozen=True)
class Measured:
    """What the runs of an experiment gave.

    Attributes:
        data: Benchmark and version of its data, and hashes of the questions.
        cells: Its figures.
        sections: Of its page, in Markdown.
        brackets: What stands in brackets behind means there.
        table: Printed above the comparison.
        tuned: The settings of its methods, where `lethe tune` found them.
    """

    data: Mapping[str, Any]
    cells: Cells
    sections: Sequence[str]
    brackets: str = "the standard deviation"
    table: str = ""
    tuned: Tuned = field(default_factory=dict)


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
    before, expected = read_expected(experiment.expected)
    with locked(out):
        if experiment.points:
            measured = _learned(experiment, chosen, out)
        else:
            measured = _unlearned(experiment, chosen, out, {} if record else before.get("tuned", {}))
    facts: dict[str, Any] = {
        "experiment": experiment.name,
        "data": measured.data,
        "environment": {"versions": library_versions(), "machine": machine()},
    }
    if measured.tuned:
        facts["tuned"] = measured.tuned
    table, data = measured.table, out / "data"
    if record:
        text = page(experiment, facts, chosen, measured.sections, brackets=measured.brackets)
        write_json(experiment.expected, {**facts, "cells": measured.cells})
        experiment.page.write_text(text, encoding="utf-8")
        line = f"expected values written to {experiment.expected} and {experiment.page.name}"
        return {**facts, "recorded": str(experiment.expected)}, f"{table}\n\n{line}" if table else line
    if before and before["data"] != facts["data"]:
        raise UserError(
            f"{data} is {facts['data']['benchmark']} {facts['data']['version']}, and the expected values are of "
            f"{before['data']['benchmark']} {before['data']['version']} with other questions; remove the folder, or "
            "install the release of lethebench that they were recorded with"
        )
    verdicts = compare(expected, measured.cells, chosen)
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


def _unlearned(experiment: Experiment, seeds: Sequence[int], out: Path, tuned: Tuned) -> Measured:
    """Execute the grid of an experiment on its build, and return what was measured.

    Args:
        experiment: The experiment.
        seeds: Of its runs.
        out: Its folder.
        tuned: The recorded settings of its methods; {} to search them if the experiment says so.
    """
    data, runs_folder, path = out / "data", out / "runs", out / "grid.json"
    _build(experiment.build, data)
    grid = _grid(experiment.grid, seeds, data, runs_folder, path)
    if experiment.tune and not tuned:
        _execute(replace(grid, cells=tuple(cell for cell in grid.cells if cell.shared)))
        tuned = search_settings(grid, experiment.tune, out / "tuned")
    if tuned:
        grid = _grid(with_settings(experiment.grid, tuned), seeds, data, runs_folder, path)
    _execute(grid)
    own = [cell for cell in grid.cells if not cell.shared]
    folders = [cell.folder for cell in own]
    _attack(experiment, folders)
    runs = [(_configuration(cell), load_run(cell.folder)) for cell in own]
    cells = cells_of(runs, attacked=bool(experiment.attacks))
    facts = {**_version(data), "questions": questions_of_build(data)}
    settings_section = [markdown(settings_table(tuned))] if tuned else []
    if not experiment.attacks:
        return Measured(facts, cells, [*scores(cells, runs, tuned=bool(tuned)), *settings_section], tuned=tuned)
    table = methods_table(rows_of(folders))
    tables = {"Methods under attack": table, "What each attack recovers": attacks_table(folders)}
    sections = [f"{title}\n\n{content}\n" for title, content in tables.items()]
    return Measured(facts, cells, [*sections, *settings_section], "the lowest and the highest", table, tuned)


def _learned(experiment: Experiment, seeds: Sequence[int], out: Path) -> Measured:
    """Train on each build of an experiment that has several, and return what was measured."""
    runs = []
    for point in experiment.points:
        data, folder = out / "data" / point.name, out / "runs" / point.name
        _build({**experiment.build, "options": {**experiment.build.get("options", {}), **point.options}}, data)
        keys = {**experiment.grid, "set": {**experiment.grid.get("set", {}), **point.settings}}
        folder.mkdir(parents=True, exist_ok=True)
        for cell in _grid(keys, seeds, data, folder, folder / "grid.json").cells:
            if cell.source is None:
                Console().say(f"{point.name}, seed {cell.options.seed}")
                learn_command(replace(cell.options, out=cell.folder, ignore_gate=True), resume=True)
                runs.append((point.name, load_run(cell.folder)))
    builds = {point.name: out / "data" / point.name for point in experiment.points}
    questions = {name: questions_of_build(data) for name, data in builds.items()}
    cells = learnt_cells(runs)
    facts = {**_version(next(iter(builds.values()))), "questions": questions}
    return Measured(facts, cells, learnt_sections(experiment, cells, runs), "the lowest and the highest")


def _version(data: Path) -> dict[str, Any]:
    manifest = read_manifest(data)
    return {"benchmark": manifest.benchmark, "version": manifest.version}


def _build(build: Mapping[str, Any], folder: Path) -> None:
    """Build the data once."""
    if (folder / "manifest.json").is_file():
        return
    arguments = dict(build)
    name = arguments.pop("name")
    with Console().phase(f"build {name}") as tick:
        write_build(name, folder, progress=tick, **arguments)


def _grid(keys: Mapping[str, Any], seeds: Sequence[int], data: Path, runs: Path, path: Path) -> Grid:
    """Return a grid; its file lies beside the runs, so that `lethe grid` takes it too."""
    write_json(path, {**keys, "seed": seeds, "data": str(data), "out": str(runs)})
    return read_grid(path)


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
    notes = [f"{len(verdicts)} cells, means over {seeds} seeds: {counts}", f"here: {environment_text(own)}"]
    notes += [f"expected values: {environment_text(before)}"] if before else []
    return "\n".join([table, "", *notes])
