"""Two steps of each trainer against the same steps written here row by row: masks, reductions, pairs and reference."""

import copy

import baselines_support as support
import pytest
import torch
from plain_losses import CASES

from lethebench.baselines.trainer.refusals import RefusedRows

FORGET = support.rows(range(2))
RETAIN = support.rows(range(2, 4))
RATE = 0.05


@pytest.fixture(scope="module")
def tiny():
    return support.tiny(init_range=0.2)


@pytest.mark.parametrize("case", CASES)
def test_two_steps_are_those_of_the_method(tiny, tmp_path, case):
    method, changes, loss = CASES[case]
    by_hand = copy.deepcopy(tiny.model).requires_grad_(True).eval()
    model = copy.deepcopy(tiny.model).requires_grad_(True)
    stage = support.stage(
        method,
        model,
        tiny.processor,
        tmp_path,
        FORGET,
        RETAIN,
        **{**support.SGD, "learning_rate": RATE, "num_train_epochs": 2, **changes},
    )
    collate = stage.data_collator
    # 8 forget rows and 8 retain rows in batches of 8: every step holds them all.
    sets = FORGET, RefusedRows(FORGET, seed=stage.args.seed), RETAIN
    with torch.no_grad():
        then = [support.row_answers(by_hand, collate, rows) for rows in sets]
    before = support.weights_of(by_hand)
    for _ in range(2):
        now = lambda: loss([support.row_answers(by_hand, collate, rows) for rows in sets], then)  # noqa: E731
        change = support.plain_step(by_hand, now, RATE)
        with torch.no_grad():
            for name in change:
                by_hand.get_parameter(name).add_(change[name])
    assert stage.train().global_step == 2
    assert len(change) > 30
    for name in change:
        value = by_hand.get_parameter(name)
        size = (value - before[name]).abs().max().item()
        assert size > 0, name
        difference = (model.get_parameter(name) - value).abs().max().item()
        assert difference < 1e-3 * size + 2e-6, name


@pytest.mark.parametrize("method", ["npo", "kl"])
def test_bf16_steps_are_close_to_float32(tiny, tmp_path, method):
    """Mixed precision: the passes are rounded, weights and losses stay float32."""
    result = []
    for bf16 in (False, True):
        model = copy.deepcopy(tiny.model).requires_grad_(True)
        settings = {**support.SGD, "learning_rate": RATE, "num_train_epochs": 2, "bf16": bf16, "use_cpu": True}
        stage = support.stage(method, model, tiny.processor, tmp_path, FORGET, RETAIN, **settings)
        result.append(stage.train().training_loss)
        assert {value.dtype for value in model.parameters()} == {torch.float32}
    assert result[0] != result[1]
    assert result[1] == pytest.approx(result[0], rel=1e-2)
