"""Damaged presets, settings and option files end in settings or in one line, never in another error.

`LETHE_FUZZ=N` runs N examples of each target.
"""

import json
import os
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import yaml
from command_line import lethe
from damage import ODD_VALUES, change_json, mutate, mutations
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lethebench.baselines.presets import PRESETS, load_preset
from lethebench.errors import UserError
from lethebench.runs.settings import apply_settings, read_settings

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3600)]
EXAMPLES = int(os.environ.get("LETHE_FUZZ", 500))
FUZZ = settings(max_examples=EXAMPLES, deadline=None, database=None, suppress_health_check=list(HealthCheck))
FOLDER = Path(__file__).parents[2] / "baselines" / "presets"
BYTES = mutations(("flip", "cut", "insert", "whole", "swap"))
VALUES = st.lists(st.tuples(st.sampled_from(["json", "drop", "key"]), st.integers(0, 500), st.sampled_from(ODD_VALUES)))
SETTINGS = {
    "method": "npo",
    "settings": {"beta": 0.4, "retain_loss": "nll", "retain_weight": 1.0, "learning_rate": 1e-5, "max_steps": 30},
}
OPTIONS = {
    "data": "nowhere", "model": "tiny", "out": "out", "seed": 1, "retain": "rest", "ignore-gate": True,
    "learn_neighbour": False, "preset": "tiny", "set": {"learn.max_steps": 3, "npo.beta": 0.3},
}  # fmt: skip


def assert_line(error):
    assert str(error).strip()
    assert "\n" not in str(error)


@FUZZ
@given(changes=BYTES)
def test_preset_with_damaged_bytes(changes):
    with TemporaryDirectory() as scratch:
        for path in FOLDER.glob("*.yaml"):
            (Path(scratch) / path.name).write_bytes(path.read_bytes())
        for change in changes:
            mutate(Path(scratch), change)
        for path in Path(scratch).iterdir():
            if path.read_bytes() != (FOLDER / path.name).read_bytes():
                used(path)


@FUZZ
@given(name=st.sampled_from(sorted(PRESETS)), changes=VALUES)
def test_preset_with_other_values(name, changes):
    with TemporaryDirectory() as scratch:
        path = Path(scratch) / "preset.json"
        path.write_text(json.dumps(yaml.safe_load((FOLDER / f"{name}.yaml").read_text())))
        for kind, at, value in changes:
            change_json(path, kind, at, value)
        used(path)


def used(path):
    """Read a preset and check it as a run does."""
    try:
        model = (
            "tiny"
            if b"base_model: tiny" in path.read_bytes() or b'"base_model": "tiny"' in path.read_bytes()
            else "x/y"
        )
        apply_settings(load_preset(str(path), model), {"npo": {"beta": 0.3}})
    except ValueError as error:  # the command line puts the option before it
        assert_line(error)


@FUZZ
@given(changes=VALUES)
def test_settings_file(changes):
    with TemporaryDirectory() as scratch:
        path = Path(scratch) / "tuned.json"
        path.write_text(json.dumps(SETTINGS))
        for kind, at, value in changes:
            change_json(path, kind, at, value)
        try:
            apply_settings(PRESETS["mllmu-llava"], read_settings([path], None, ["npo"]))
        except UserError as error:
            assert_line(error)


@FUZZ
@given(changes=VALUES, damage=BYTES, cut=st.booleans())
def test_file_of_options(changes, damage, cut):
    with TemporaryDirectory() as scratch:
        path = Path(scratch) / "options.yaml"
        path.write_text(json.dumps(OPTIONS))
        for kind, at, value in changes:
            change_json(path, kind, at, value)
        if cut:
            mutate(Path(scratch), damage[0])
        done = lethe("learn", "--config", path, cwd=scratch)
        assert done.status == 2
        assert "Traceback" not in done.error
        assert not (Path(scratch) / "out").exists()
