"""The log of a stage, written while it runs: losses, gradient norms, learning rates, and what it was scored."""

import json
import math
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from transformers import TrainerCallback


class StageLog(TrainerCallback):
    """Appends one JSON object per line to the log of a stage.

    A line is `{"step", "steps", "rows", "loss", "grad_norm", "learning_rate", "seconds", ...}`, or of a finished phase
    `{"phase": "train" or "score", "seconds", ...}`. `rows` are those of one step; seconds of a step are those since
    training began. A training that is resumed from a checkpoint writes the lines of its first part again.

    Args:
        path: The file; None = write nothing.

    Attributes:
        seconds_before: Of a resumed training, how long its first part took.
    """

    def __init__(self, path: Path | None) -> None:
        self.path = path
        self._start = time.monotonic()
        self.seconds_before = 0.0
        self._shared: dict[str, int] = {}

    def write(self, entry: Mapping[str, Any]) -> None:
        """Append a line; numbers that are not finite become null."""
        if self.path is None:
            return
        line = {
            name: None if isinstance(value, float) and not math.isfinite(value) else value
            for name, value in entry.items()
        }
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line, allow_nan=False) + "\n")

    def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        self._start = time.monotonic()
        history = [entry for entry in state.log_history if "loss" in entry]
        self.seconds_before = history[-1].get("seconds", 0.0) if history else 0.0
        self._shared = {"steps": state.max_steps, "rows": _rows_of_step(args)}
        for entry in history:
            self._write_step(entry)

    def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **kwargs: Any) -> None:
        if not logs or "loss" not in logs:  # the summary at the end
            return
        entry = state.log_history[-1]  # is saved with a checkpoint
        entry["seconds"] = round(self.seconds_before + time.monotonic() - self._start, 3)
        self._write_step(entry)

    def _write_step(self, entry: Mapping[str, Any]) -> None:
        numbers = {name: value for name, value in entry.items() if isinstance(value, int | float)}
        self.write({"step": entry["step"], **self._shared, **numbers})


def _rows_of_step(args: Any) -> int:
    """Return how many rows, or pairs of rows, a step has in all processes."""
    return args.per_device_train_batch_size * args.gradient_accumulation_steps * args.world_size
