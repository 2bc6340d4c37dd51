"""`lethe demo`: a whole run on a small benchmark and the embedded model."""

import shutil
from pathlib import Path
from typing import Any

from lethebench.builders import build
from lethebench.console import Console
from lethebench.errors import UserError
from lethebench.runs.continual import count_phases, execute, headline
from lethebench.runs.folder import RECORD, locked
from lethebench.runs.options import RunOptions
from lethebench.runs.quiet import open_quietly, quiet_libraries

METHODS = ("ga", "npo")
SIZE = "small"
TASKS = 4


def demo_command(out: Path, *, seed: int, resume: bool) -> tuple[dict[str, Any], str]:
    """Build a small icu, train, unlearn it task by task with ga and npo, retrain the gold model, and report.

    Args:
        out: The run folder; the data goes to `out/data`. An earlier demo there is replaced unless resumed.
        seed: Seed of data, weights and order.
        resume: Continue an interrupted demo.

    Returns:
        What `--json` prints, and the text to print.

    Raises:
        UserError: `out` holds files that no demo wrote.
    """
    quiet_libraries()
    data = out / "data"
    options = RunOptions(data=data, out=out, methods=METHODS, seed=seed)
    console = Console(phases=1 + count_phases(options, TASKS))
    console.say("The whole of lethebench in small: 24 fictitious people, a model of a million weights, two methods.")
    with locked(out):
        if not resume:
            _clear(out)
        if (data / "manifest.json").is_file():
            console.skip("build the benchmark icu, small", phases=1)
        else:
            with console.phase("build the benchmark icu, small") as tick:
                build("icu", data, size=SIZE, seed=seed, progress=tick)
        result = execute(open_quietly(data), options, console, resume=resume)
    return result, headline(result)


def _clear(out: Path) -> None:
    """Remove an earlier demo."""
    entries = [path for path in out.iterdir() if path.name != ".lock"]
    if entries and not (out / RECORD).is_file() and {path.name for path in entries} - {"data"}:
        raise UserError(f"{out} holds files that no demo wrote: pass another folder with --out")
    for path in entries:
        shutil.rmtree(path) if path.is_dir() else path.unlink()
