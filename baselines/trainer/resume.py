"""Checkpoints inside a stage: Transformers' own, written every N steps, from which a killed stage is continued."""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from transformers import TrainerCallback

from lethebench.contract.own_folder import discard, new_file

MARK = "complete.json"
"""File of a checkpoint that is written last: one that a killed process was writing has none."""


@dataclass(frozen=True)
class Checkpoints:
    """Where a stage writes checkpoints, and which of them it may continue.

    Attributes:
        folder: Holds at most two, the older until the newer one is complete.
        identity: What decides the weights; a checkpoint with another one is ignored.
        steps: Optimizer steps between two; None = write none, but continue one that is there.
    """

    folder: Path
    identity: str
    steps: int | None = None

    def arguments(self) -> dict[str, Any]:
        """Return the fields of TrainingArguments that write the checkpoints."""
        if self.steps is None:
            return {}
        return {"output_dir": str(self.folder), "save_strategy": "steps", "save_steps": self.steps}

    @property
    def whole(self) -> Path:
        """The folder in which a sharded model is saved whole, for every process to load it."""
        return self.folder / "whole"

    def callbacks(self) -> list[TrainerCallback]:
        """Return the callback that completes a checkpoint."""
        return [] if self.steps is None else [_Complete(self)]

    def latest(self) -> str | None:
        """Return the newest complete checkpoint of this stage, None if there is none."""
        complete = [path.parent for path in self.folder.glob(f"checkpoint-*/{MARK}") if self._fits(path)]
        newest = max(complete, key=lambda path: int(path.name.partition("-")[2]), default=None)
        return None if newest is None else str(newest)

    def _fits(self, mark: Path) -> bool:
        try:
            content = json.loads(mark.read_text(encoding="utf-8"))
        except ValueError:
            return False
        return isinstance(content, dict) and content.get("identity") == self.identity


class _Complete(TrainerCallback):
    """Logs before each checkpoint, so that it holds every loss; marks it, and removes older ones."""

    def __init__(self, checkpoints: Checkpoints) -> None:
        self.checkpoints = checkpoints

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        if state.global_step >= state.max_steps:
            control.should_save = False  # the stage itself is saved now
        if control.should_save:
            control.should_log = True

    def on_save(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        if not state.is_world_process_zero:
            return
        folder = self.checkpoints.folder
        newest = folder / f"checkpoint-{state.global_step}"
        for path in newest.rglob("*"):
            if path.is_file():
                with path.open("rb") as file:
                    os.fsync(file.fileno())
        with new_file(newest / MARK) as unfinished:
            unfinished.write_text(json.dumps({"identity": self.checkpoints.identity}), encoding="utf-8")
        for path in folder.glob("checkpoint-*"):
            if path != newest:
                discard(path)


def mean_loss(history: Sequence[Mapping[str, Any]]) -> float:
    """Return the mean loss over all steps of a training, from a log history that a checkpoint may have continued."""
    total, before = 0.0, 0
    for entry in history:
        if "loss" in entry:
            total += entry["loss"] * (entry["step"] - before)
            before = entry["step"]
    return total / max(1, before)
