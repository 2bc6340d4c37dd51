"""What happens to a stage that diverges: its loss is not finite, or its model answers no kept question any more."""

import time
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from lethebench.baselines.loading import Loaded
from lethebench.baselines.stage import Stage, UnlearnResult
from lethebench.console import Console
from lethebench.errors import CheckFailed, one_line
from lethebench.runs.options import RunOptions
from lethebench.runs.placed import load_placed
from lethebench.runs.training import unlearn_task

KNOWS_NOTHING = "it answers no question on rows that nobody asked to forget"


def unlearn_or_keep(
    inputs: Stage, before: Path, options: RunOptions, console: Console, record: dict[str, Any]
) -> tuple[UnlearnResult, Loaded]:
    """Train a stage; where its loss is not finite and the options continue, return the model that it started from.

    Args:
        inputs: The stage.
        before: The folder of the model that it starts from.
        options: Options of the run.
        console: Shows the warning.
        record: Content of done.json; gets the reason as `diverged`.

    Raises:
        FloatingPointError: A loss or gradient is not finite, and the options do not continue.
    """
    start = time.perf_counter()
    try:
        return unlearn_task(inputs)
    except FloatingPointError as error:
        if options.on_divergence != "continue":
            cure = "or pass --on-divergence continue, which keeps the model of the stage before"
            raise FloatingPointError(f"{inputs.method}: {error}; {cure}") from error
        record["diverged"] = one_line(error)
        console.say(f"warning: {inputs.method}: {record['diverged']}; the model of the stage before is kept")
        loaded = load_placed(before, **inputs.preset.model)
        return UnlearnResult(loaded.model, loaded.processor, 0, time.perf_counter() - start), loaded


def answers_nothing(rows: Sequence[Mapping[str, Any]], requested: Collection[int]) -> bool:
    """Return whether a model answers none of the rows that nobody asked to forget.

    Args:
        rows: Its scored rows.
        requested: The tasks that were asked so far.
    """
    return not any(row["keyword_match"] for row in rows if row["task_id"] not in requested)


def check_divergence(options: RunOptions, stage: str, record: Mapping[str, Any]) -> None:
    """Raise CheckFailed if a finished stage has diverged and the options stop there."""
    if options.on_divergence == "stop" and (reason := record.get("diverged")):
        raise CheckFailed(f"{stage} diverged: {reason}; to go on, resume with --on-divergence continue")
