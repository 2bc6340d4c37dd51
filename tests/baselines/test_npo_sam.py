"""NPO+SAM: steps against the same steps written by hand, weights that return exactly, its settings."""

import copy

import baselines_support as support
import pytest
import torch

from lethebench.baselines.losses import npo_loss
from lethebench.baselines.methods.npo_sam import moved

FORGET, RETAIN = support.rows(range(2)), support.rows(range(2, 4))
RATE = 0.05
SETTINGS = {**support.SGD, "learning_rate": RATE, "per_device_train_batch_size": 16}


@pytest.fixture(scope="module")
def tiny():
    return support.tiny(init_range=0.2)


def summed(model, collate, rows):
    """Return the (N,) log-probabilities of the answers and their (N,) means per token, one row at a time."""
    answers = support.row_answers(model, collate, rows)
    logps = [logits.gather(-1, tokens[:, None]).flatten() for logits, tokens in answers]
    return torch.stack([one.sum() for one in logps]), torch.stack([one.mean() for one in logps])


@pytest.mark.parametrize("retain_loss", ["ce", "none"])
def test_steps_equal_steps_by_hand(tiny, tmp_path, retain_loss):
    model = copy.deepcopy(tiny.model).requires_grad_(True)
    options = {"beta": 0.5, "retain_weight": 3.0, "rho": 0.3, "retain_loss": retain_loss}
    stage = support.stage(
        "npo_sam", model, tiny.processor, tmp_path, FORGET, RETAIN, **SETTINGS, num_train_epochs=2, **options
    )
    twin, collate = copy.deepcopy(tiny.model).eval().requires_grad_(True), support.collator(tiny.processor)
    with torch.no_grad():
        reference, _ = summed(twin, collate, FORGET)

    def forget_loss():
        return npo_loss(summed(twin, collate, FORGET)[0], reference, beta=0.5)

    def retain_loss_of():
        return -3.0 * summed(twin, collate, RETAIN)[1].mean()

    def move(changes, scale):
        with torch.no_grad():
            for name, change in changes.items():
                twin.get_parameter(name).add_(scale * change)

    stage.train()
    for _ in range(2):
        ascent = support.plain_step(twin, forget_loss, -1.0)
        norm = torch.stack([change.norm() for change in ascent.values()]).norm()
        before = copy.deepcopy(twin.state_dict())
        move(ascent, 0.3 / norm)
        steps = [support.plain_step(twin, forget_loss, RATE)]
        twin.load_state_dict(before)
        if retain_loss == "ce":
            steps.append(support.plain_step(twin, retain_loss_of, RATE))
        for changes in steps:
            move(changes, 1.0)
    for name, parameter in model.named_parameters():
        torch.testing.assert_close(parameter, twin.get_parameter(name), atol=2e-5, rtol=1e-4)
    assert any(
        not torch.equal(parameter, tiny.model.get_parameter(name)) for name, parameter in model.named_parameters()
    )


def test_it_differs_from_npo_and_nears_it_as_rho_shrinks(tiny, tmp_path):
    def trained(method, **options):
        model = copy.deepcopy(tiny.model).requires_grad_(True)
        stage = support.stage(method, model, tiny.processor, tmp_path, FORGET, RETAIN, **SETTINGS, beta=0.5, **options)
        stage.train()
        return torch.cat([value.detach().flatten() for value in model.parameters()])

    plain = trained("npo")
    far, near = (
        (trained("npo_sam", rho=rho) - plain).norm() / (plain - _flat(tiny.model)).norm() for rho in (0.3, 1e-4)
    )
    assert near < 1e-2 < far


def _flat(model):
    return torch.cat([value.detach().flatten() for value in model.parameters()])


def test_moved_weights_return_exactly():
    weights = [torch.randn(3, requires_grad=True), torch.randn(2, 2, requires_grad=True), torch.randn(2)]
    gradients = [torch.tensor([3.0, 0.0, 0.0]), torch.tensor([[4.0, 0.0], [0.0, 0.0]]), None]
    before = [value.detach().clone() for value in weights]
    with moved(weights, gradients, 10.0):
        changes = [(value - old).detach() for value, old in zip(weights, before, strict=True)]
    torch.testing.assert_close(changes[0], torch.tensor([6.0, 0.0, 0.0]))
    torch.testing.assert_close(changes[1], torch.tensor([[8.0, 0.0], [0.0, 0.0]]))
    assert not changes[2].any()
    assert all(torch.equal(value, old) for value, old in zip(weights, before, strict=True))


def test_zero_gradients_move_nothing():
    weights = [torch.ones(2, requires_grad=True)]
    with moved(weights, [torch.zeros(2)], 1.0):
        assert torch.equal(weights[0], torch.ones(2))


@pytest.mark.parametrize("rho", [0.0, -1.0, float("inf"), float("nan")])
def test_distance_has_to_be_positive(tiny, tmp_path, rho):
    with pytest.raises(ValueError, match="rho"):
        support.stage("npo_sam", tiny.model, tiny.processor, tmp_path, FORGET, RETAIN, rho=rho)
