"""Stage 1: the loss of SFTTrainer, callbacks, LoRA targets, and loading what was saved."""

import re

import baselines_support as support
import pytest
import torch
from transformers import TrainerCallback
from trl import SFTConfig, SFTTrainer

from lethebench.baselines import load_model, save_model
from lethebench.baselines.learn import learn
from lethebench.baselines.presets import LANGUAGE_MODEL_LINEARS, LoraSettings, Preset
from lethebench.baselines.stage import Stage, unlearn
from lethebench.baselines.trainer.answer import QUIET, AnswerTrainer, sample
from lethebench.baselines.trainer.rows import AnswerCollator, EncodedRows

SMALL = {"bf16": False, "activation_checkpointing": False, "learning_rate": 1e-3}


def preset(lora=None):
    settings = {**SMALL, "per_device_train_batch_size": 4, "num_train_epochs": 1}
    return Preset("test", "", "any", lora, None, settings, {}, {})


@pytest.mark.parametrize("accumulation", [1, 3])
def test_loss_and_steps_equal_sft_trainer(tmp_path, accumulation):
    """TRL's trainer and loss against ours, on the same rows in the same order."""
    results = []
    for answer_trainer in (True, False):
        tiny = support.tiny(init_range=0.2)
        args = SFTConfig(
            output_dir=str(tmp_path),
            max_length=None,
            per_device_train_batch_size=4,
            gradient_accumulation_steps=accumulation,
            num_train_epochs=1,
            **SMALL,
            **QUIET,
        )
        rows = support.rows()
        if answer_trainer:
            trainer = AnswerTrainer(tiny.model, args=args, train_dataset=rows, processing_class=tiny.processor)
        else:
            trainer = SFTTrainer(
                tiny.model,
                args=args,
                train_dataset=sample(),
                processing_class=tiny.processor,
                data_collator=AnswerCollator(tiny.encoder),
            )
            trainer.train_dataset = EncodedRows(rows, tiny.encoder)
        output = trainer.train()
        results.append((output.global_step, output.training_loss, dict(tiny.model.named_parameters())))
    assert results[0][0] == results[1][0] == -(-6 // accumulation)
    assert results[0][1] == pytest.approx(results[1][1], rel=1e-5)
    for name, value in results[0][2].items():
        torch.testing.assert_close(value, results[1][2][name], rtol=1e-3, atol=2e-5)


def test_callbacks_and_overrides_reach_trainer():
    class Count(TrainerCallback):
        steps = 0

        def on_step_end(self, args, state, control, **kwargs):
            self.steps += 1
            self.total = state.max_steps

    tiny, count = support.tiny(), Count()
    result = learn(tiny.model, tiny.processor, support.rows(), preset=preset(), callbacks=[count], max_steps=3)
    assert (count.steps, count.total, result.steps) == (3, 3, 3)


def test_lora_targets_only_the_language_model():
    pattern = re.compile(LANGUAGE_MODEL_LINEARS)
    for model in (support.tiny().model, support.idefics3()[0]):
        matched = [name for name, _ in model.named_modules() if pattern.fullmatch(name)]
        assert len(matched) == 2 * 7  # two layers of q, k, v, o, gate, up, down
        assert not any("vision" in name for name in matched)


def test_lora_is_trained_saved_and_loaded(tmp_path):
    model, processor = support.idefics3()
    save_model(model, processor, tmp_path / "base")
    model, processor = load_model(tmp_path / "base")
    model = learn(model, processor, support.rows(), preset=preset(LoraSettings(rank=2, alpha=4))).model
    save_model(model, processor, tmp_path / "learnt")
    assert (tmp_path / "learnt" / "adapter_model.safetensors").is_file()
    assert not (tmp_path / "learnt" / "model.safetensors").exists()
    reloaded, _ = load_model(tmp_path / "learnt")
    beside, _ = load_model(tmp_path / "base", adapter=tmp_path / "learnt")
    frozen, _ = load_model(tmp_path / "learnt", trainable=False)
    state = {name: value for name, value in model.named_parameters() if value.requires_grad}
    for loaded in (reloaded, beside):
        names = {name for name, value in loaded.named_parameters() if value.requires_grad}
        assert names == set(state)
        assert all(torch.equal(loaded.get_parameter(name), value) for name, value in state.items())
    assert not any(value.requires_grad for value in frozen.parameters())
    done = unlearn(Stage("ga", reloaded, processor, support.rows(range(1)), None, preset=preset()))
    assert done.steps == 1
    assert not all(torch.equal(done.model.get_parameter(name), value) for name, value in state.items())


def test_folder_without_a_model_is_refused(tmp_path):
    with pytest.raises(ValueError, match="cannot be loaded as a vision-language model"):
        load_model(tmp_path)


def test_unknown_method_is_refused():
    tiny = support.tiny()
    with pytest.raises(ValueError, match="unknown method 'nop'; choose one of ga, graddiff, kl, npo,"):
        unlearn(Stage("nop", tiny.model, tiny.processor, support.rows(), None, preset=preset()))
