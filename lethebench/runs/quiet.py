"""Keeps the bars and warnings of libraries off the terminal, which belongs to the command's own lines."""

import logging
import warnings
from importlib import import_module
from pathlib import Path

from datasets import disable_progress_bars
from datasets.utils.logging import set_verbosity_error

from lethebench.contract.importing import importing
from lethebench.runs.build import Build, open_build


def open_quietly(path: Path) -> Build:
    """Open a build, and turn off the progress bars and warnings of `datasets`."""
    disable_progress_bars()
    set_verbosity_error()
    return open_build(path)


def quiet_libraries(*, training: bool = True) -> None:
    """Import the libraries that score models, with `training` also those that train; show only their errors."""
    with importing():
        import transformers

        import_module("trl.trainer.sft_trainer" if training else "transformers.modeling_utils")
    transformers.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    logging.getLogger("accelerate").setLevel(logging.ERROR)
    warnings.filterwarnings("ignore", module=r"(torch|transformers|trl|accelerate|peft)\b")
