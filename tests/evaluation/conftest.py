"""Fixtures of the likelihood tests."""

import pytest
import torch

from lethebench.evaluation.likelihood import calibration


@pytest.fixture
def float64(monkeypatch):
    """Keep eager attention's softmax in float64: in float32 its result depends on the length of a batch."""
    original = torch.nn.functional.softmax

    def softmax(scores, *args, dtype=None, **options):
        return original(scores, *args, dtype=None if scores.dtype == torch.float64 else dtype, **options)

    monkeypatch.setattr(torch.nn.functional, "softmax", softmax)


@pytest.fixture
def modes(monkeypatch):
    """The sharing mode of each kind of rows: without it, a broken shared path would hide behind the fallback."""
    recorded = []
    original = calibration.sharing_mode

    def record(model, items):
        recorded.append(original(model, items))
        return recorded[-1]

    monkeypatch.setattr(calibration, "sharing_mode", record)
    return recorded
