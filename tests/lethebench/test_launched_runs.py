"""`torchrun` and `accelerate launch`: several processes train and score a run, and one of them writes."""

import json
import os
import subprocess
import sys
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from initial_run import rows_of
from safetensors.numpy import load_file
from small_build import stand_in_build
from tiny_models import save_llava

from lethebench.contract.own_folder import lock
from lethebench.runs.folder import LOCK, is_done
from lethebench.runs.proof import check_run

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]
SUPPORT = Path(__file__).parents[1] / "support"
EXAMPLES = Path(__file__).parents[2] / "baselines" / "examples"
LAUNCHERS = {
    "torchrun": ("torch.distributed.run", "--standalone", "--nproc_per_node", "2"),
    "accelerate": ("accelerate.commands.launch", "--cpu", "--num_processes", "2", "--num_machines", "1",
                   "--mixed_precision", "no", "--dynamo_backend", "no", "--main_process_port", "0"),
    "fsdp": ("accelerate.commands.launch", "--config_file", EXAMPLES / "fsdp.yaml", "--num_processes", "2",
             "--mixed_precision", "no", "--main_process_port", "0", SUPPORT / "sharded_on_cpu.py"),
}  # fmt: skip
PRESET = """
source: a test
{lora}
shared:
  activation_checkpointing: false
  bf16: false
  learning_rate: 0.003
  per_device_train_batch_size: 4
learn: {{max_steps: 6}}
unlearn: {{max_steps: 4}}
methods:
  npo: {{beta: 0.5, retain_loss: ce}}
"""
STAGES = ("learnt", "npo/t001", "npo/t002", "gold/t002")


@pytest.fixture(scope="module")
def root(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("launched")
    stand_in_build(folder / "icu")
    save_llava(folder / "base")
    for name, lora in (("lora", "lora: {rank: 4, alpha: 8}"), ("full", "")):
        (folder / f"{name}.yaml").write_text(PRESET.format(lora=lora))
    return folder


def run(root: Path, out: str, preset: str, *launcher: str, more=()) -> subprocess.CompletedProcess:
    """Run `lethe run`, in one process or by a launcher."""
    command = [sys.executable, *(["-m", *launcher] if launcher else []), SUPPORT / "few_rows_command.py"]
    command += ["run", "icu", "--model", "base", "--preset", f"{preset}.yaml", "--ignore-gate", "--method", "npo"]
    command += ["--out", out, "--json", *more]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(SUPPORT)}
    environment |= {"ACCELERATE_USE_CPU": "true"} if launcher == LAUNCHERS["fsdp"] else {}
    return subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, timeout=900, check=False)


@pytest.fixture(scope="module")
def alone(root):
    """Return a function: preset -> the result of a run in one process."""

    @cache
    def result(preset: str) -> dict:
        done = run(root, f"alone-{preset}", preset)
        assert done.returncode == 0, done.stderr[-3000:]
        return json.loads(done.stdout)

    return result


@pytest.mark.parametrize("preset", ["lora", "full"])
@pytest.mark.parametrize("launcher", LAUNCHERS)
def test_two_processes_give_the_run_of_one(root, alone, launcher, preset):
    alone(preset)
    out = f"{launcher}-{preset}"
    done = run(root, out, preset, *LAUNCHERS[launcher])
    assert done.returncode == 0, done.stderr[-3000:]
    result = json.loads(done.stdout)  # printed once
    assert done.stderr.count("write the report") == 1
    check_run(root / out, hashed=None)
    for stage in STAGES:
        one, two = rows_of(root / f"alone-{preset}" / stage), rows_of(root / out / stage)
        assert [row["id"] for row in one] == [row["id"] for row in two]
        logprobs = [np.array([row["logprob"] for row in rows]) for rows in (one, two)]
        assert np.abs(logprobs[0] - logprobs[1]).max() < 0.02
        assert np.mean([row["generated"] == other["generated"] for row, other in zip(one, two, strict=True)]) > 0.9
    for name in ("learnt", "npo/t002", "gold/t002"):
        (file,) = (root / out / name).glob("*model.safetensors")
        one, two = load_file(root / f"alone-{preset}" / name / file.name), load_file(file)
        assert one.keys() == two.keys()
        differences = np.concatenate([np.abs(value - two[key]).ravel() for key, value in one.items()])
        assert differences.mean() < 1e-5
        # Adam's step does not shrink with a gradient, so that single weights whose gradient is rounding take another.
        assert np.mean(differences > 1e-3) < 1e-4
        assert launcher == "fsdp" or differences.max() < 2e-3
    exposure = [one["methods"]["npo"]["exposure"] for one in (alone(preset), result)]
    assert exposure[0] == pytest.approx(exposure[1], abs=0.05)


def test_run_in_use_is_refused_in_one_line(root):
    (root / "busy").mkdir()
    with lock(root / "busy" / LOCK, ""):
        done = run(root, "busy", "lora", *LAUNCHERS["torchrun"])
    assert done.returncode != 0
    lines = [line for line in done.stderr.splitlines() if line.startswith("lethe:")]
    assert lines == ["lethe: busy is in use by another process: wait until it ends, or use another folder"]
    assert done.stdout == ""


def test_batch_that_cannot_be_divided_is_refused(root):
    three = [part if part != "2" else "3" for part in LAUNCHERS["torchrun"]]
    done = run(root, "three", "lora", *three)
    assert done.returncode != 0
    lines = [line for line in done.stderr.splitlines() if line.startswith("lethe:")]
    assert len(lines) == 1
    assert "a step of 4 x 1 rows" in lines[0]
    assert not is_done(root / "three" / "learnt")


def test_one_process_resumes_the_run_of_two(root):
    first = run(root, "resumed", "lora", *LAUNCHERS["torchrun"], more=["--tasks", "1"])
    assert first.returncode == 0, first.stderr[-3000:]
    second = run(root, "resumed", "lora", more=["--resume"])
    assert second.returncode == 0, second.stderr[-3000:]
    assert rows_of(root / "resumed/npo/t002")
    check_run(root / "resumed", hashed=None)
