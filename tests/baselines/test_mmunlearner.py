"""MMUnlearner: its masks, what each kind of step moves, how steps alternate, and what it refuses."""

import copy

import baselines_support as support
import pytest
import torch
from peft import get_peft_model

from lethebench.baselines import MMUnlearnerConfig, MMUnlearnerTrainer
from lethebench.baselines.presets import LoraSettings
from lethebench.baselines.trainer.pairs import AlternatingSampler
from lethebench.baselines.trainer.saliency import saliency_mask

FORGET = support.rows(range(2))
RETAIN = support.rows(range(2, 6))
SEEN = [row for row in FORGET if row["images"]]
READ = [row for row in FORGET if not row["images"]]


@pytest.fixture(scope="module")
def tiny():
    return support.tiny(init_range=0.2)


@pytest.fixture
def stage(tiny, tmp_path):
    def make(**changes):
        model = copy.deepcopy(tiny.model).requires_grad_(True)
        return support.stage("mmunlearner", model, tiny.processor, tmp_path, FORGET, RETAIN, **changes)

    return make


def squared_gradients(model, collate, rows):
    """Mean over rows of the squared gradient of each row's token-mean loss, which is the model's own of one row."""
    model.eval()
    total = {name: torch.zeros_like(value) for name, value in model.named_parameters()}
    for row in rows:
        model.zero_grad()
        batch = {name: value for name, value in collate([row]).items() if name != "row_has_picture"}
        model(**batch).loss.backward()
        for name, value in model.named_parameters():
            if value.grad is not None:
                total[name] += value.grad**2 / len(rows)
    model.zero_grad()
    return total


def test_the_mask_is_the_ratio_at_least_one():
    forget = torch.tensor([0.0, 0.0, 2.0, 1.0, 1.0, 1e-17])
    preserve = torch.tensor([0.0, 1e-9, 1.0, 1.0, 2.0, 0.0])
    assert saliency_mask(forget, preserve).tolist() == [True, False, True, True, False, True]


def test_masks_compare_forget_with_preserved_rows(stage):
    trainer = stage()
    masks = trainer.find_masks()
    forget = squared_gradients(trainer.model, trainer.data_collator, SEEN)
    pictures = [row for row in RETAIN if row["images"]]
    texts = READ + [row for row in RETAIN if not row["images"]]
    language = squared_gradients(trainer.model, trainer.data_collator, pictures + texts)
    vision = squared_gradients(trainer.model, trainer.data_collator, pictures)
    assert set(masks) == set(forget)
    for name, mask in masks.items():
        preserve = language if "language_model" in name or "lm_head" in name else vision
        ratio = (forget[name].double() + 1e-15) / (preserve[name].double() + 1e-15)
        # Keys' biases have no gradient but rounding, which is not compared.
        settled = ((ratio - 1).abs() > 1e-3) & (forget[name] + preserve[name] > 1e-11)
        assert torch.equal(mask[settled], (ratio >= 1)[settled]), name
    share = sum(mask.sum().item() for mask in masks.values()) / sum(mask.numel() for mask in masks.values())
    assert trainer.salient_share == pytest.approx(share)
    assert 0.05 < share < 0.95


def test_ascent_moves_salient_weights_only(stage):
    trainer = stage(weight_decay=0.1, learning_rate=1e-2)
    observed = []
    inner = trainer.create_optimizer
    masks = {}

    def spied():
        optimizer = inner()
        step = optimizer.step

        def spy(*a, **k):
            masks.update(trainer.masks)
            observed.append([trainer.ascending, support.weights_of(trainer.model)])
            return step(*a, **k)

        optimizer.step = spy
        return optimizer

    trainer.create_optimizer = spied
    trainer.train()
    kinds = [ascending for ascending, _ in observed]
    # 4 forget rows with a picture fill one block of 8 twice over; 16 retain rows are 4 blocks to it.
    assert kinds == [True, False, False, False, False]
    weights = [after for _, after in observed] + [support.weights_of(trainer.model)]
    for step, ascending in enumerate(kinds):
        moved = {name: weights[step][name] != weights[step + 1][name] for name in masks}
        strays = sum((moved[name] & ~masks[name]).sum().item() for name in masks)
        assert sum(change.sum().item() for change in moved.values()) > 1000
        assert (strays == 0) == ascending


def test_momentum_does_not_move_spared_weights(stage):
    trainer = stage(num_train_epochs=2, learning_rate=1e-2)
    strays = []
    original = trainer.callback_handler.on_step_end
    state = {}

    def spy(*a, **k):
        now = support.weights_of(trainer.model)
        if trainer.ascending:
            strays.append(sum((now[n] != state[n])[~mask].sum().item() for n, mask in trainer.masks.items()))
        state.update(now)
        return original(*a, **k)

    state.update(support.weights_of(trainer.model))
    trainer.callback_handler.on_step_end = spy
    trainer.train()
    assert strays == [0, 0]


def test_a_step_of_ascent_then_a_retain_step_by_hand(stage):
    trainer = stage(**support.SGD, learning_rate=0.05, max_steps=2, modality="both")
    by_hand = copy.deepcopy(trainer.model).eval()
    masks = trainer.find_masks()
    order = list(trainer._get_train_sampler())
    collate = trainer.data_collator

    def ce(rows):
        result = support.row_answers(by_hand, collate, rows)
        return -sum(logps.gather(-1, tokens[:, None]).mean() for logps, tokens in result) / len(rows)

    draws = [RETAIN[index] for _, index in order[8:16]]
    for loss, hidden in ((lambda: -ce(FORGET), True), (lambda: ce(draws), False)):
        change = support.plain_step(by_hand, loss, 0.05)
        with torch.no_grad():
            for name, value in change.items():
                by_hand.get_parameter(name).add_(value * masks[name] if hidden else value)
    before = support.weights_of(trainer.model)
    trainer.train()
    for name in change:
        value = by_hand.get_parameter(name)
        size = (value - before[name]).abs().max().item()
        assert (trainer.model.get_parameter(name) - value).abs().max() < 1e-3 * size + 2e-6, name


def test_blocks_are_whole_steps():
    sampler = AlternatingSampler(5, 17, seed=3, block=4)
    retain = []
    for epoch in range(2):
        sampler.set_epoch(epoch)
        pairs = list(sampler)
        assert len(pairs) == len(sampler) == 2 * 4 * (1 + 3)
        blocks = [pairs[start : start + 4] for start in range(0, len(pairs), 4)]
        kinds = ["forget" if block[0][1] is None else "retain" for block in blocks]
        assert kinds == ["forget", "retain", "retain", "retain"] * 2
        for block, kind in zip(blocks, kinds, strict=True):
            assert all((forget is None) == (kind == "retain") for forget, _ in block)
        assert {forget for forget, _ in pairs if forget is not None} == set(range(5))
        retain += [index for _, index in pairs if index is not None]
    counts = [retain.count(index) for index in range(17)]
    assert max(counts) - min(counts) <= 1


def test_lora_is_refused(tiny, tmp_path):
    model = copy.deepcopy(tiny.model)
    lora = LoraSettings(rank=2, alpha=2).peft_config()
    args = MMUnlearnerConfig(output_dir=str(tmp_path), bf16=False)
    for arguments in ({"model": model, "peft_config": lora}, {"model": get_peft_model(copy.deepcopy(model), lora)}):
        with pytest.raises(ValueError, match=r"does not train LoRA: merge the adapter"):
            MMUnlearnerTrainer(
                args=args,
                train_dataset=FORGET,
                retain_dataset=RETAIN,
                processing_class=tiny.processor,
                **arguments,
            )


def test_fisher_rows_bounds_the_rows_that_are_read(stage):
    with pytest.raises(ValueError, match="fisher_rows"):
        stage(fisher_rows=0)
    trainer = stage(fisher_rows=2)
    read = []
    inner = trainer.answers
    trainer.answers = lambda *a, **k: read.append(1) or inner(*a, **k)
    trainer.find_masks()
    assert len(read) == 2 + (2 + 2 + 2) + 2  # forget; retain with and without pictures and spared texts; retain again
