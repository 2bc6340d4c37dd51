"""`lethe demo`: a whole run on a small benchmark and the embedded model."""

from pathlib import Path
from typing import Any

from lethebench.builders import build
from lethebench.console import Console
from lethebench.contract.folder_kinds import BUILD, EVALUATION, MARKER, REPORT, STAGE, Kind, listing
from lethebench.contract.own_folder import remove_listed
from lethebench.errors import UserError
from lethebench.runs.checks import check_repair
from lethebench.runs.continual import count_phases, execute, headline
from lethebench.runs.folder import LOCK, RECORD, locked
from lethebench.runs.options import RunOptions
from lethebench.runs.quiet import open_quietly, quiet_libraries

METHODS = ("ga", "npo")
SIZE = "small"
DEMO = Kind("a demo")
FILES = (RECORD, *(f"{name}/{file}" for name in (*METHODS, "gold") for file in ("summary.json", "matrix.parquet")))
"""What a demo writes outside of `PARTS`."""
PARTS = {"data": BUILD, "learnt": STAGE, "*/t[0-9]*": STAGE, "report": REPORT, "evaluation": EVALUATION}
"""Folders in a demo that list their own files."""
TASKS = 4


def demo_command(out: Path, *, seed: int, resume: bool, repair: bool = False) -> tuple[dict[str, Any], str]:
    """Build a small icu, train, unlearn it task by task with ga and npo, retrain the gold model, and report.

    Args:
        out: The run folder; the data goes to `out/data`. An earlier demo there is replaced unless resumed.
        seed: Seed of data, weights and order.
        resume: Continue an interrupted demo.
        repair: With `resume`: run damaged stages again.

    Returns:
        What `--json` prints, and the text to print.

    Raises:
        UserError: `out` holds files that no demo wrote, or one of its stages is damaged and `repair` is false.
    """
    check_repair(resume=resume, repair=repair)
    quiet_libraries()
    data = out / "data"
    options = RunOptions(data=data, out=out, methods=METHODS, seed=seed)
    console = Console(phases=1 + count_phases(options, TASKS))
    console.say("The whole of lethebench in small: 24 fictitious people, a model of a million weights, two methods.")
    with locked(out):
        if not resume or listing(out) == [LOCK]:
            _clear(out)
        if (data / "manifest.json").is_file():
            console.skip("build the benchmark icu, small", phases=1)
        else:
            with console.phase("build the benchmark icu, small") as tick:
                build("icu", data, size=SIZE, seed=seed, progress=tick)
        result = execute(open_quietly(data), options, console, resume=resume, repair=repair)
    return result, headline(result)


def _clear(out: Path) -> None:
    """Remove an earlier demo; mark the folder as that of a demo.

    Raises:
        UserError: The folder holds a file that no demo wrote.
    """
    parts = [(folder, kind) for pattern, kind in PARTS.items() for folder in sorted(out.glob(pattern))]
    own = DEMO.own_files(out) or set()
    listed = {
        (folder / name).relative_to(out).as_posix() for folder, kind in parts for name in kind.own_files(folder) or ()
    }
    foreign = next((name for name in listing(out) if name not in own | listed | {LOCK}), None)
    if foreign is not None or (parts and not own):
        raise UserError(
            f"{out} holds {foreign or parts[0][0].name}, which no demo wrote: pass another folder with --out"
        )
    for folder, kind in parts:
        remove_listed(folder, kind.own_files(folder) or set(), last=kind.marker)
    remove_listed(out, own, last=MARKER)
    DEMO.mark(out, FILES)
