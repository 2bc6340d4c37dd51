"""The reference is the model before this stage: after learning in memory, by LoRA, at the second stage, under KL."""

import copy

import baselines_support as support
import pytest
import torch

from lethebench.baselines.learn import learn
from lethebench.baselines.loading import load_model, save_model
from lethebench.baselines.losses import kl_loss
from lethebench.baselines.presets import LoraSettings, Preset
from lethebench.baselines.trainer.reference import ADAPTER

TASKS = [support.rows(range(2)), support.rows(range(2, 4))]
RETAIN = support.rows(range(4, 6))
LORA = LoraSettings(rank=4, alpha=8)


def learnt(folder, lora):
    """A model that stage 1 changed in memory, on a base that lies on disk under the name its config gives."""
    tiny = support.tiny(init_range=0.2)
    save_model(tiny.model, tiny.processor, folder / "base")
    model, processor = load_model(folder / "base")
    shared = {"bf16": False, "activation_checkpointing": False, "learning_rate": 3e-3}
    preset = Preset("test", "", "any", lora, None, shared, {"num_train_epochs": 8}, {})
    return learn(model, processor, support.rows(), preset=preset).model, processor


def whole(model, collate, rows):
    """The rows' answers as one (N, V) tensor, one row at a time through a model in evaluation mode."""
    with torch.no_grad():
        return torch.cat([logps for logps, _ in support.row_answers(model.eval(), collate, rows)])


@pytest.mark.parametrize("lora", [None, LORA], ids=["full", "lora"])
def test_kl_reference_is_last_stage(tmp_path, lora):
    model, processor = learnt(tmp_path, lora)
    base, _ = load_model(tmp_path / "base")
    for task in TASKS:
        options = {"num_train_epochs": 3, "learning_rate": 5e-3, "retain_weight": 0.1}
        stage = support.stage("kl", model, processor, tmp_path, task, RETAIN, **options)
        before = copy.deepcopy(model).eval()
        observed = []
        inner = stage.unlearning_loss
        stage.unlearning_loss = lambda f, r, inner=inner, observed=observed: observed.append(r) or inner(f, r)
        stage.train()
        # The 8 retain rows are drawn once in the first step, in the sampler's order.
        draws = [RETAIN[index] for _, index in stage._get_train_sampler()]
        expected = whole(before, stage.data_collator, draws)
        torch.testing.assert_close(observed[0].reference_distributions, expected, rtol=1e-4, atol=1e-4)
        divergences = [kl_loss(r.distributions, r.reference_distributions, r.mask).item() for r in observed]
        assert abs(divergences[0]) < 1e-5 < 1e-2 < divergences[-1]
        # Neither the base nor a model that moves along would give that.
        assert (whole(base, stage.data_collator, draws) - expected).abs().max() > 0.1
        assert (whole(stage.model, stage.data_collator, draws) - expected).abs().max() > 0.1
        model = stage.trained_model()


def test_at_the_reference_the_kl_term_adds_no_gradient(tmp_path):
    tiny = support.tiny(init_range=0.2)
    changes = {}
    for method in ("ga", "kl"):
        model = copy.deepcopy(tiny.model)
        before = support.weights_of(model)
        options = {**support.SGD, "learning_rate": 0.05}
        support.stage(method, model, tiny.processor, tmp_path, TASKS[0], RETAIN, **options).train()
        changes[method] = {name: value - before[name] for name, value in model.named_parameters()}
    for name, change in changes["ga"].items():
        torch.testing.assert_close(changes["kl"][name], change, rtol=1e-3, atol=1e-6)
    assert max(change.abs().max() for change in changes["ga"].values()) > 1e-3


def test_the_frozen_copy_is_neither_trained_nor_saved(tmp_path):
    model, processor = learnt(tmp_path, LORA)
    stage = support.stage("npo", model, processor, tmp_path, TASKS[0], RETAIN, retain_loss="kl", num_train_epochs=3)
    names = {name for name, _ in model.named_parameters()}
    trained = {name for name, value in model.named_parameters() if value.requires_grad}
    before = support.weights_of(model)
    copies = {}
    inner = stage.unlearning_loss

    def spy(forget, retain):
        copies.setdefault("first", {n: v.clone() for n, v in model.named_parameters() if f".{ADAPTER}." in n})
        copies["last"] = {n: v.clone() for n, v in model.named_parameters() if f".{ADAPTER}." in n}
        return inner(forget, retain)

    stage.unlearning_loss = spy
    stage.train()
    assert len(copies["first"]) == len(trained)
    assert all(torch.equal(value, copies["last"][name]) for name, value in copies["first"].items())
    after = support.weights_of(model)
    assert set(after) == names
    assert {name for name in names if not torch.equal(after[name], before[name])} == trained
    save_model(stage.model, processor, tmp_path / "stage")
    assert {path.name for path in (tmp_path / "stage").iterdir() if path.is_dir()} == set()
    reloaded, _ = load_model(tmp_path / "stage")
    rows = whole(reloaded, stage.data_collator, RETAIN)
    torch.testing.assert_close(rows, whole(model, stage.data_collator, RETAIN), rtol=1e-4, atol=1e-4)


def test_only_the_rows_that_will_be_drawn_are_kept(tmp_path):
    tiny = support.tiny()
    retain = support.rows()
    stage = support.stage(
        "kl",
        tiny.model,
        tiny.processor,
        tmp_path,
        TASKS[0],
        retain,
        max_steps=2,
        per_device_train_batch_size=4,
    )
    draws = stage.retain_drawn()
    stage.take_reference(stage.model)
    assert sorted(stage.retain_reference._stored) == draws
    assert len(draws) == 8 < len(retain)
    assert draws == sorted(index for _, index in stage._get_train_sampler())


def test_distributions_above_limit_are_refused(tmp_path):
    tiny = support.tiny(init_range=0.2)
    before = support.weights_of(tiny.model)
    stage = support.stage("kl", tiny.model, tiny.processor, tmp_path, TASKS[0], RETAIN, reference_gib=1e-5)
    with pytest.raises(ValueError, match=r"8 retain rows, above reference_gib=1e-05: .*LoRA"):
        stage.train()
    assert all(torch.equal(value, before[name]) for name, value in tiny.model.named_parameters())
