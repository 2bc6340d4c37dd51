"""`lethe watch`: follow a run from another process, by the files of its folder."""

import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from lethebench.contract.errors import UserError, printable
from lethebench.runs.folder import LOCK
from lethebench.runs.live import matrix_text, stage_line
from lethebench.runs.progress import RunProgress, words_for
from lethebench.runs.proof import LEARNT

SECONDS = 1.0
"""Between two looks at the folder."""
LOCKS = Path("/proc/locks")


def watch_command(
    folder: Path, *, once: bool = False, say: Callable[[str], None] = print, seconds: float = SECONDS
) -> tuple[dict[str, Any], str]:
    """Follow a run until its process ends; return its state and a last line.

    Args:
        folder: The run folder.
        once: Whether to return at once.
        say: Prints a line for each stage that was finished since.
        seconds: Time between two looks.

    Raises:
        UserError: `folder` is not a run, or its process ended before the run was finished.
    """
    progress = RunProgress(folder)
    with _screen(once) as draw:
        while True:
            is_running = _is_running(folder)  # first: what it finished before it ended is read below
            before = set(progress.stages)
            progress.refresh()
            draw(f"{matrix_text(progress, width=shutil.get_terminal_size((80, 24)).columns)}\n{_now(progress)}".strip())
            for stage in progress.stages:
                line = stage_line(progress, stage, left=False)
                if stage not in before and line:
                    say(printable(line))
            if once or not is_running:
                break
            time.sleep(seconds)
    state = _state(progress, is_running)
    text = _now(progress) if is_running else f"{state['finished']} of {state['planned']} stages are finished"
    if not is_running and state["finished"] < state["planned"]:
        how = "by --resume" if progress.record["methods"] else "by `lethe learn ... --resume`"
        text = f"{folder}: {text}, and no process on this machine runs it: continue it {how}"
        if not once:
            raise UserError(text)
    matrix = matrix_text(progress, width=shutil.get_terminal_size((80, 24)).columns)
    return state, f"{matrix}\n{text}".strip()


def _state(progress: RunProgress, is_running: bool) -> dict[str, Any]:
    left = progress.seconds_left()
    return {
        "running": progress.running if is_running else None,
        "finished": len(progress.stages),
        "planned": len(progress.planned),
        "seconds_left": None if left is None else round(left, 1),
        "knowledge": {method: progress.knowledge(method) for method in progress.record["methods"]},
    }


def _now(progress: RunProgress) -> str:
    """Return what the run does at this moment, in one line."""
    stage = progress.running
    if stage is None:
        return f"{len(progress.stages)} of {len(progress.planned)} stages"
    parts = [f"{len(progress.stages) + 1} of {len(progress.planned)}: {stage}"]
    current = progress.current()
    left = progress.seconds_left()
    if "train" in current.phases:
        parts.append("scoring")
        spent = current.phases["train"]["seconds"]
    elif current.steps:
        last = current.steps[-1]
        parts += [f"step {last['step']} of {last['steps']}", f"loss {last['loss']:.4g}" if last.get("loss") else ""]
        spent = last.get("seconds", 0.0)
    else:
        parts.append("starting")
        spent = 0.0
    if left is not None:
        parts.append(f"about {words_for(max(0.0, left - spent))} left")
    elif stage == LEARNT and current.steps:
        last = current.steps[-1]
        remaining = last.get("seconds", 0.0) / last["step"] * (last["steps"] - last["step"])
        parts.append(f"this training about {words_for(remaining)} more")
    return ", ".join(filter(None, parts))


@contextmanager
def _screen(once: bool) -> Iterator[Callable[[str], None]]:
    """Yield a function that shows text at the end of a terminal; elsewhere it shows nothing."""
    from rich.console import Console
    from rich.live import Live
    from rich.text import Text

    console = Console(stderr=True, highlight=False)
    if once or not console.is_terminal:
        yield lambda text: None
        return
    with Live(console=console, transient=True, auto_refresh=False) as live:
        yield lambda text: live.update(Text("\n".join(map(printable, text.splitlines()))), refresh=True)


def _is_running(folder: Path) -> bool:
    """Return whether a process holds the lock of a run folder; where the system does not tell, whether it is there."""
    try:
        number = os.stat(folder / LOCK).st_ino
    except FileNotFoundError:
        return False
    try:
        lines = LOCKS.read_text("ascii").splitlines()
    except OSError:
        return True
    return any(f":{number} " in line for line in lines)
