"""Logits at answer positions: equal to the whole forward pass, and the whole pass wherever the short one may not be."""

import baselines_support as support
import pytest
import torch
from peft import LoraConfig, get_peft_model
from torch.nn import functional

from lethebench.baselines.trainer import answer_logits as module
from lethebench.baselines.trainer.answer import select_rows
from lethebench.baselines.trainer.answer_logits import answer_logits
from lethebench.baselines.trainer.rows import PICTURED, AnswerCollator
from lethebench.contract.models import forward_at


def model_and_batches(rows=None, **plan):
    """A random model in training mode, and its rows with and without a picture as (inputs, labels, positions)."""
    tiny = support.tiny(init_range=0.2, **plan)
    batch = AnswerCollator(tiny.encoder, mark_pictures=True)(support.rows() if rows is None else rows)
    parts = []
    for pictured in batch[PICTURED].unique():
        inputs = select_rows(batch, batch[PICTURED] == pictured)
        labels = inputs.pop("labels")
        keep = functional.pad(labels[:, 1:] != -100, (0, 1))
        parts.append((inputs, labels[:, 1:][keep[:, :-1]], keep))
    return tiny.model.train(), parts


def loss_and_gradients(model, run, inputs, labels, keep):
    model.zero_grad()
    loss = functional.cross_entropy(run(model, inputs, keep)[0], labels)
    loss.backward()
    return [loss.detach(), *(value.grad for value in model.parameters() if value.grad is not None)]


@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("count", [24, 2, 1])  # one row has no padding, so that it has no mask
def test_loss_and_gradients_equal_the_whole_pass(layers, count):
    model, parts = model_and_batches(support.rows()[:count], layers=layers)
    for inputs, labels, keep in parts:
        assert module._plain_last_layer(model) is not None
        whole = loss_and_gradients(model, forward_at, inputs, labels, keep)
        short = loss_and_gradients(model, answer_logits, inputs, labels, keep)
        assert len(whole) == len(short)
        for one, two in zip(whole, short, strict=True):
            torch.testing.assert_close(two, one, atol=1e-6, rtol=1e-6)


def test_grouped_keys_and_values_equal_the_whole_pass():
    model, parts = model_and_batches()
    config = model.config.text_config
    config.num_key_value_heads = 1
    model.model.language_model.layers[-1] = type(model.model.language_model.layers[-1])(config, 1).train()
    inputs, _, keep = parts[-1]
    torch.testing.assert_close(answer_logits(model, inputs, keep)[0], forward_at(model, inputs, keep)[0])


def test_queries_at_any_positions_equal_the_whole_pass():
    model, parts = model_and_batches()
    for inputs, _, keep in parts:
        scattered = torch.rand(keep.shape, generator=torch.Generator().manual_seed(0)) < 0.3
        scattered[0] = False  # a row without any
        torch.testing.assert_close(answer_logits(model, inputs, scattered)[0], forward_at(model, inputs, scattered)[0])


def with_hook(model):
    model.model.language_model.layers[-1].mlp.register_forward_hook(lambda *_: None)


def with_pre_hook(model):
    model.model.language_model.layers[-1].mlp.register_forward_pre_hook(lambda *_: None)


def with_dropout(model):
    model.model.language_model.layers[-1].self_attn.attention_dropout = 0.5


def with_other_attention(model):
    model.set_attn_implementation("eager")


def with_checkpointing(model):
    model.activation_checkpointing_enable()


def with_adapter(model):
    get_peft_model(model, LoraConfig(target_modules=["up_proj"]))


def with_own_forward(model):
    layer = model.model.language_model.layers[-1]
    layer.mlp.forward = layer.mlp.forward


def with_other_layer(model):
    layer = model.model.language_model.layers[-1]
    layer.__class__ = type("OtherLayer", (type(layer),), {})


@pytest.mark.parametrize(
    "change",
    [
        with_hook,
        with_pre_hook,
        with_dropout,
        with_other_attention,
        with_checkpointing,
        with_adapter,
        with_own_forward,
        with_other_layer,
    ],
)
def test_changed_layers_run_whole(change):
    model, parts = model_and_batches()
    assert module._plain_last_layer(model) is not None
    change(model)
    assert module._plain_last_layer(model) is None
    inputs, _, keep = parts[0]
    torch.manual_seed(0)
    logits, _ = answer_logits(model, inputs, keep)
    torch.manual_seed(0)
    assert torch.equal(logits, forward_at(model, inputs, keep, use_cache=False)[0])


def test_mixed_precision_and_other_architectures_run_whole():
    model, _ = model_and_batches()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert module._plain_last_layer(model) is None
    assert module._plain_last_layer(support.idefics3()[0]) is None


def test_hidden_states_come_from_the_whole_pass():
    model, parts = model_and_batches()
    inputs, _, keep = parts[0]
    _, outputs = answer_logits(model, inputs, keep, output_hidden_states=True)
    assert all(states.shape[:2] == keep.shape for states in outputs.hidden_states)
    assert module._plain_last_layer(model) is not None  # transformers' own hooks stay


def test_layer_is_restored_after_an_error():
    model, parts = model_and_batches()
    inputs, _, keep = parts[0]
    with pytest.raises(TypeError):
        answer_logits(model, {**inputs, "position_ids": "none"}, keep)
    assert "forward" not in vars(model.model.language_model.layers[-1])
    assert "forward" not in vars(model.model.vision_tower)
