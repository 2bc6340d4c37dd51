"""Logits at answer positions: equal to the whole forward pass, and the whole pass wherever the short one may not be."""

import baselines_support as support
import pytest
import torch
from peft import LoraConfig, get_peft_model
from torch.nn import functional
from transformers.models.llama.modeling_llama import LlamaRMSNorm, apply_rotary_pos_emb

from lethebench.baselines.trainer.answer_logits import answer_logits, is_packed
from lethebench.baselines.trainer.packed import RMSNorm, Rotary
from lethebench.baselines.trainer.rows import PICTURED, AnswerCollator
from lethebench.baselines.trainer.selection import select_rows
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
        assert is_packed(model)
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
    assert is_packed(model)
    change(model)
    assert not is_packed(model)
    inputs, _, keep = parts[0]
    torch.manual_seed(0)
    logits, _ = answer_logits(model, inputs, keep)
    torch.manual_seed(0)
    assert torch.equal(logits, forward_at(model, inputs, keep, use_cache=False)[0])


def test_mixed_precision_and_other_architectures_run_whole():
    model, _ = model_and_batches()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert not is_packed(model)
    assert not is_packed(support.idefics3()[0])


def test_hidden_states_come_from_the_whole_pass():
    model, parts = model_and_batches()
    inputs, _, keep = parts[0]
    _, outputs = answer_logits(model, inputs, keep, output_hidden_states=True)
    assert all(states.shape[:2] == keep.shape for states in outputs.hidden_states)
    assert is_packed(model)  # transformers' own hooks stay


def test_forward_is_restored_after_an_error():
    model, parts = model_and_batches()
    inputs, _, keep = parts[-1]
    with pytest.raises(ValueError, match="features"):
        answer_logits(model, {**inputs, "pixel_values": inputs["pixel_values"][:-1]}, keep)
    assert "forward" not in vars(model)
    assert "forward" not in vars(model.model.vision_tower)


@pytest.mark.parametrize("layers", [1, 2])
def test_rows_with_and_without_pictures_go_together(layers):
    model, parts = model_and_batches(layers=layers)
    batch = AnswerCollator(support.tiny().encoder)(support.rows())
    keep = functional.pad(batch.pop("labels")[:, 1:] != -100, (0, 1))
    together = answer_logits(model, batch, keep)[0]
    pictured = (batch["input_ids"] == model.config.image_token_id).any(1)[keep.nonzero()[:, 0]]
    for inputs, _, part in parts:
        logits = together[pictured == ("pixel_values" in inputs)]
        torch.testing.assert_close(logits, answer_logits(model, inputs, part)[0], atol=1e-6, rtol=1e-6)


def test_masked_tokens_equal_the_whole_pass():
    model, parts = model_and_batches()
    inputs, _, keep = parts[0]
    inputs["attention_mask"][0, 0] = 0
    torch.testing.assert_close(answer_logits(model, inputs, keep)[0], forward_at(model, inputs, keep)[0])


def gradients_of(run, *leaves):
    output = run(*leaves)
    return [output, *torch.autograd.grad(output, leaves, torch.randn(output.shape, generator=seeded(1)))]


def seeded(seed):
    return torch.Generator().manual_seed(seed)


def test_norm_equals_transformers():
    states = torch.randn(7, 12, generator=seeded(0), requires_grad=True)
    norm = LlamaRMSNorm(12, eps=1e-5)
    torch.nn.init.normal_(norm.weight)
    ours = gradients_of(lambda states, weight: RMSNorm.apply(states, weight, 1e-5), states, norm.weight)
    for one, two in zip(ours, gradients_of(lambda states, _: norm(states), states, norm.weight), strict=True):
        torch.testing.assert_close(one, two)


def test_rotary_embeddings_equal_transformers():
    states = torch.randn(5, 2, 8, generator=seeded(0), requires_grad=True)
    angles = torch.rand(5, 4, generator=seeded(2)).repeat(1, 2)

    def theirs(states):
        return apply_rotary_pos_emb(*[states.transpose(0, 1)[None]] * 2, angles.cos()[None], angles.sin()[None])[0]

    ours = gradients_of(lambda states: Rotary.apply(states, angles.cos()[:, None], angles.sin()[:, None]), states)
    for one, two in zip(ours, gradients_of(lambda states: theirs(states)[0].transpose(0, 1), states), strict=True):
        torch.testing.assert_close(one, two)
