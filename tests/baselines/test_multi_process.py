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
from peft import get_peft_model
from transformers.models.clip import modeling_clip
from transformers.models.llama import modeling_llama

from lethebench.baselines.loading import load_model, save_model
from lethebench.baselines.presets import LoraSettings
from lethebench.builders import build

HERE = Path(__file__).parents[1] / "support"
EXAMPLES = HERE.parents[1] / "baselines" / "examples"


PLAIN = ("--multi_gpu", "--num_machines", "1", "--mixed_precision", "no", "--dynamo_backend", "no")
SHARDED = ("--config_file", str(EXAMPLES / "fsdp.yaml"))


def launch(options, *script) -> None:
    """Runs a script in two processes on this machine's processors."""
    command = [sys.executable, "-m", "accelerate.commands.launch", *options, "--num_processes", "2"]
    command += ["--num_cpu_threads_per_process", "1", "--main_process_port", "0"]
    command += [str(HERE / "sharded_on_cpu.py")] if options[0] == "--config_file" else []
    environment = {**os.environ, "PYTHONPATH": str(HERE), "ACCELERATE_USE_CPU": "true"}
    command += map(str, script)
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr[-3000:]


@pytest.mark.slow
@pytest.mark.parametrize("options", [PLAIN, (*SHARDED, "--mixed_precision", "no")], ids=["plain", "fsdp"])
@pytest.mark.parametrize("case", list(distributed_stage.CASES))
def test_two_processes_equal_one(tmp_path, case, options):
    out, sharded = tmp_path / "two.pt", options is not PLAIN
    if sharded and case == "mmunlearner":
        with pytest.raises(AssertionError, match="MMUnlearner masks whole parameters, which FSDP"):
            launch(options, HERE / "distributed_stage.py", case, 4, out)
        return
    launch(options, HERE / "distributed_stage.py", case, 4, out)
    two = torch.load(out)
    one = distributed_stage.run(case, 8, str(tmp_path / "one"))
    assert (two["processes"], two["sharded"]) == (2, sharded)
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
@pytest.mark.parametrize("method", ["npo", "kl"])
def test_example_script_saves_adapter(tmp_path, method):
    build("icu", tmp_path / "icu", size=8, seed=0)
    tiny = support.tiny(init_range=0.2)
    save_model(tiny.model.to(torch.bfloat16), tiny.processor, tmp_path / "learnt")  # as published models are
    arguments = (EXAMPLES / "unlearn.py", method, tmp_path / "icu", "--model", tmp_path / "learnt")
    for name, options in (("plain", PLAIN), ("fsdp", SHARDED)):
        launch(options, *arguments, "--preset", "mllmu-llava", "--out", tmp_path / name)
        model, _ = load_model(tmp_path / name)
        adapted = [value for name, value in model.named_parameters() if "lora_B" in name]
        assert len(adapted) == 14  # all that LoRA is on: none was lost on the way to the file
        assert all(value.abs().max() > 0 for value in adapted)


@pytest.mark.slow
@pytest.mark.parametrize("method", ["npo", "mmunlearner"])
def test_example_script_continues_adapter(tmp_path, method):
    """Which `npo` trains further, and `mmunlearner` merges into the weights that it trains."""
    build("icu", tmp_path / "icu", size=8, seed=0)
    tiny = support.tiny(init_range=0.2)
    save_model(tiny.model.to(torch.bfloat16), tiny.processor, tmp_path / "base")
    base, _ = load_model(tmp_path / "base")
    trained = get_peft_model(base, LoraSettings(4, 8).peft_config())
    save_model(trained, tiny.processor, tmp_path / "learnt")
    arguments = (EXAMPLES / "unlearn.py", method, tmp_path / "icu", "--model", tmp_path / "learnt")
    launch(PLAIN, *arguments, "--preset", "mllmu-llava", "--out", tmp_path / "out")
    model, _ = load_model(tmp_path / "out")
    assert hasattr(model, "peft_config") == (method == "npo")
    if method == "mmunlearner":
        before = support.weights_of(load_model(tmp_path / "base").model.float())
        result = support.weights_of(model)
        assert {value.dtype for value in result.values()} == {torch.float32}
        assert all(not torch.equal(value, before[name]) for name, value in result.items() if "proj.weight" in name)


@pytest.mark.slow
def test_fsdp_checkpointing_with_adapter_is_refused(tmp_path):
    options = (*SHARDED, "--fsdp_activation_checkpointing", "true", "--mixed_precision", "no")
    with pytest.raises(AssertionError, match=r"hides the adapter from PEFT.*set fsdp_activation_checkpointing: false"):
        launch(options, HERE / "distributed_stage.py", "npo-kl-lora", 4, tmp_path / "two.pt")
