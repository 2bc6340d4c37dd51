"""What a run keeps of its stages: logs, checkpoints of killed ones, weights by --keep, and reports to other tools."""

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from command_line import lethe
from initial_run import initial_run, rows_of, score_every
from safetensors.torch import load_file

from lethebench.runs.folder import is_done
from lethebench.runs.progress import LOG, read_log
from lethebench.runs.proof import check_run
from lethebench.runs.weights import CHECKPOINTS, training_identity, with_parents

SMALL = ["--set", "ga.max_steps=3", "--set", "ga.per_device_train_batch_size=2", "--set", "ga.bf16=false"]


@pytest.fixture(scope="module", autouse=True)
def few_rows():
    with pytest.MonkeyPatch.context() as patch:
        score_every(patch, 20)
        yield


@pytest.fixture(scope="module")
def learnt(tmp_path_factory) -> Path:
    """A folder with a build, a model, and a run that has its initial model."""
    root = tmp_path_factory.mktemp("stages")
    initial_run(root)
    return root


@pytest.fixture
def root(learnt, tmp_path) -> Path:
    return shutil.copytree(learnt, tmp_path / "root")


def unlearn(root: Path, *more: str, method: str = "ga"):
    done = lethe("unlearn", method, "icu", "--from", "run", "--ignore-gate", *SMALL, *more, cwd=root)
    assert done.status == 0, done.error
    return done


def weight_hashes(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*.safetensors"))
    }


def test_log_of_a_stage_has_its_steps_and_scores(root):
    done = unlearn(root)
    lines = read_log(root / "run/ga/t001" / LOG)
    steps = [line for line in lines if "step" in line]
    assert [(line["step"], line["steps"], line["rows"]) for line in steps] == [(1, 3, 2), (2, 3, 2), (3, 3, 2)]
    for line in steps:
        assert line["loss"] < 0 < line["grad_norm"]
        assert line["learning_rate"] > 0
    assert [line["seconds"] for line in steps] == sorted(line["seconds"] for line in steps)
    train, score = (line for line in lines if "phase" in line)
    assert (train["phase"], score["phase"]) == ("train", "score")
    rows = rows_of(root / "run/ga/t001")
    for task, value in score["knowledge"].items():
        matches = [row["keyword_match"] for row in rows if row["task_id"] == int(task)]
        assert value == (pytest.approx(sum(matches) / len(matches)) if matches else None)
    assert "ga t001 knows" in done.error
    check_run(root / "run", hashed=None)


@pytest.mark.parametrize(("keep", "present"), [("all", [True] * 3), ("last", [False, False, True])])
def test_weights_are_kept_as_asked(root, keep, present):
    """The initial model stays; a run without earlier weights is continued, checked and repaired."""
    for _ in range(2):
        unlearn(root, "--keep", keep)
    if keep == "last":
        assert not weight_hashes(root / "run/ga/t001")
    assert weight_hashes(root / "run/learnt")
    assert weight_hashes(root / "run/ga/t002")
    record = check_run(root / "run", hashed=["ga/t002"])
    again = with_parents(root / "run", record, {"ga/t002"})
    assert again == ({"ga/t001", "ga/t002"} if keep == "last" else {"ga/t002"})


def test_adapters_are_kept_where_whole_models_are_not(root):
    for _ in range(2):
        unlearn(root, "--keep", "adapters")  # the preset trains a LoRA
    assert list(weight_hashes(root / "run/ga/t001")) == ["adapter_model.safetensors"]
    for _ in range(2):
        unlearn(root, "--keep", "adapters", "--set", "rmu.max_steps=1", "--set", "rmu.layer=1", method="rmu")
    assert not weight_hashes(root / "run/rmu/t001")
    assert list(weight_hashes(root / "run/rmu/t002")) == ["model.safetensors"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--keep", "some"], "--keep some: unknown; pass one of all, adapters, last"),
        (["--report-to", "paper"], "--report-to paper: unknown; pass one of tensorboard, trackio, wandb"),
        (["--save-steps", "0"], "'--save-steps': Input should be greater than or equal to 1"),
    ],
)
def test_bad_value_is_refused_before_work(root, arguments, words):
    done = lethe("unlearn", "ga", "icu", "--from", "run", *arguments, cwd=root)
    assert done.status == 2
    assert words in done.error
    assert not (root / "run/ga").exists()


def test_reporter_that_is_not_installed_is_refused_in_one_line(root, monkeypatch):
    monkeypatch.setattr("lethebench.runs.reporters.find_spec", lambda name: None)
    done = lethe("unlearn", "ga", "icu", "--from", "run", "--report-to", "wandb", cwd=root)
    assert "--report-to wandb: not installed; `pip install wandb`, or leave it out" in done.line


def test_tensorboard_gets_every_line(root):
    reader = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    unlearn(root, "--report-to", "tensorboard")
    events = reader.EventAccumulator(str(root / "run/tensorboard/ga/t001"))
    events.Reload()
    written = [(event.step, event.value) for event in events.Scalars("train/loss")]
    lines = [line for line in read_log(root / "run/ga/t001" / LOG) if "step" in line]
    assert written == [(line["step"], pytest.approx(line["loss"], rel=1e-6)) for line in lines]


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_stage_killed_twice_continues_from_its_checkpoints(root):
    """Kill a stage after its checkpoints, as a scheduler does; the weights are those of a stage that was not killed."""
    steps = ["--set", "ga.max_steps=12", "--set", "ga.per_device_train_batch_size=8"]
    command = [sys.executable, "-m", "lethebench", "unlearn", "ga", "icu", "--ignore-gate", *steps, "--save-steps", "3"]
    whole = shutil.copytree(root / "run", root / "whole")
    subprocess.run([*command, "--from", "whole"], cwd=root, check=True, capture_output=True)
    command += ["--from", "run"]
    folder = root / "run/ga/.t001.lethe/kept" / CHECKPOINTS
    for first in (3, 6):
        child = subprocess.Popen(command, cwd=root, stderr=subprocess.PIPE, text=True)
        limit = time.monotonic() + 300
        while not any(int(path.parent.name[11:]) >= first for path in folder.glob("checkpoint-*/complete.json")):
            assert child.poll() is None, child.stderr.read()
            assert time.monotonic() < limit
            time.sleep(0.01)
        os.kill(child.pid, signal.SIGKILL)
        child.wait()
    assert not is_done(root / "run/ga/t001")
    done = subprocess.run(command, cwd=root, check=True, capture_output=True, text=True)
    assert "ga/t001: continuing from checkpoint-" in done.stderr
    assert weight_hashes(root / "run/ga/t001") == weight_hashes(whole / "ga/t001")
    assert load_file(root / "run/ga/t001/adapter_model.safetensors")
    assert rows_of(root / "run/ga/t001") == rows_of(whole / "ga/t001")
    logs = [read_log(run / "ga/t001" / LOG) for run in (root / "run", whole)]
    one, other = ([(line["step"], line["loss"]) for line in log if "step" in line] for log in logs)
    assert one == other
    assert not list((root / "run").rglob("*checkpoint*"))
    assert not list((root / "run").rglob(".*.lethe"))


def test_checkpoint_of_other_settings_is_not_continued(root):
    unlearn(root)
    run, record = root / "run", json.loads((root / "run/run.json").read_text())
    same = training_identity(run, record, "ga/t002")
    assert same == training_identity(run, record | {"methods": ["ga", "npo"]}, "ga/t002")
    assert same != training_identity(run, record | {"settings": {"ga": {"max_steps": 4}}}, "ga/t002")
    assert same != training_identity(run, record | {"seed": 7}, "ga/t002")


@pytest.mark.parametrize("command", ["evaluate", "tune", "list", "verify"])
def test_other_commands_refuse_several_processes(root, monkeypatch, command):
    for name, value in (("WORLD_SIZE", "2"), ("RANK", "0"), ("LOCAL_RANK", "0")):
        monkeypatch.setenv(name, value)
    done = lethe(command, cwd=root)
    assert done.status == 2
    assert f"{command} works in one process, and 2 were launched" in done.line


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"model.four_bit": "true", "model.eight_bit": "true"}, "four_bit and eight_bit are both true; choose one"),
        ({"model.eight_bit": "true"}, "eight_bit needs bitsandbytes, which is not installed"),
        ({"model.device_map": "everywhere"}, "device_map is 'everywhere'; give one of auto"),
        ({"model.dtype": "float99"}, "dtype is 'float99'; give one of auto, float32"),
    ],
)
def test_bad_option_of_a_model_is_refused_before_work(root, monkeypatch, settings, words):
    monkeypatch.setattr("lethebench.runs.settings.find_spec", lambda name: None)
    chosen = [word for name, value in settings.items() for word in ("--set", f"{name}={value}")]
    done = lethe("learn", "icu", "--model", "base", *chosen, "--out", "new", cwd=root)
    assert done.status == 2
    assert words in done.line
    assert not (root / "new").exists()
