"""What a run keeps and prints of its stages besides models and scores: logs, checkpoints, progress."""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

from lethebench.baselines.trainer.resume import Checkpoints
from lethebench.console import Console
from lethebench.contract.own_folder import kept_file, remove_kept
from lethebench.runs.folder import HELD_OUT
from lethebench.runs.live import matrix_text, stage_line
from lethebench.runs.options import RunOptions
from lethebench.runs.progress import LOG, RunProgress, scores_line
from lethebench.runs.proof import stages_of
from lethebench.runs.records import read_run
from lethebench.runs.reporters import reporter_callbacks
from lethebench.runs.scorer import Scores
from lethebench.runs.stage_log import StageLog
from lethebench.runs.summary import ROWS
from lethebench.runs.training import Ticks, Training
from lethebench.runs.weights import CHECKPOINTS, remove_weights, training_identity
from lethebench.runs.world import world


class Recorder:
    """Follows the stages of a run.

    Args:
        folder: The run folder.
        options: Of the run.
        console: Shows progress.

    Attributes:
        is_whole: Whether this process runs all stages, so that it prints the time that is left.
    """

    def __init__(self, folder: Path, options: RunOptions, console: Console) -> None:
        self.folder = folder
        self.options = options
        self.console = console
        self.is_whole = False

    @cached_property
    def record(self) -> dict[str, Any]:
        """The content of run.json."""
        return read_run(self.folder)

    @cached_property
    def progress(self) -> RunProgress:
        """What the finished stages took and scored."""
        return RunProgress(self.folder, self.record)

    def log(self, folder: Path) -> StageLog:
        """Return the log of a stage in its new folder; only the main process writes it."""
        return StageLog(folder / LOG if world().is_main else None)

    @contextmanager
    def training(self, title: str, stage: str, folder: Path) -> Iterator[Training]:
        """Show and time the training of a stage in its new folder; yield what it needs."""
        log, start = self.log(folder), time.monotonic()
        identity = training_identity(self.folder, self.record, stage)
        checkpoints = Checkpoints(kept_file(self.folder / stage, CHECKPOINTS), identity, self.options.save_steps)
        if latest := checkpoints.latest():
            self.console.say(f"{stage}: continuing from {Path(latest).name}")
        reporters = reporter_callbacks(self.options.report_to, self.folder, stage)
        with self.console.phase(title) as tick:
            yield Training([Ticks(tick), log, *reporters], checkpoints, log)
        seconds = log.seconds_before + time.monotonic() - start
        log.write({"phase": "train", "seconds": round(seconds, 3)})

    def scored(self, folder: Path, scores: Scores, order: Sequence[int], seconds: Mapping[str, float]) -> None:
        """Write to the log of a stage what was scored, and the `seconds` that it took."""
        times = {name: round(value, 3) for name, value in seconds.items()}
        line = scores_line(scores[ROWS], len(scores.get(HELD_OUT, ())), order)
        self.log(folder).write({"phase": "score", **times, **line})

    def finished(self, stage: str) -> None:
        """Tidy up after a stage, print what it knows, and put the matrix below the progress bar."""
        world().main(self.tidy)
        self.progress.refresh()
        if line := stage_line(self.progress, stage, left=self.is_whole):
            self.console.say(line)
        self.console.board = matrix_text(self.progress, width=self.console.width)

    def tidy(self) -> None:
        """Remove checkpoints of finished stages, and weights that `--keep` does not keep."""
        stages = list(stages_of(self.folder, self.record))
        for stage in stages:
            remove_kept(self.folder / stage, CHECKPOINTS)
        remove_weights(self.folder, stages, self.options.keep)
