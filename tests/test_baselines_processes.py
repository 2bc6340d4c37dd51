"""Two processes take the steps of one: the same losses and the same weights."""

import os
import subprocess
import sys
from pathlib import Path

import baselines_support as support
import distributed_stage
import pytest
import torch
from accelerate.commands.config.config_args import load_config_from_file
from transformers.models.clip import modeling_clip
from transformers.models.llama import modeling_llama

from lethebench.baselines.loading import load_model, save_model
from lethebench.builders import build

HERE = Path(__file__).parent
EXAMPLES = HERE.parent / "baselines" / "examples"


@pytest.mark.slow
@pytest.mark.parametrize("case", list(distributed_stage.CASES))
def test_two_processes_take_the_steps_of_one(tmp_path, case):
    out = tmp_path / "two.pt"
    command = [
        *(sys.executable, "-m", "accelerate.commands.launch"),
        *("--multi_gpu", "--num_processes", "2", "--num_machines", "1", "--num_cpu_threads_per_process", "1"),
        *("--mixed_precision", "no", "--dynamo_backend", "no", "--main_process_port", "0"),
        *(str(HERE / "distributed_stage.py"), case, "4", str(out)),
    ]
    environment = {**os.environ, "PYTHONPATH": str(HERE), "ACCELERATE_USE_CPU": "true"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    two = torch.load(out)
    one = distributed_stage.run(case, 8, str(tmp_path / "one"))
    assert two["processes"] == 2
    assert two["losses"] == pytest.approx(one["losses"], rel=1e-3, abs=2e-3)
    assert len(one["losses"]) >= 2
    start = distributed_stage.run(case, 8, str(tmp_path / "none"), train=False)["weights"]
    moved = 0.0
    for name, value in one["weights"].items():
        change = (value - start[name]).abs().max().item()
        difference = (two["weights"][name] - value).abs().max().item()
        assert difference < 1e-3 * change + 2e-6, name
        moved = max(moved, change)
    assert moved > 1e-3


@pytest.mark.parametrize(("name", "kind"), [("zero2.yaml", "DEEPSPEED"), ("fsdp.yaml", "FSDP")])
def test_accelerate_reads_the_examples_configs(name, kind):
    config = load_config_from_file(str(EXAMPLES / name))
    assert config.distributed_type == kind
    assert config.mixed_precision == "bf16"
    wrapped = config.fsdp_config.get("fsdp_transformer_layer_cls_to_wrap", "") if config.fsdp_config else ""
    for layer in filter(None, wrapped.split(",")):
        assert any(layer in vars(module) for module in (modeling_llama, modeling_clip)), layer


@pytest.mark.slow
def test_the_examples_script_runs_a_stage_of_a_build(tmp_path):
    build("icu", tmp_path / "icu", size=8, seed=0)
    made = support.tiny(init_range=0.2)
    save_model(made.model, made.processor, tmp_path / "learnt")
    command = [sys.executable, str(EXAMPLES / "unlearn.py"), "npo", str(tmp_path / "icu")]
    command += ["--model", str(tmp_path / "learnt"), "--preset", "mllmu-llava", "--out", str(tmp_path / "t001")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=500, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    model, _ = load_model(tmp_path / "t001")
    adapted = [value for name, value in model.named_parameters() if "lora_B" in name]
    assert adapted
    assert all(value.abs().max() > 0 for value in adapted)
