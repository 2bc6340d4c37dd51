"""Load the model of a finished stage to score it."""

from pathlib import Path
from typing import Any

import torch

from lethebench.baselines.loading import Loaded, load_model


def load_placed(path: str | Path, adapter: str | Path | None = None, **options: Any) -> Loaded:
    """Load a model as `load_model` does, and move it to the accelerator where there is one."""
    loaded = load_model(path, adapter, **options)
    if torch.cuda.is_available() and not getattr(loaded.model, "hf_device_map", None):
        loaded.model.to("cuda")
    return loaded
