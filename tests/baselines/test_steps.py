"""Two steps of each trainer against the same steps written here row by row: masks, reductions, pairs and reference."""

import copy

import baselines_support as support
import pytest
import torch

from lethebench.baselines.trainer.refusals import RefusedRows

FORGET = support.rows(range(2))
RETAIN = support.rows(range(2, 4))
RATE = 0.05


def lp(row):
    """Sum of the log-probabilities of an answer's tokens."""
    distributions, tokens = row
    return sum(distributions[index, token] for index, token in enumerate(tokens.tolist()))


def ce(rows):
    return sum(-lp(row) / len(row[1]) for row in rows) / len(rows)


def kl(rows, originals):
    """Mean over rows of the token mean of KL(original, current)."""
    total = 0
    for (current, tokens), (original, _) in zip(rows, originals, strict=True):
        total = total + (original.exp() * (original - current)).sum() / len(tokens)
    return total / len(rows)


def npo(rows, originals, beta):
    ratios = [lp(row) - lp(original) for row, original in zip(rows, originals, strict=True)]
    return 2 / beta * sum(torch.log(1 + torch.exp(beta * ratio)) for ratio in ratios) / len(rows)


def simnpo(rows, beta, gamma):
    scores = [-beta / len(row[1]) * lp(row) - gamma for row in rows]
    return -2 / beta * sum(torch.log(1 / (1 + torch.exp(-score))) for score in scores) / len(rows)


def dpo(refusals, rows, original_refusals, originals, beta):
    total = 0
    for chosen, rejected, ref_chosen, ref_rejected in zip(refusals, rows, original_refusals, originals, strict=True):
        margin = (lp(chosen) - lp(ref_chosen)) - (lp(rejected) - lp(ref_rejected))
        total = total - torch.log(1 / (1 + torch.exp(-beta * margin)))
    return total / len(rows)


# name -> (method, settings, loss of (forget, refusals, retain) rows now and originally)
CASES = {
    "ga": ("ga", {}, lambda now, then: -ce(now[0])),
    "graddiff": ("graddiff", {"retain_weight": 3.0}, lambda now, then: -ce(now[0]) + 3 * ce(now[2])),
    "kl": ("kl", {"retain_weight": 3.0}, lambda now, then: -ce(now[0]) + 3 * kl(now[2], then[2])),
    "npo": ("npo", {"retain_loss": "none", "beta": 0.5}, lambda now, then: npo(now[0], then[0], 0.5)),
    "npo-ce": ("npo", {"beta": 0.5}, lambda now, then: npo(now[0], then[0], 0.5) + ce(now[2])),
    "npo-kl": (
        "npo",
        {"retain_loss": "kl", "beta": 0.5, "retain_weight": 2.0},
        lambda now, then: npo(now[0], then[0], 0.5) + 2 * kl(now[2], then[2]),
    ),
    "simnpo": ("simnpo", {"beta": 0.3, "gamma": 0.2}, lambda now, then: simnpo(now[0], 0.3, 0.2)),
    "simnpo-ce": (
        "simnpo",
        {"beta": 0.3, "retain_loss": "ce", "retain_weight": 2.0},
        lambda now, then: simnpo(now[0], 0.3, 0.0) + 2 * ce(now[2]),
    ),
    "idk": ("idk", {"retain_weight": 2.0}, lambda now, then: ce(now[1]) + 2 * ce(now[2])),
    "dpo": ("dpo", {"beta": 0.4}, lambda now, then: dpo(now[1], now[0], then[1], then[0], 0.4)),
    "dpo-ce": (
        "dpo",
        {"beta": 0.4, "retain_loss": "ce"},
        lambda now, then: dpo(now[1], now[0], then[1], then[0], 0.4) + ce(now[2]),
    ),
}


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
