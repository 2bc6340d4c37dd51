"""Support for tests of `lethe evaluate`: untrained models as folders, the command line in process."""

import sys
from pathlib import Path

import pytest
import torch
from tiny_models import llava

from lethebench.baselines.loading import save_model
from lethebench.cli.app import main


def save_llava(folder: Path, seed: int = 0) -> Path:
    """Save a LLaVA with random weights."""
    model, processor = llava(dtype=torch.float32, seed=seed)
    save_model(model, processor, folder)
    return folder


def lethe(capsys, monkeypatch, *words) -> tuple[int, str, str]:
    """Run the command line in this process; return exit status, stdout and stderr."""
    monkeypatch.setattr(sys, "argv", ["lethe", *map(str, words)])
    capsys.readouterr()
    with pytest.raises(SystemExit) as stopped:
        main()
    out, error = capsys.readouterr()
    return stopped.value.code or 0, out, error
