"""Attack many runs: those of one seed share initial and gold models, which are attacked once."""

import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from lethebench.attacks.command import AttackOptions, attack_command
from lethebench.errors import UserError
from lethebench.runs.folder import RECORD
from lethebench.runs.records import read_run


def runs_in(paths: Sequence[Path]) -> list[Path]:
    """Return the runs that have methods, of paths that are runs or folders of runs.

    Raises:
        UserError: A path has none.
    """
    runs: list[Path] = []
    for path in paths:
        folders = [path] if (path / RECORD).is_file() else sorted(one.parent for one in path.glob(f"*/{RECORD}"))
        own = [folder for folder in folders if read_run(folder)["methods"]]
        if not own:
            raise UserError(f"{path} has no run with a method: give runs of `lethe run`, or the folder of a grid")
        runs += own
    return runs


def attack_runs(runs: Sequence[Path], *, budget: str, attacks: Sequence[str] = ()) -> Iterator[tuple[Path, float]]:
    """Attack the models of runs after their last stage; finished results are kept.

    Args:
        runs: Run folders. Initial and gold models that the first run of a seed has too are taken over from it.
        budget: A key of BUDGETS.
        attacks: Names; () = all that need no extra library.

    Yields:
        Each run when it is finished, and the seconds of processor time that it took.
    """
    first: dict[Any, Path] = {}
    for run in runs:
        start, seed = time.process_time(), read_run(run)["seed"]
        attack_command(AttackOptions(run=run, attacks=tuple(attacks), budget=budget, source=first.get(seed)))
        first.setdefault(seed, run)
        yield run, time.process_time() - start
