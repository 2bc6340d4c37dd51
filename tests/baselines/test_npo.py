"""NPO: settings, the retain term, and the right reference at every stage, in memory, by LoRA and by full training."""

import math

import baselines_support as support
import pytest
import torch

from lethebench.baselines import NPOConfig, NPOTrainer
from lethebench.baselines.learn import learn
from lethebench.baselines.loading import load_model, save_model
from lethebench.baselines.presets import LoraSettings, Preset
from lethebench.baselines.stage import Stage, unlearn
from lethebench.baselines.trainer.answer import QUIET, Answers

TASKS = [support.rows(range(2)), support.rows(range(2, 4))]
RETAIN = support.rows(range(4, 6))
SHARED = {"bf16": False, "activation_checkpointing": False, "per_device_train_batch_size": 8, "learning_rate": 2e-3}


def preset(lora=None, frozen="vision_tower", **npo):
    return Preset(
        name="test",
        source="",
        base_model="any",
        lora=lora,
        frozen=frozen,
        shared=SHARED,
        learn={"num_train_epochs": 6},
        unlearn={"num_train_epochs": 6},
        methods={"npo": {"beta": 0.5, "retain_weight": 1.0, **npo}},
    )


def trainer(model, processor, folder, forget, retain=RETAIN, **changes):
    args = NPOConfig(output_dir=str(folder), **{**SHARED, **QUIET, "num_train_epochs": 6, **changes})
    return NPOTrainer(model, args=args, train_dataset=forget, retain_dataset=retain, processing_class=processor)


def mean_logp(model, processor, folder, rows):
    return trainer(model, processor, folder, rows).forget_logps().mean().item()


def first_loss(stage):
    """The loss of the first batch as `train` would see it."""
    losses = []
    original = stage.compute_loss
    stage.compute_loss = lambda *a, **k: losses.append(original(*a, **k)) or losses[-1]
    stage.train()
    return losses[0].item()


@pytest.mark.parametrize("beta", [0.1, 2.0])
def test_first_npo_loss_is_closed_form(tmp_path, beta):
    tiny = support.tiny(init_range=0.2)
    stage = trainer(tiny.model, tiny.processor, tmp_path, TASKS[0], beta=beta, retain_loss="none")
    assert first_loss(stage) == pytest.approx(2 / beta * math.log(2), rel=1e-5)


def test_its_loss_goes_by_each_rows_sum(tmp_path):
    tiny = support.tiny()
    stage = trainer(tiny.model, tiny.processor, tmp_path, TASKS[0], beta=0.5, retain_weight=3.0)
    logps, mask = torch.tensor([[0.0, -1.0, -3.0], [-0.5, 0.0, 0.0]]), torch.tensor([[0, 1, 1], [1, 0, 0]]).bool()
    retained = torch.tensor([[-2.0, -4.0, 0.0], [0.0, 0.0, -7.0]]), torch.tensor([[1, 1, 0], [0, 0, 1]]).bool()
    loss = stage.unlearning_loss(Answers(logps, mask, torch.tensor([-1.0, -6.0])), Answers(*retained))
    rows = [4 * math.log(1 + math.exp(0.5 * (-4.0 + 1.0))), 4 * math.log(1 + math.exp(0.5 * (-0.5 + 6.0)))]
    assert loss.item() == pytest.approx(sum(rows) / 2 + 3 * (3.0 + 7.0) / 2)


def test_retain_term_is_weighted_cross_entropy(tmp_path):
    tiny = support.tiny(init_range=0.2)
    stage = trainer(tiny.model, tiny.processor, tmp_path, TASKS[0], beta=0.5, retain_weight=3.0)
    with torch.no_grad():
        rows = [tiny.model(**stage.data_collator([row])).loss.item() for row in RETAIN]
    # 8 forget rows draw each of the 8 retain rows once.
    assert first_loss(stage) == pytest.approx(4 * math.log(2) + 3 * sum(rows) / len(rows), rel=1e-4)


def test_the_retain_term_holds_retain_rows(tmp_path):
    tiny = support.tiny(init_range=0.2)
    learn(tiny.model, tiny.processor, support.rows(), preset=preset(), num_train_epochs=40)
    learnt = {name: value.clone() for name, value in tiny.model.state_dict().items()}
    results = {}
    for retain_loss in ("ce", "none"):
        tiny.model.load_state_dict(learnt)
        unlearn(Stage("npo", tiny.model, tiny.processor, TASKS[0], RETAIN, preset=preset(retain_loss=retain_loss)))
        results[retain_loss] = [mean_logp(tiny.model, tiny.processor, tmp_path, rows) for rows in (TASKS[0], RETAIN)]
    tiny.model.load_state_dict(learnt)
    before = [mean_logp(tiny.model, tiny.processor, tmp_path, rows) for rows in (TASKS[0], RETAIN)]
    assert results["ce"][0] < before[0] - 3
    assert results["ce"][1] > results["none"][1] + 1


@pytest.mark.parametrize("lora", [None, LoraSettings(rank=4, alpha=8)], ids=["full", "lora"])
def test_reference_of_stage_two_is_stage_one(tmp_path, lora):
    """Stage 1 learnt, two stages of unlearning: the reference is never the base, nor an earlier stage."""
    tiny = support.tiny(init_range=0.2)
    save_model(tiny.model, tiny.processor, tmp_path / "base")
    model, processor = load_model(tmp_path / "base")
    settings = preset(lora=lora, frozen=None if lora else "vision_tower")
    model = learn(model, processor, support.rows(), preset=settings).model
    references = []
    for number, task in enumerate(TASKS):
        current = trainer(model, processor, tmp_path, task).forget_logps()
        stage = trainer(model, processor, tmp_path, task, beta=0.5, retain_loss="none")
        assert first_loss(stage) == pytest.approx(4 * math.log(2), rel=1e-4)
        torch.testing.assert_close(stage.reference_logps, current)
        references.append(stage.reference_logps)
        assert stage.forget_logps().mean() < current.mean() - 0.5
        save_model(stage.model, processor, tmp_path / f"t{number}")
        reloaded, processor = load_model(tmp_path / f"t{number}")
        # What the next stage starts from is what this one left, whether in memory or from disk.
        torch.testing.assert_close(
            trainer(reloaded, processor, tmp_path, task).forget_logps(), stage.forget_logps(), rtol=1e-4, atol=1e-4
        )
        model = reloaded
    base, _ = load_model(tmp_path / "base")
    untouched = trainer(base, processor, tmp_path, TASKS[1]).forget_logps()
    assert (references[1] - untouched).abs().min() > 1e-3


def test_lora_trains_only_adapters(tmp_path):
    tiny = support.tiny(init_range=0.2)
    settings = preset(lora=LoraSettings(rank=4, alpha=8), frozen=None)
    model = learn(tiny.model, tiny.processor, support.rows(), preset=settings).model
    trained = {name for name, value in model.named_parameters() if value.requires_grad}
    assert trained
    assert all("lora_" in name and "language_model" in name for name in trained)
    before = {name: value.detach().clone() for name, value in model.named_parameters()}
    unlearn(Stage("npo", model, tiny.processor, TASKS[0], RETAIN, preset=settings))
    moved = {name for name, value in model.named_parameters() if not torch.equal(value, before[name])}
    assert moved == trained


def test_a_retain_term_without_retain_rows_is_refused(tmp_path):
    tiny = support.tiny()
    for retain in (None, []):
        with pytest.raises(ValueError, match="retain_dataset is empty"):
            trainer(tiny.model, tiny.processor, tmp_path, TASKS[0], retain=retain)
    trainer(tiny.model, tiny.processor, tmp_path, TASKS[0], retain=None, retain_loss="none")


@pytest.mark.parametrize(
    ("changes", "word"),
    [({"beta": 0.0}, "beta"), ({"retain_loss": "l2"}, "retain_loss"), ({"retain_weight": -1.0}, "retain_weight")],
)
def test_invalid_settings_are_refused(tmp_path, changes, word):
    with pytest.raises(ValueError, match=word):
        NPOConfig(output_dir=str(tmp_path), bf16=False, **changes)
