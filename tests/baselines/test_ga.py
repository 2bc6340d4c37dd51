"""Gradient ascent: its step is minus that of learning, and it forgets whatever else it ruins."""

import baselines_support as support
import torch

from lethebench.baselines import GAConfig, GATrainer
from lethebench.baselines.trainer.answer import QUIET

FORGET = support.rows(range(2))


def stage(model, processor, folder, **changes):
    fields = {"bf16": False, "activation_checkpointing": False, "per_device_train_batch_size": 8, **QUIET}
    args = GAConfig(output_dir=str(folder), **{**fields, **changes})
    return GATrainer(model, args=args, train_dataset=FORGET, processing_class=processor)


def test_ga_step_is_ascent_of_cross_entropy(tmp_path):
    tiny = support.tiny(init_range=0.2)
    trainer = stage(
        tiny.model,
        tiny.processor,
        tmp_path,
        num_train_epochs=1,
        optim="sgd",
        max_grad_norm=0.0,
        learning_rate=0.01,
        lr_scheduler_type="constant",
    )
    model = tiny.model
    total = 0.0
    for row in FORGET:
        batch = trainer.data_collator([row])
        total = total + model(**batch).loss / len(FORGET)  # the model's own loss of one row is its token mean
    names = [name for name, value in model.named_parameters() if value.requires_grad]
    gradients = torch.autograd.grad(total, [dict(model.named_parameters())[name] for name in names])
    before = {name: value.detach().clone() for name, value in model.named_parameters()}
    trainer.train()
    after = dict(model.named_parameters())
    for name, gradient in zip(names, gradients, strict=True):
        torch.testing.assert_close(after[name] - before[name], 0.01 * gradient, rtol=1e-3, atol=1e-6)


def test_ga_lowers_forget_and_retain_probability(tmp_path):
    tiny = support.tiny(init_range=0.2)
    trainer = stage(tiny.model, tiny.processor, tmp_path, num_train_epochs=8, learning_rate=3e-3, logging_steps=4)
    retain = support.rows(range(2, 6))
    before = trainer.forget_logps().mean(), trainer.evaluate(eval_dataset=retain)["eval_loss"]
    trainer.train()
    assert trainer.forget_logps().mean() < before[0] - 5
    assert trainer.evaluate(eval_dataset=retain)["eval_loss"] > before[1] + 1
    logged = [entry["forget_ce"] for entry in trainer.state.log_history if "forget_ce" in entry]
    assert logged[-1] > logged[0]


def test_retain_rows_are_accepted_and_cost_nothing(tmp_path):
    tiny = support.tiny()
    args = GAConfig(output_dir=str(tmp_path), bf16=False, **QUIET)
    trainer = GATrainer(
        tiny.model,
        args=args,
        train_dataset=FORGET,
        retain_dataset=support.rows(),
        processing_class=tiny.processor,
    )
    batch = next(iter(trainer.get_train_dataloader()))
    assert len(batch["input_ids"]) == len(batch["forget_index"]) == len(FORGET)
