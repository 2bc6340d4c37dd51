"""Behind `lethe grid`: check a grid, execute or submit its runs, and show their states."""

import shlex
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from lethebench.console import Console
from lethebench.contract.own_folder import lock
from lethebench.errors import UserError
from lethebench.grid import engines, hub_jobs
from lethebench.grid.plan import Cell, Grid, read_grid
from lethebench.grid.states import DONE, FAILED, RUNNING, State, counts, states_of, table
from lethebench.runs.build import Build
from lethebench.runs.checks import check_build, check_options
from lethebench.runs.folder import LOCK, RECORD, file_hash
from lethebench.runs.options import PRESET_FILE, RunOptions
from lethebench.runs.quiet import open_quietly
from lethebench.runs.records import read_run

REPORT_JOB = "report"
"""Name of the job that writes the report of a grid on Slurm."""
POLL_SECONDS = 0.5
Requests = Mapping[str, int]
"""Name of a run -> its number of requests."""
ENGINES = {"local": engines.Local, "slurm": engines.Slurm, "debug": engines.Debug}


def grid_command(path: Path, *, engine: str | None = None) -> tuple[dict[str, Any], str]:
    """Execute the runs of a grid that are not done, or submit them; return their states and the text to print.

    The same command continues a grid: jobs that have not ended are left alone, and runs that failed are tried again.

    Args:
        path: The file.
        engine: Takes the place of the file's engine.

    Raises:
        UserError: The file, the engine, an option or the build cannot be used, or runs were created with other options.
    """
    grid = read_grid(path, engine)
    if grid.engine == "hf-jobs":
        check_grid(grid)
        lines = hub_jobs.commands(grid)
        return {"commands": [line for line in lines if not line.startswith("#")]}, "\n".join(lines)
    own_engine = ENGINES[grid.engine](grid)
    check_grid(grid)
    requests = requests_of(grid, checked=True)
    with lock(grid.jobs(LOCK), f"{grid.out} is in use by another `lethe grid`: wait until it ends, or pass --status"):
        if isinstance(own_engine, engines.Slurm):
            _submit(grid, own_engine, requests)
        elif isinstance(own_engine, engines.Local):
            _execute(grid, own_engine, requests)
        elif isinstance(own_engine, engines.Debug):
            _debug(grid, own_engine, requests)
    return _result(grid, own_engine, requests)


def status_command(path: Path, *, engine: str | None = None) -> tuple[dict[str, Any], str]:
    """Return the states of the runs of a grid, and the text to print."""
    grid = read_grid(path, engine)
    if grid.engine == "hf-jobs":
        raise UserError("--status: jobs on the Hub are listed by `hf jobs ps -a`")
    own_engine = ENGINES[grid.engine](grid)
    return _result(grid, own_engine, requests_of(grid))


def commands_of(path: Path) -> tuple[dict[str, Any], str]:
    """Return the command of each run of a grid, and the text to print."""
    commands = {cell.name: shlex.join(cell.words()) for cell in read_grid(path).cells}
    return {"commands": commands}, "\n".join(commands.values())


def report_command(path: Path) -> tuple[dict[str, Any], str]:
    """Write the report of the runs of a grid that have begun; return its path and the text to print.

    Raises:
        UserError: No run has begun.
    """
    page = _write_report(read_grid(path))
    if page is None:
        raise UserError(f"{path}: no run has begun; start them by `lethe grid {path}`")
    return {"report": str(page)}, str(page)


def _write_report(grid: Grid) -> Path | None:
    from lethebench.report import write_report

    folders = [cell.folder for cell in grid.cells if not cell.shared and (cell.folder / RECORD).is_file()]
    return write_report(folders, _report(grid).parent) if folders else None


def _report(grid: Grid) -> Path:
    """Return the page of the report over all runs."""
    return grid.out / "report/report.html"


def requests_of(grid: Grid, *, checked: bool = False) -> Requests:
    """Return the number of requests of each run; if `checked`, raise UserError if one cannot work or differs."""
    builds = {path: open_quietly(path) for path in {cell.options.data for cell in grid.cells}}
    counts = {}
    for cell in grid.cells:
        build = builds[cell.options.data].by_request(cell.options.tasks_per_request)
        if checked:
            check_build(cell.options, build)
        if checked and (cell.folder / RECORD).is_file():
            _check_same(cell, build, grid.path)
        counts[cell.name] = len(cell.options.task_order(build))
    return counts


def check_grid(grid: Grid) -> None:
    """Check the options of each run; seeds need no check of their own."""
    checked_keys = set()
    for cell in grid.cells:
        key = repr(replace(cell.options, seed=0, order_seed=None))
        if key not in checked_keys:
            check_options(cell.options)
            checked_keys.add(key)


def _check_same(cell: Cell, build: Build, path: Path) -> None:
    """Raise UserError if the folder of a run holds one of other options or data."""
    cure = f"restore {path}, or give another out"
    record = read_run(cell.folder)
    if record["data"]["manifest_sha256"] != file_hash(build.path / "manifest.json"):
        raise UserError(f"{cell.folder} was created from another build ({record['data']['path']}); {cure}")
    options, before = cell.options, RunOptions.from_record(record)
    if options.preset is None or before.preset == PRESET_FILE:
        options = replace(options, preset=before.preset)
    for name, was, value in before.conflicts(options, before.methods):
        raise UserError(f"{cell.folder} was created with {name} {was}, and {path} has {value}; {cure}")


def _result(grid: Grid, engine: engines.Engine, requests: Requests) -> tuple[dict[str, Any], str]:
    """Return the states and the report, and the text that shows them."""
    states = _states(grid, engine, requests)
    report = str(_report(grid)) if _report(grid).is_file() else None
    text = table(states)
    lines = [text, f"report: {report}"] if report else [text]
    return {"runs": [state.record() for state in states], "counts": counts(states), "report": report}, "\n".join(lines)


def _states(grid: Grid, engine: engines.Engine, requests: Requests) -> list[State]:
    engine.refresh()
    return states_of(grid, requests, engine.live, getattr(engine, "failures", None))


def _execute(grid: Grid, engine: engines.Local, requests: Requests) -> None:
    """Start runs while there is room for them, until each has ended or cannot start; then write the report."""
    console = Console()
    started: set[str] = set()
    before: dict[str, str] = {}
    first: dict[str, str] = {}
    while True:
        states = _states(grid, engine, requests)
        _tell(console, states, before)
        first = first or dict(before)
        ready = [state for state in _ready(states) if state.cell.name not in started]
        if not ready and not any(state.name == RUNNING for state in states):
            break
        for state, gpu in zip(ready, engine.free(), strict=False):
            engine.submit(state.cell.name, state.cell.words(), gpu)
            started.add(state.cell.name)
        time.sleep(POLL_SECONDS)
    if before != first or not _report(grid).is_file():
        _write_report(grid)


def _debug(grid: Grid, engine: engines.Debug, requests: Requests) -> None:
    started: set[str] = set()
    while ready := [state for state in _ready(_states(grid, engine, requests)) if state.cell.name not in started]:
        engine.execute(ready[0].cell.name, ready[0].cell.words())
        started.add(ready[0].cell.name)
    if started or not _report(grid).is_file():
        _write_report(grid)


def _submit(grid: Grid, engine: engines.Slurm, requests: Requests) -> None:
    """Submit each run that is not done and has no job, after its source; then the job of the report, after all."""
    waits: dict[str, str] = {}
    submitted = 0
    states = _states(grid, engine, requests)
    for state in states:
        cell = state.cell
        if state.name == DONE:
            continue
        if engine.live(grid.jobs(cell.name)):
            waits[cell.name] = state.job or ""
            continue
        after = waits.get(cell.source.name) if cell.source else None
        waits[cell.name] = engine.submit(cell.name, cell.words(), after=f"afterok:{after}" if after else "")
        submitted += 1
    if submitted:
        if earlier := engine.live(grid.jobs(REPORT_JOB)):
            engine.cancel(earlier.job)
        words = ["lethe", "grid", str(grid.path), "--report"]
        engine.submit(REPORT_JOB, words, after=":".join(["afterany", *waits.values()]))
        Console().say(f"{submitted} runs submitted to Slurm")


def _ready(states: Sequence[State]) -> list[State]:
    """Return the runs that have neither finished nor a job, and whose source is done."""
    done = {state.cell.name for state in states if state.name == DONE}
    open_states = [state for state in states if state.name not in (DONE, RUNNING)]
    return [state for state in open_states if state.cell.source is None or state.cell.source.name in done]


def _tell(console: Console, states: Sequence[State], before: dict[str, str]) -> None:
    """Print a line for each run that is in another state than before."""
    first = not before
    for state in states:
        if before.get(state.cell.name) != state.name and (not first or state.name == RUNNING):
            reason = f": {state.line}" if state.name == FAILED else ""
            console.say(f"{state.cell.name}: {state.name}{reason}")
        before[state.cell.name] = state.name
