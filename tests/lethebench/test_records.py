"""Records with a random structural change: every command ends in a result or in one line, never in a traceback."""

import json
import random
import shutil
from pathlib import Path

import numpy as np
import pytest
import yaml
from command_line import lethe
from record_changes import mutated
from safetensors.numpy import save_file
from sealed_run import reseal
from small_build import shared_stand_in_build
from synthetic_run import write_run

from lethebench.report import figures
from lethebench.runs.provenance import library_versions, machine
from lethebench.runs.records import new_record

OF_RUN = (
    "run.json", "learnt/done.json", "npo/t001/done.json", "npo/t002/done.json", "learnt/gate.json", "gold/summary.json",
    "npo/summary.json", "npo/t002/lumoe.json",
)  # fmt: skip
OF_BUILD = ("manifest.json", "croissant.json", "README.md")
FAST, ALL = 5, 46
"""Changes of each of the 11 records: in the fast suite, and in all (506; tuned.json and search.json get the rest)."""


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> Path:
    """A finished run on a real build, whose stages can be skipped."""
    root = tmp_path_factory.mktemp("records")
    shutil.copytree(shared_stand_in_build(), root / "icu")
    folder = write_run(root / "run", methods=("npo",), tasks=2, per_task=2, retain=4, data=root / "icu")
    base = {"base": "../../learnt", "tasks": [0], "gate": "TrueTaskGate"}
    (folder / "npo/t002/lumoe.json").write_text(json.dumps(base))
    for stage in ("learnt", "npo/t002"):
        save_file({"weight": np.zeros(3, np.float32)}, folder / stage / "model.safetensors")
    reseal(folder, versions=library_versions(), machine=machine())
    return folder


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(figures, "png", lambda figure: b"")


def ends_well(*words, cwd: Path) -> int:
    """Run a command; return its status, after a check that it did not end in a traceback."""
    done = lethe(*words, cwd=cwd)
    assert done.status in (0, 1, 2), done
    assert "Traceback" not in done.error, done.error
    if done.status:
        lines = [line for line in done.error.splitlines() if line.startswith("lethe: ")]
        assert len(lines) == 1 or done.out, done
    return done.status


def changes(names, count: int):
    """Yield (record, seed) for tests."""
    return [pytest.param(name, seed, marks=[pytest.mark.slow] if seed >= FAST else []) for name in names
            for seed in range(count)]  # fmt: skip


@pytest.mark.parametrize(("name", "seed"), changes(OF_RUN, ALL))
def test_changed_record_of_a_run_is_refused_or_used(run, tmp_path, name, seed):
    draw = random.Random(f"{name} {seed}")
    folder = shutil.copytree(run, tmp_path / "run")
    value, change = mutated(json.loads((folder / name).read_text()), draw)
    if isinstance(value, dict) and "sha256" in value and seed % 2:
        value = new_record(value)
    (folder / name).write_text(json.dumps(value))
    print(change)
    commands = (
        ("report", folder, "--out", tmp_path / "report"),
        ("evaluate", folder),
        ("push-model", folder, "me/it", "--dry-run"),
        ("run", run.parent / "icu", "--method", "npo", "--out", folder, "--resume"),
    )
    for words in commands[:1] + commands[1 + seed % 3 :: 3] if seed < FAST else commands:
        ends_well(*words, cwd=tmp_path)


@pytest.mark.parametrize(("name", "seed"), changes(OF_BUILD, ALL))
def test_changed_record_of_a_build_is_refused_or_used(run, tmp_path, name, seed):
    draw = random.Random(f"{name} {seed}")
    build = shutil.copytree(run.parent / "icu", tmp_path / "icu")
    text = (build / name).read_text()
    if name == "README.md":
        _, front, body = text.split("---\n", 2)
        value, change = mutated(yaml.safe_load(front), draw)
        (build / name).write_text(f"---\n{json.dumps(value)}\n---\n{body}")
    else:
        value, change = mutated(json.loads(text), draw)
        (build / name).write_text(json.dumps(value))
    print(change)
    commands = (
        ("verify", build),
        ("push", build, "me/it", "--dry-run"),
        ("evaluate", build, "--model", run / "npo/t002", "--out", tmp_path / "scores"),
        ("run", build, "--method", "npo", "--out", run, "--resume"),
    )
    for words in commands[seed % 3 : seed % 3 + 1] if seed < FAST else commands:
        ends_well(*words, cwd=tmp_path)


def test_unchanged_records_are_used(run, tmp_path):
    """The commands of the other tests come as far as the weights, which are none, and the Hub, which is offline."""
    folder, build = shutil.copytree(run, tmp_path / "run"), run.parent / "icu"
    resume = ("run", build, "--method", "npo", "--out", folder, "--resume")
    for words in (("report", folder, "--out", tmp_path / "report"), resume, ("verify", build)):
        assert lethe(*words, cwd=tmp_path).status == 0, words
    scores = ("--out", tmp_path / "scores")
    for words, end in (
        (("evaluate", folder), "config.json is missing"),
        (("evaluate", build, "--model", run / "npo/t002", *scores), "config.json is missing"),
        (("push-model", folder, "me/it", "--dry-run"), "HF_HUB_OFFLINE is set"),
        (("push", build, "me/it", "--dry-run"), "HF_HUB_OFFLINE is set"),
    ):
        assert end in lethe(*words, cwd=tmp_path).line, words
