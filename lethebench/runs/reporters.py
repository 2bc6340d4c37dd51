"""`--report-to`: the training of each stage in TensorBoard, Trackio or Weights & Biases, beside the run's own log."""

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lethebench.errors import UserError

if TYPE_CHECKING:
    from transformers import TrainerCallback

REPORTERS = ("tensorboard", "trackio", "wandb")
"""Packages whose callbacks Transformers brings."""
TENSORBOARD = "tensorboard"
"""Folder of a run that holds TensorBoard's files."""


def check_reporter(name: str | None) -> None:
    """Raise UserError if a reporter is unknown or not installed."""
    if name is None:
        return
    if name not in REPORTERS:
        raise UserError(f"--report-to {name}: unknown; pass one of {', '.join(REPORTERS)}")
    if find_spec(name) is None:
        raise UserError(f"--report-to {name}: not installed; `pip install {name}`, or leave it out")


def reporter_callbacks(name: str | None, run: Path, stage: str) -> "list[TrainerCallback]":
    """Return the callbacks that report the training of a stage; the project is the run, and its name the stage."""
    if name is None:
        return []
    from transformers import TrainerCallback
    from transformers.integrations import TensorBoardCallback, get_reporting_integration_callbacks

    class Named(TrainerCallback):
        """Names the training before the reporter reads the name."""

        def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
            args.run_name, args.project = stage.replace("/", "-"), run.resolve().name

    if name == "tensorboard":
        callback = TensorBoardCallback()
        callback.logging_dir = str(run / TENSORBOARD / stage)
    else:
        (kind,) = get_reporting_integration_callbacks([name])
        callback = kind()
    return [Named(), callback]
