"""The main job, whole, on the embedded model: what `lethe demo` does."""

import shutil
from pathlib import Path

from lethebench.builders import build
from lethebench.cli.train import opened, quiet
from lethebench.console import Console
from lethebench.errors import UserError
from lethebench.runs.continual import execute, headline, phases
from lethebench.runs.folder import RECORD, locked
from lethebench.runs.options import RunOptions

METHODS = ("ga", "npo")
SIZE = "small"
TASKS = 4


def demo_command(out: Path, *, seed: int, resume: bool) -> tuple[dict, str]:
    """Builds a small icu, learns it, unlearns it task by task with ga and npo, retrains gold, and reports.

    Args:
        out: the run folder; the data goes to `out/data`. What an earlier demo left there is replaced unless resumed.
        seed: of data, weights and order.
        resume: go on where an interrupted demo stopped.

    Returns:
        What `--json` prints, and the table in words.

    Raises:
        UserError: `out` holds something that is not a demo's.
    """
    quiet()
    data = out / "data"
    options = RunOptions(data=data, out=out, methods=METHODS, seed=seed)
    console = Console(phases=1 + phases(options, TASKS))
    console.say("The whole of lethebench in small: 24 fictitious people, a model of a million weights, two methods.")
    with locked(out):
        if not resume:
            _clear(out)
        if (data / "manifest.json").is_file():
            console.skip("build the benchmark icu, small", phases=1)
        else:
            with console.phase("build the benchmark icu, small") as tick:
                build("icu", data, size=SIZE, seed=seed, progress=tick)
        result = execute(opened(data), options, console, resume=resume)
    return result, headline(result)


def _clear(out: Path) -> None:
    """Removes what an earlier demo left."""
    found = [path for path in out.iterdir() if path.name != ".lock"]
    if found and not (out / RECORD).is_file() and {path.name for path in found} - {"data"}:
        raise UserError(f"{out} holds something that is not a demo's: give another folder with --out")
    for path in found:
        shutil.rmtree(path) if path.is_dir() else path.unlink()
