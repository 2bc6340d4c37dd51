"""The state of each run of a grid, read from its folder, its jobs and the engine; and the table of them."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lethebench.cli.output import text_table
from lethebench.contract.errors import printable
from lethebench.grid.plan import Cell, Grid
from lethebench.runs.folder import is_done, stage_name
from lethebench.runs.proof import LEARNT, gold_names

DONE, RUNNING, FAILED, WAITING = STATES = ("done", "running", "failed", "waiting")
SUBMITTED, LOG, RESULT = "_submitted.pkl", "_0_log.err", "_0_result.pkl"
"""Ends of the names of submitit's files of a job, after its id."""
NOISE = ("srun: ", "submitit WARNING")
"""How lines begin that follow the reason why a job was killed."""
END_OF_LOG = 64 * 1024


@dataclass(frozen=True)
class Live:
    """A job that an engine still knows.

    Attributes:
        job: Its id.
        running: Whether it is executed now, or waits.
        reason: Why it waits, in the engine's words.
        device: The GPU that it was given, None without one.
    """

    job: str
    running: bool = True
    reason: str = ""
    device: str | None = None


@dataclass(frozen=True)
class State:
    """The state of one run.

    Attributes:
        cell: The run.
        name: One of `STATES`.
        stages: Number of finished stages.
        planned: Number of stages.
        job: The id of its last job, None before the first.
        log: The log of that job.
        line: Of a failed run the last line of the log, of a waiting one the reason.
    """

    cell: Cell
    name: str
    stages: int
    planned: int
    job: str | None = None
    log: Path | None = None
    line: str = ""

    def record(self) -> dict[str, Any]:
        """Return what `--json` prints of the run."""
        return {
            "name": self.cell.name,
            "state": self.name,
            "stages": self.stages,
            "planned": self.planned,
            "run": str(self.cell.folder),
            "job": self.job,
            "log": None if self.log is None else str(self.log),
            "line": self.line or None,
        }


def states_of(
    grid: Grid,
    requests: Mapping[str, int],
    live: Callable[[Path], Live | None],
    failures: Mapping[str, str] | None = None,
) -> list[State]:
    """Return the state of each run.

    Args:
        grid: The grid.
        requests: Name of a run -> its number of requests.
        live: Returns the live job of a folder of jobs, if there is one.
        failures: Name -> last line of runs that failed without a job of their own.
    """
    states: dict[str, State] = {}
    for cell in grid.cells:
        folder = grid.jobs(cell.name)
        stages = planned_stages(cell, requests[cell.name])
        done = sum(is_done(cell.folder / stage) for stage in stages)
        job = last_job(folder)
        current = live(folder)
        log = None if job is None else folder / f"{job}{LOG}"
        name, line = WAITING, ""
        needs = f"needs {cell.source.name}" if cell.source and states[cell.source.name].name != DONE else ""
        if done == len(stages) and (cell.folder / "report/report.html").is_file():
            name = DONE
        elif current is not None:
            name, line, job = (RUNNING if current.running else WAITING), current.reason, current.job
            log = folder / f"{job}{LOG}"
        elif failures and cell.name in failures:
            name, line = FAILED, failures[cell.name]
        elif log is not None and (log.is_file() or not needs):
            name, line = FAILED, last_line(folder, str(job))
        else:  # Slurm removes jobs that wait for one that failed
            line = needs
        states[cell.name] = State(cell, name, done, len(stages), job, log, line)
    return list(states.values())


def planned_stages(cell: Cell, count: int) -> list[str]:
    """Return the stages of a run with this number of requests."""
    options = cell.options
    golds = [stage_name(number) for number in options.gold_stages(count)]
    return [
        LEARNT,
        *(f"{method}/{stage_name(number)}" for method in options.methods for number in range(1, count + 1)),
        *(f"{gold}/{stage}" for gold in gold_names(options.record()) for stage in golds),
    ]


def last_job(folder: Path) -> str | None:
    """Return the id of the job that was submitted last."""
    files = sorted(folder.glob(f"*{SUBMITTED}"), key=lambda path: path.stat().st_mtime_ns)
    return files[-1].name.removesuffix(SUBMITTED) if files else None


def last_line(folder: Path, job: str) -> str:
    """Return the reason why a job failed: the last line of `lethe` in its log, or the last one at all."""
    try:
        with (folder / f"{job}{LOG}").open("rb") as file:
            file.seek(max(0, file.seek(0, 2) - END_OF_LOG))
            lines = [line.strip() for line in file.read().decode(errors="replace").splitlines() if line.strip()]
    except FileNotFoundError:
        return "ended before it began"
    if not (folder / f"{job}{RESULT}").is_file():
        lines = [line for line in lines if not line.startswith(NOISE)] or lines
        return f"ended without a result; last line: {printable(lines[-1]) if lines else 'none'}"
    own = [line.removeprefix("lethe: ") for line in lines if line.startswith("lethe: ")]
    return printable((own or lines or ["no line in the log"])[-1])


def counts(states: Sequence[State]) -> dict[str, int]:
    """Return the number of runs in each state."""
    numbers = Counter(state.name for state in states)
    return {name: numbers[name] for name in STATES}


def table(states: Sequence[State]) -> str:
    """Return the states as text: a line for each run, their numbers, and the reason and log of each that failed."""
    lines = [
        [state.cell.name, state.name, f"{state.stages}/{state.planned}", state.job or "-", _note(state)]
        for state in states
    ]
    failed = [
        f"failed: {state.cell.name}: {state.line}" + (f"; log: {state.log}" if state.log else "")
        for state in states
        if state.name == FAILED
    ]
    totals = ", ".join(f"{number} {name}" for name, number in counts(states).items() if number)
    rows = text_table(["Run", "State", "Stages", "Job", "Waits for"], lines, right=["Stages"])
    return "\n".join([rows, "", f"{len(states)} runs: {totals}", *failed])


def _note(state: State) -> str:
    return state.line if state.name == WAITING else ""
