"""What every unlearning trainer must hold to: pictures, masks, accumulation, reference, errors."""

import copy
import re
from functools import partial

import baselines_support as support
import pytest
import torch
from trl import SFTConfig, SFTTrainer

from lethebench.baselines.losses import sequence_logps
from lethebench.baselines.presets import LoraSettings
from lethebench.baselines.trainer.answer import QUIET, sample
from lethebench.baselines.trainer.weights import describe, freeze

FORGET = support.rows(range(2))
RETAIN = support.rows(range(2, 6))
METHOD_NAMES = list(support.TRAINERS)


@pytest.fixture(scope="module")
def tiny():
    """The untrained model that every stage here starts from, with its processor."""
    return support.tiny(init_range=0.2)


@pytest.fixture
def trainer(tiny, tmp_path):
    """Makes a trainer of a method on a copy of the model."""

    def make(method="npo", forget=FORGET, retain=RETAIN, **changes):
        model = copy.deepcopy(tiny.model).requires_grad_(True)
        return support.stage(method, model, tiny.processor, tmp_path, forget, retain, **changes)

    return make


def weights_of(trainer):
    return {name: value.detach().clone() for name, value in trainer.model.named_parameters()}


def distance(first, second):
    return max((first[name] - second[name]).abs().max().item() for name in first)


@pytest.mark.parametrize("method", METHOD_NAMES)
def test_every_parameter_moves_but_the_frozen_ones(trainer, method):
    stage = trainer(method, frozen="vision_tower", num_train_epochs=2)
    before = weights_of(stage)
    stage.train()
    moved = {name for name, value in weights_of(stage).items() if not torch.equal(value, before[name])}
    trained = stage.trained_parameters(stage.args) or ""
    assert moved == {name for name in before if "vision_tower" not in name and re.search(trained, name)}


SOME = ("npo", "idk", "mmunlearner")  # of each kind one


@pytest.mark.parametrize(
    "method", [*SOME, *(pytest.param(name, marks=pytest.mark.slow) for name in METHOD_NAMES if name not in SOME)]
)
def test_pictures_reach_the_model(trainer, method):
    def run(forget):
        stage = trainer(method, forget=forget)
        stage.train()
        return weights_of(stage)

    swapped = [dict(row) for row in FORGET]
    for row in swapped:
        if row["images"]:
            row["images"] = [support.page(1 if row["profile_id"].endswith("0") else 0)]
    end = run(FORGET)
    assert distance(end, run(FORGET)) == 0
    assert distance(end, run(swapped)) > 1e-5


@pytest.mark.parametrize("method", METHOD_NAMES)
def test_accumulation_equals_whole_batch(trainer, method):
    def run(size, accumulation):
        stage = trainer(
            method,
            per_device_train_batch_size=size,
            gradient_accumulation_steps=accumulation,
            optim="sgd",
            max_grad_norm=0.0,
            learning_rate=0.01,
            lr_scheduler_type="constant",
            **({"rho": 1e-6} if method == "npo_sam" else {}),  # each batch of a step goes its own way from the weights
        )
        before = weights_of(stage)
        assert stage.train().global_step == len(stage._get_train_sampler()) // 8
        after = weights_of(stage)
        return {name: after[name] - before[name] for name in after}

    whole, parts = run(8, 1), run(1, 8)
    size = max(value.abs().max().item() for value in whole.values())
    assert size > 1e-4
    assert distance(whole, parts) < 1e-3 * size


def test_seed_decides_every_bit(trainer):
    def run(seed):
        stage = trainer("npo", seed=seed, per_device_train_batch_size=3, num_train_epochs=2)
        stage.train()
        return weights_of(stage)

    end = run(1)
    assert distance(end, run(1)) == 0
    assert distance(end, run(2)) > 0


def test_answer_logps_ignore_padding_and_order(trainer):
    """The trainer's log-probabilities are those of one row at a time through the whole vocabulary."""
    stage = trainer("npo")
    model = stage.model.eval()
    for row, value in zip(FORGET, stage.forget_logps(), strict=True):
        batch = stage.data_collator([row])
        labels = batch.pop("labels")[0]
        with torch.no_grad():
            logps = model(**batch).logits[0, :-1].log_softmax(-1)
        indices = (labels[1:] != -100).nonzero().flatten()
        assert value.item() == pytest.approx(logps[indices, labels[1:][indices]].sum().item(), rel=1e-5)


def test_evaluation_loss_equals_sft_trainer(trainer, tiny, tmp_path):
    stage = trainer("npo")
    rows = FORGET[:3]
    batch = stage.data_collator(rows)
    own = stage.compute_loss(stage.model, dict(batch))
    plain = SFTTrainer(
        stage.model,
        args=SFTConfig(output_dir=str(tmp_path), bf16=False, activation_checkpointing=False, **QUIET),
        train_dataset=sample(),
        processing_class=tiny.processor,
    )
    theirs = plain.compute_loss(stage.model, dict(batch))
    assert own.item() == pytest.approx(theirs.item(), rel=1e-6)


def test_reference_has_no_dropout(trainer):
    stage = trainer("npo")
    stage.model.config.text_config.attention_dropout = 0.5
    for layer in stage.model.model.language_model.layers:
        layer.self_attn.attention_dropout = 0.5
    stage.model.train()
    first, second = stage.forget_logps(), stage.forget_logps()
    assert stage.model.training
    assert torch.equal(first, second)
    with torch.no_grad():
        batch = stage.data_collator(FORGET)
        noisy = stage.answers(stage.model, batch)
    assert not torch.allclose(sequence_logps(noisy.logps, noisy.mask), first, rtol=1e-3)
    for layer in stage.model.model.language_model.layers:
        layer.self_attn.attention_dropout = 0.0


@pytest.mark.parametrize("method", METHOD_NAMES)
def test_an_empty_forget_set_is_refused(trainer, method):
    with pytest.raises(ValueError, match="empty forget set"):
        trainer(method, forget=[])


def test_nonfinite_loss_keeps_weights(trainer):
    stage = trainer("npo", num_train_epochs=5)
    original = stage.unlearning_loss
    stage.unlearning_loss = lambda *a: original(*a) * (float("nan") if stage.state.global_step == 2 else 1)
    observed = []
    original_step = stage.training_step
    stage.training_step = lambda *a, **k: (observed.append(weights_of(stage)), original_step(*a, **k))[1]
    with pytest.raises(FloatingPointError, match="the loss is nan at step 3: the weights are those after step 2"):
        stage.train()
    assert distance(weights_of(stage), observed[-1]) == 0
    assert distance(observed[0], observed[-1]) > 0


def test_nonfinite_gradients_keep_weights(trainer):
    stage = trainer("npo", num_train_epochs=5)
    before = weights_of(stage)
    stage.model.lm_head.weight.register_hook(lambda gradient: gradient * float("inf"))
    with pytest.raises(FloatingPointError, match="gradients are not finite at step 1"):
        stage.train()
    assert distance(weights_of(stage), before) == 0


def test_evaluate_reports_the_cross_entropy_of_plain_rows(trainer):
    stage = trainer("npo")
    metrics = stage.evaluate(eval_dataset=support.rows(range(2)))
    batch = stage.data_collator(FORGET)
    with torch.no_grad():
        expected = stage.model.eval()(**batch).loss.item()
    assert metrics["eval_loss"] == pytest.approx(expected, rel=1e-4)


def test_a_copy_of_a_trained_model_is_a_model_of_its_own(trainer):
    """TRL's fused head would leave the copy running the original's weights."""
    stage = trainer("npo")
    stage.train()
    batch = {name: value for name, value in stage.data_collator(FORGET).items() if name != "labels"}
    twin = copy.deepcopy(stage.trained_model()).eval()
    with torch.no_grad():
        before = twin(**batch).logits
        for value in stage.model.parameters():
            value.zero_()
        assert torch.equal(twin(**batch).logits, before)
        assert not torch.equal(stage.model.eval()(**batch).logits, before)


def test_freeze_says_when_a_pattern_matches_nothing(tiny):
    model = copy.deepcopy(tiny.model).requires_grad_(True)
    with pytest.raises(ValueError, match=r"no parameter of .* matches 'vision_towel'"):
        freeze(model, "vision_towel")
    total = describe(model)["total"]
    frozen = freeze(model, "vision_tower")
    assert 0 < frozen < total
    assert describe(model) == {"total": total, "trained": total - frozen}


@pytest.mark.parametrize("lora", [None, LoraSettings(rank=4, alpha=8)], ids=["full", "lora"])
def test_checkpointing_takes_the_same_steps(tiny, tmp_path, lora):
    """Activations that are computed again give the same gradients, the KL term's pass through the frozen copy too."""
    result = []
    for checkpointing in (False, True):
        torch.manual_seed(0)  # an adapter's first weights
        stage = support.stage(
            "npo",
            copy.deepcopy(tiny.model).requires_grad_(True),
            tiny.processor,
            tmp_path,
            FORGET,
            RETAIN,
            retain_loss="kl",
            activation_checkpointing=checkpointing,
            num_train_epochs=2,
            **{**support.SGD, "learning_rate": 0.05},
            peft_config=lora.peft_config() if lora else None,
        )
        before = weights_of(stage)
        stage.train()
        assert stage.model.is_gradient_checkpointing == checkpointing
        result.append(weights_of(stage))
    assert distance(before, result[0]) > 1e-3
    assert distance(*result) < 1e-5


@pytest.mark.parametrize("architecture", ["llava", "idefics3"])
def test_sharded_batch_without_picture_runs_the_vision_tower(tiny, architecture, tmp_path, monkeypatch):
    """Every process has to run the same modules of sharded weights; the row that makes it so is not scored."""
    model, processor = (copy.deepcopy(tiny.model), tiny.processor) if architecture == "llava" else support.idefics3()
    stage = support.stage("npo", model, processor, tmp_path, FORGET, RETAIN)
    stage.model.eval()
    batch = stage.to_batch([stage.encoder(row) for row in FORGET if not row["images"]][:2])
    passes: list[object] = []
    tower = next(part for name, part in model.named_modules() if name.endswith(("vision_tower", "vision_model")))
    tower.register_forward_hook(lambda *_: passes.append(1))
    answers = partial(stage.answers, stage.model, batch, whole=torch.tensor([True, False]), layers=(1,))
    alone = answers()
    assert not passes
    monkeypatch.setattr(type(stage), "is_sharded", True)
    answers()  # no process has a picture: their towers get no gradient
    assert not passes
    monkeypatch.setattr(stage.accelerator, "reduce", lambda count: count + 1)  # another process has one
    sharded = answers()
    assert passes
    assert torch.equal(alone.mask, sharded.mask)
    for one, other in zip(
        (alone.logps, alone.distributions, alone.hidden[1]),
        (sharded.logps, sharded.distributions, sharded.hidden[1]),
        strict=True,
    ):
        torch.testing.assert_close(one, other, atol=1e-5, rtol=1e-5)
