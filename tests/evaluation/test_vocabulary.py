"""Normalizers from part of the vocabulary: within rounding of the whole head, which computes rows in doubt."""

import numpy as np
import pytest
import torch

from lethebench.evaluation.likelihood.forward import measure
from lethebench.evaluation.likelihood.head import Logits
from lethebench.evaluation.likelihood.vocabulary import (
    FEWEST_LOGITS,
    SplitHead,
    head_of,
    split_head,
    split_heads,
)

WIDTH, ALIKE, OTHERS = 48, 400, 100


def head(spread: float = 0.02, seed: int = 0) -> torch.Tensor:
    """Return weights of 500 tokens, of which 400, scattered among the others, are near one center."""
    draw = torch.Generator().manual_seed(seed)
    weight = torch.randn(ALIKE + OTHERS, WIDTH, generator=draw) / 4
    near = torch.randperm(len(weight), generator=draw)[:ALIKE]
    center = torch.randn(WIDTH, generator=draw) / 4
    weight[near] = center + spread * torch.randn(ALIKE, WIDTH, generator=draw)
    return weight


def states_of(weight: torch.Tensor, rows: int = 300, away: float = 4.0) -> torch.Tensor:
    """Return states, most of which point away from the center of the alike tokens."""
    draw = torch.Generator().manual_seed(1)
    center = split_head(weight, torch.zeros(1, WIDTH)).center
    states = torch.randn(rows, WIDTH, generator=draw) * 2
    return states - torch.linspace(-away / 4, away, rows)[:, None] * center / center.norm() * 4


@pytest.mark.parametrize("spread", [0.0, 0.005, 0.02, 0.04])
def test_measures_equal_those_of_the_whole_head(spread):
    weight = head(spread)
    states = states_of(weight)
    split = split_head(weight, states)
    assert split.count >= 0.8 * ALIKE
    draw = np.random.default_rng(0)
    rows, targets = draw.integers(0, 300, 900), draw.integers(0, len(weight), 900)
    likeliest = (states @ weight.T).argmax(-1).numpy()
    rows, targets = np.append(rows, np.arange(300)), np.append(targets, likeliest)
    expected = measure(Logits(states, weight), rows, targets, statistics=False)
    measures = measure(Logits(states, weight, split), rows, targets, statistics=False)
    assert np.abs(measures[0] - expected[0]).max() < 5e-5
    assert np.array_equal(measures[1], expected[1])
    assert 0 < split._doubtful < 300


@pytest.mark.parametrize("scale", [0.1, 1.0, 3.0])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_error_stays_below_its_bound(seed, scale):
    weight = head(0.03, seed)
    split = split_head(weight, states_of(weight))
    states = scale * states_of(weight)
    alike = split.column < 0
    logits = (states.double() @ weight[alike].double().T).float()
    summed = split.summed(states)
    error = (summed.total - logits.logsumexp(-1)).exp().sub(1).abs()
    assert (error <= summed.error + 1e-4).all()
    assert (logits.amax(-1) <= summed.most + 1e-4).all()


def test_statistics_use_the_whole_head():
    weight = head()
    states = states_of(weight, 40)
    split = split_head(weight, states)
    expected = measure(Logits(states, weight), range(40), range(40), statistics=True)
    assert np.array_equal(measure(Logits(states, weight, split), range(40), range(40), statistics=True), expected)


@pytest.mark.parametrize("value", [torch.inf, -torch.inf, torch.nan])
def test_state_that_is_not_finite_has_no_finite_measure(value):
    weight = head()
    states = states_of(weight, 40)
    split = split_head(weight, states)
    states[3, 5] = value
    expected = measure(Logits(states, weight), range(40), range(40), statistics=False)
    measures = measure(Logits(states, weight, split), range(40), range(40), statistics=False)
    assert not np.isfinite(measures[0, 3])
    assert measures[0] == pytest.approx(expected[0], abs=5e-5, nan_ok=True)


def test_vocabulary_of_alike_tokens_alone_is_not_split():
    """As that of a model after a few steps."""
    weight = torch.randn(WIDTH) / 4 + 0.1 * torch.nn.functional.normalize(torch.randn(400, WIDTH))
    assert split_head(weight, torch.randn(20, WIDTH)) is None


@pytest.mark.parametrize("weight", [torch.eye(WIDTH), 3 * torch.randn(500, WIDTH), torch.full((9, WIDTH), torch.nan)])
def test_vocabulary_without_alike_tokens_is_not_split(weight):
    assert split_head(weight, torch.randn(20, WIDTH)) is None


def test_split_is_left_when_most_rows_are_in_doubt():
    weight, module = head(), torch.nn.Linear(1, 1)
    states = states_of(weight)
    with split_heads(FEWEST_LOGITS):
        split = head_of(module, weight, states)
        assert isinstance(split, SplitHead)
        assert head_of(module, weight, states) is split
        split.note(2 * FEWEST_LOGITS, FEWEST_LOGITS + 1)
        assert head_of(module, weight, states) is None
    assert head_of(module, weight, states) is None
    with split_heads(FEWEST_LOGITS - 1):
        assert head_of(module, weight, states) is None
