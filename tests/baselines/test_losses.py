"""Losses against their closed forms, and against short references written here."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from lethebench.baselines.losses import (
    cross_entropy_loss,
    dpo_loss,
    ga_loss,
    kl_loss,
    npo_loss,
    row_cross_entropy,
    sequence_logps,
    simnpo_loss,
    token_logps,
)

LENGTHS = (1, 4, 7)


def answers(seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    """Token log-probabilities of three answers of 1, 4 and 7 tokens, at odd places, and their mask."""
    generator = torch.Generator().manual_seed(seed)
    mask = torch.zeros(3, 12, dtype=torch.bool)
    for row, length in enumerate(LENGTHS):
        mask[row, 2 + row : 2 + row + length] = True
    logps = -torch.rand(3, 12, generator=generator, dtype=torch.float64) * 3
    return (logps * mask).requires_grad_(), mask


def test_token_logps_are_normalised_not_raw_logits():
    logits = torch.randn(5, 11, generator=torch.Generator().manual_seed(0)) * 10
    every = torch.stack([token_logps(logits, torch.full((5,), token)) for token in range(11)])
    torch.testing.assert_close(every.exp().sum(0), torch.ones(5))
    torch.testing.assert_close(every[3] - every[7], logits[:, 3] - logits[:, 7], rtol=1e-4, atol=1e-4)


def test_token_logps_have_the_gradient_of_log_softmax():
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(2, 5, 11, generator=generator, requires_grad=True)
    targets = torch.randint(11, (2, 5), generator=generator)
    weights = torch.randn(2, 5, generator=generator)
    plain = logits.log_softmax(-1).gather(-1, targets[..., None])[..., 0]
    (ours,), (theirs,) = (
        torch.autograd.grad(values, logits, weights) for values in (token_logps(logits, targets), plain)
    )
    torch.testing.assert_close(ours, theirs)


def test_cross_entropy_is_mean_of_row_means():
    logps, mask = answers()
    rows = [-sum(logps[row, mask[row]].tolist()) / length for row, length in enumerate(LENGTHS)]
    assert row_cross_entropy(logps, mask).tolist() == pytest.approx(rows)
    assert cross_entropy_loss(logps, mask).item() == pytest.approx(sum(rows) / 3)
    batch_mean = -logps.sum() / mask.sum()
    assert cross_entropy_loss(logps, mask).item() != pytest.approx(batch_mean.item(), rel=1e-3)


def test_ga_loss_is_minus_cross_entropy():
    logps, mask = answers()
    ga_loss(logps, mask).backward()
    assert ga_loss(logps, mask).item() == -cross_entropy_loss(logps, mask).item()
    expected = mask / mask.sum(-1, keepdim=True) / 3
    torch.testing.assert_close(logps.grad, expected.double())


def test_graddiff_with_forget_equal_to_retain_is_zero():
    logps, mask = answers()
    (ga_loss(logps, mask) + cross_entropy_loss(logps, mask)).backward()
    assert logps.grad.abs().max() == 0


@pytest.mark.parametrize("beta", [0.1, 0.5, 5.0])
def test_npo_at_the_reference(beta):
    logps, mask = answers()
    lp = sequence_logps(logps, mask)
    loss = npo_loss(lp, lp, beta=beta)
    loss.backward()
    assert loss.item() == pytest.approx(2 / beta * math.log(2))
    # The gradient is that of +lp: |y| times gradient ascent's, row by row.
    torch.testing.assert_close(logps.grad, mask.double() / 3)


def test_npo_uses_row_sums_not_a_batch_mean():
    lp, ref = torch.tensor([-1.0, -8.0]), torch.tensor([-2.0, -3.0])
    expected = [2 / 0.5 * math.log(1 + math.exp(0.5 * (a - b))) for a, b in zip(lp.tolist(), ref.tolist(), strict=True)]
    assert npo_loss(lp, ref, beta=0.5).item() == pytest.approx(sum(expected) / 2, rel=1e-6)
    of_means = npo_loss(lp.mean()[None], ref.mean()[None], beta=0.5)
    assert of_means.item() != pytest.approx(sum(expected) / 2, rel=1e-2)


def test_npo_tends_to_gradient_ascent_as_beta_falls():
    lp, ref = torch.tensor([-1.0, -8.0], dtype=torch.float64), torch.tensor([-2.0, -3.0], dtype=torch.float64)
    gaps = []
    for beta in (1e-2, 1e-3, 1e-4):
        gaps.append(abs((npo_loss(lp, ref, beta=beta) - 2 / beta * math.log(2) - (lp - ref).mean()).item()))
    assert gaps[2] < 1e-3
    assert gaps[0] > 5 * gaps[1] > 25 * gaps[2]


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.tuples(st.floats(-200, 0), st.floats(-200, 0)), min_size=1, max_size=8),
    st.floats(0.01, 5),
)
def test_npo_gradient_weight_equals_paper(pairs, beta):
    lp = torch.tensor([a for a, _ in pairs], dtype=torch.float64, requires_grad=True)
    ref = torch.tensor([b for _, b in pairs], dtype=torch.float64, requires_grad=True)
    loss = npo_loss(lp, ref, beta=beta)
    loss.backward()
    assert 0 <= loss.item() < math.inf
    weight = 2 * torch.sigmoid(beta * (lp.detach() - ref.detach())) / len(pairs)
    torch.testing.assert_close(lp.grad, weight)
    assert ref.grad is None


@pytest.mark.parametrize("beta", [0.0, -1.0, math.inf, math.nan])
def test_npo_refuses_a_beta_that_makes_no_sense(beta):
    with pytest.raises(ValueError, match="beta"):
        npo_loss(torch.zeros(2), torch.zeros(2), beta=beta)


def test_npo_refuses_other_shapes_than_one_number_a_row():
    with pytest.raises(ValueError, match="shape"):
        npo_loss(torch.zeros(2), torch.zeros(2, 1), beta=0.1)


def distributions(seed: int, count: int = 12, vocabulary: int = 9) -> torch.Tensor:
    """(count, vocabulary) random log-probabilities, far from uniform."""
    generator = torch.Generator().manual_seed(seed)
    return (3 * torch.randn(count, vocabulary, generator=generator, dtype=torch.float64)).log_softmax(-1)


def test_kl_direction_and_means():
    _, mask = answers()
    current, original = distributions(1), distributions(2)
    rows, start = [], 0
    for length in LENGTHS:
        tokens = []
        for index in range(start, start + length):
            p = original[index].exp().tolist()
            tokens.append(sum(p[v] * (original[index, v] - current[index, v]).item() for v in range(9)))
        rows.append(sum(tokens) / length)
        start += length
    assert kl_loss(current, original, mask).item() == pytest.approx(sum(rows) / 3)
    assert kl_loss(original, current, mask).item() != pytest.approx(sum(rows) / 3, rel=1e-2)


def test_kl_at_the_reference_is_zero_with_zero_gradient():
    _, mask = answers()
    logits = torch.randn(12, 9, generator=torch.Generator().manual_seed(0), dtype=torch.float64).requires_grad_()
    loss = kl_loss(logits.log_softmax(-1), logits.detach().log_softmax(-1), mask)
    loss.backward()
    assert loss.item() == pytest.approx(0, abs=1e-12)
    assert logits.grad.abs().max() < 1e-12


def test_kl_reference_gets_no_gradient():
    _, mask = answers()
    current, original = distributions(1).requires_grad_(), distributions(2).requires_grad_()
    kl_loss(current, original, mask).backward()
    assert original.grad is None
    with pytest.raises(ValueError, match="shape"):
        kl_loss(current, original[:-1], mask)


@pytest.mark.parametrize("gamma", [0.0, 0.7])
@pytest.mark.parametrize("beta", [0.5, 2.5])
def test_simnpo_and_its_gradients_weight(beta, gamma):
    logps, mask = answers()
    loss = simnpo_loss(logps, mask, beta=beta, gamma=gamma)
    loss.backward()
    expected = torch.zeros_like(logps)
    total = 0.0
    for row, length in enumerate(LENGTHS):
        lp = sum(logps[row, mask[row]].tolist())
        total -= 2 / beta * math.log(1 / (1 + math.exp(beta / length * lp + gamma))) / 3
        weight = 2 / length / (1 + math.exp(-(beta / length * lp + gamma)))
        expected[row, mask[row]] = weight / 3
    assert loss.item() == pytest.approx(total)
    torch.testing.assert_close(logps.grad, expected)


def test_dpo_in_its_closed_form():
    logps, mask = answers()
    chosen, rejected = sequence_logps(logps, mask), sequence_logps(*answers(seed=1))
    ref_chosen, ref_rejected = torch.tensor([-1.0, -9.0, -4.0]).double(), torch.tensor([-2.0, -3.0, -8.0]).double()
    loss = dpo_loss(chosen, rejected, ref_chosen, ref_rejected, beta=0.3)
    expected = [
        -math.log(1 / (1 + math.exp(-0.3 * ((c - rc) - (r - rr)))))
        for c, r, rc, rr in zip(*(part.tolist() for part in (chosen, rejected, ref_chosen, ref_rejected)), strict=True)
    ]
    assert loss.item() == pytest.approx(sum(expected) / 3)
    assert dpo_loss(chosen, rejected, chosen, rejected, beta=0.3).item() == pytest.approx(math.log(2))


@pytest.mark.parametrize("beta", [0.0, -1.0, math.inf, math.nan])
def test_simnpo_and_dpo_refuse_a_beta_that_makes_no_sense(beta):
    logps, mask = answers()
    with pytest.raises(ValueError, match="beta"):
        simnpo_loss(logps, mask, beta=beta)
    with pytest.raises(ValueError, match="beta"):
        dpo_loss(*(torch.zeros(2),) * 4, beta=beta)
