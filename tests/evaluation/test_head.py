"""Logits of a few rows at a time: the bits of a whole pass, and the whole pass wherever the head is not plain."""

import numpy as np
import pytest
import torch
from peft import LoraConfig, get_peft_model
from tiny_models import llava

from lethebench.contract.models import forward_at
from lethebench.evaluation.likelihood.forward import measure
from lethebench.evaluation.likelihood.head import LEAST, SLICE, Logits, logits_at

COUNTS = (1, 2, SLICE - 1, SLICE, SLICE + 1, SLICE + LEAST - 1, SLICE + LEAST, 3 * SLICE + 5)


@pytest.fixture
def model():
    return llava()[0].float().eval()


def inputs_of(model, count: int) -> tuple[dict, torch.Tensor]:
    """Return text of `count` tokens, two rows of it, and where their logits are read: everywhere."""
    ids = torch.randint(10, 40, (2, (count + 1) // 2), generator=torch.Generator().manual_seed(count))
    keep = torch.ones_like(ids, dtype=torch.bool)
    keep[0, : ids.numel() - count] = False
    return {"input_ids": ids, "attention_mask": torch.ones_like(ids)}, keep


@pytest.mark.parametrize("statistics", [False, True])
@pytest.mark.parametrize("count", COUNTS)
def test_measures_equal_those_of_whole_logits(model, count, statistics):
    inputs, keep = inputs_of(model, count)
    with torch.no_grad():
        lazy, _ = logits_at(model, inputs, keep, use_cache=False)
        whole, _ = forward_at(model, inputs, keep, use_cache=False)
    assert lazy.weight is not None
    assert [len(whole), whole.shape[1]] == [len(lazy.states), len(lazy.weight)] == [count, whole.shape[1]]
    rows = np.random.default_rng(count).integers(0, count, 2 * count)  # some rows of several answers, some of none
    targets = np.random.default_rng(0).integers(0, whole.shape[1], 2 * count).tolist()
    measures = measure(lazy, rows, targets, statistics=statistics)
    assert np.array_equal(measures, measure(Logits(whole.clone()), rows, targets, statistics=statistics))
    logp = whole.log_softmax(-1)[rows, targets]
    assert measures[0] == pytest.approx(logp.numpy(), abs=1e-5)
    assert measures[1].tolist() == (whole[rows, targets] == whole.amax(-1)[rows]).double().tolist()


def with_adapter(model):
    return get_peft_model(model, LoraConfig(target_modules=["lm_head"]))


def with_bias(model):
    model.lm_head.bias = torch.nn.Parameter(torch.ones(model.lm_head.out_features))
    return model


def with_hook(model):
    model.lm_head.register_forward_hook(lambda module, args, output: 2 * output)
    return model


@pytest.mark.parametrize("change", [with_adapter, with_bias, with_hook, lambda model: model.double()])
def test_any_other_head_is_run_whole(model, change):
    model = change(model)
    inputs, keep = inputs_of(model, 6)
    with torch.no_grad():
        logits, _ = logits_at(model, inputs, keep, use_cache=False)
        expected, _ = forward_at(model, inputs, keep, use_cache=False)
    assert logits.weight is None
    assert torch.equal(logits.states, expected)


def test_head_is_whole_again_after_an_error(model):
    inputs, keep = inputs_of(model, 6)
    with torch.no_grad(), pytest.raises(ValueError, match="input_ids"):
        logits_at(model, {"attention_mask": inputs["attention_mask"]}, keep, use_cache=False)
    assert "forward" not in vars(model.lm_head)


@pytest.mark.parametrize("value", [torch.inf, -torch.inf, torch.nan])
def test_row_that_is_not_finite_has_no_finite_measure(value):
    logits = torch.zeros(2, 8)
    logits[1, 3] = value
    expected = logits.log_softmax(-1)[[0, 1], [3, 3]]
    measures = measure(Logits(logits.clone()), [0, 1], [3, 3], statistics=False)
    assert measures[0] == pytest.approx(expected.numpy(), nan_ok=True)
