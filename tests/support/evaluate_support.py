"""Support for tests of `lethe evaluate`: a small build, untrained models as folders, the command line in process."""

import sys
from pathlib import Path

import pytest
import torch
from small_build import use_stand_ins
from tiny_models import llava

from lethebench.baselines.loading import save_model
from lethebench.builders import build
from lethebench.cli.app import main


def stand_in_build(folder: Path) -> Path:
    """Build icu of 8 profiles with stand-in pages: 2 tasks, a holdout set."""
    with pytest.MonkeyPatch.context() as patch:
        use_stand_ins(patch)
        build("icu", folder, size=8, seed=0)
    return folder


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
