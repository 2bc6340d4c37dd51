"""Models from disk: what lies beside an adapter, and 4 bits only where bitsandbytes is."""

import importlib.util
import subprocess
from pathlib import Path

import baselines_support as support
import pytest
from own_environment import python_with
from peft import get_peft_model

from lethebench.baselines import method_entry
from lethebench.baselines.loading import load_model, quantized_config, save_model
from lethebench.baselines.methods.prompt import with_system_prompt
from lethebench.baselines.presets import LoraSettings
from lethebench.baselines.trainer.answer import QUIET


def test_processor_beside_adapter_is_loaded(tmp_path):
    tiny = support.tiny()
    save_model(tiny.model, tiny.processor, tmp_path / "base")
    model, processor = load_model(tmp_path / "base")
    adapted = get_peft_model(model, LoraSettings(rank=2, alpha=2).peft_config())
    prompted = with_system_prompt(processor)
    save_model(adapted, prompted, tmp_path / "adapter")
    assert load_model(tmp_path / "adapter").processor.chat_template == prompted.chat_template != processor.chat_template


def test_tokenizer_is_saved_alike_after_loading(tmp_path):
    tiny = support.tiny()
    save_model(tiny.model, tiny.processor, tmp_path / "first")
    loaded = load_model(tmp_path / "first", local_files_only=True)
    save_model(loaded.model, loaded.processor, tmp_path / "second")
    first, second = (tmp_path / name / "tokenizer_config.json" for name in ("first", "second"))
    assert first.read_text() == second.read_text()
    assert load_model(tmp_path / "second").processor.tokenizer.image_token == tiny.processor.tokenizer.image_token


BITS = importlib.util.find_spec("bitsandbytes") is not None


@pytest.mark.skipif(BITS, reason="it is about environments without bitsandbytes")
def test_four_bit_needs_bitsandbytes(tmp_path):
    with pytest.raises(ValueError, match=r"4-bit loading needs bitsandbytes, .*pip install bitsandbytes"):
        load_model(tmp_path / "nowhere", four_bit=True)


@pytest.mark.skipif(not BITS, reason="bitsandbytes is not installed: the slow test below runs it where it is")
def test_four_bits_are_nf4_with_double_quantisation():
    config = quantized_config(4)
    assert config.load_in_4bit
    assert config.bnb_4bit_quant_type == "nf4"
    assert config.bnb_4bit_use_double_quant


@pytest.mark.skipif(not BITS, reason="bitsandbytes is not installed: the slow test below runs it where it is")
def test_four_bit_model_unlearns_by_lora(tmp_path, monkeypatch):
    # On processors with AVX-512 BF16, bitsandbytes 0.50 packs weights for inference, which cannot be trained on.
    monkeypatch.setattr("bitsandbytes.nn.modules.has_avx512bf16", lambda: False)
    tiny = support.tiny()
    save_model(tiny.model, tiny.processor, tmp_path / "base")
    model, processor = load_model(tmp_path / "base", four_bit=True)
    assert any(type(module).__name__ == "Linear4bit" for module in model.modules())
    lora = get_peft_model(model, LoraSettings(rank=2, alpha=2).peft_config())
    before = {name: value.detach().clone() for name, value in lora.named_parameters()}
    arguments = {"max_steps": 3, "learning_rate": 1e-2, "per_device_train_batch_size": 4}
    args = method_entry("npo").load().config_class(output_dir=str(tmp_path / "out"), bf16=False, **QUIET, **arguments)
    forget, retain = support.rows(range(2)), support.rows(range(2, 4))
    method_entry("npo").load()(
        lora, args=args, train_dataset=forget, retain_dataset=retain, processing_class=processor
    ).train()
    moved = {name for name, value in lora.named_parameters() if not value.equal(before[name])}
    assert moved == {name for name in before if "lora_" in name}


@pytest.mark.slow
def test_four_bits_work_where_bitsandbytes_is(tmp_path):
    python = python_with(tmp_path / "venv", ["--no-deps", "bitsandbytes"])
    command = [python, "-m", "pytest", "-q", "-p", "no:cacheprovider", __file__, "-k", "nf4 or unlearns_by_lora"]
    done = subprocess.run(command, cwd=Path(__file__).parents[2], capture_output=True, text=True)
    assert done.stdout.splitlines()[-1].startswith("2 passed"), done.stdout
