"""Logits at the positions that predict an answer, without work that they do not need.

The features of a frozen vision tower are kept, and a Llama's last layer, norm and head are limited to these positions:
every position needs keys and values in the last layer, but only those that predict an answer need a query, an MLP, the
final norm and a row of logits. With one layer, as the embedded model has, this halves a training step.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from transformers import LlavaForConditionalGeneration
from transformers.models.llama.modeling_llama import LlamaAttention, LlamaDecoderLayer, LlamaModel, rotate_half

from lethebench.contract.models import base_of, forward_at, runs_as_defined
from lethebench.contract.picture_features import cached_picture_features


def answer_logits(model: Any, inputs: Mapping[str, Any], keep: Tensor, **options: Any) -> tuple[Tensor, Any]:
    """Return what `forward_at` does, without a cache, and without work that does not reach the logits if it can.

    Args:
        model: the model, wrapped or not.
        inputs: model inputs with (B, L) `input_ids`, padded on the right.
        keep: (B, L) boolean, True at the N tokens to return logits for.
        options: further arguments of the model; with any of them the whole model is run.
    """
    base = base_of(getattr(model, "module", model))
    layer = None if options else _plain_last_layer(base)
    with cached_picture_features(base):
        if layer is None:
            return forward_at(model, inputs, keep, use_cache=False, **options)
        with _at(layer, keep):
            outputs = model(**inputs, use_cache=False)
    return outputs.logits[0], outputs


def _plain_last_layer(base: Any) -> Any:
    """The last layer of a LLaVA on a CPU, if it is a Llama's as transformers defines it, without dropout; else None."""
    if type(base) is not LlavaForConditionalGeneration or torch.is_autocast_enabled("cpu"):
        return None
    llama = base.model.language_model
    if type(llama) is not LlamaModel or llama.config._attn_implementation != "sdpa":
        return None
    layer: Any = llama.layers[-1]
    is_plain = (
        (type(layer), type(layer.self_attn)) == (LlamaDecoderLayer, LlamaAttention)
        and runs_as_defined(layer)
        and next(layer.parameters()).device.type == "cpu"
        and not layer.gradient_checkpointing
        and not (layer.training and layer.self_attn.attention_dropout)
    )
    return layer if is_plain else None


@contextmanager
def _at(layer: Any, keep: Tensor) -> Iterator[None]:
    """Let the layer return its states (1, N, D) at the N positions of (B, L) `keep`, row by row."""
    counts = keep.sum(1)
    is_query = torch.arange(int(counts.max()), device=keep.device) < counts[:, None]
    rows, positions = keep.nonzero(as_tuple=True)
    query_positions = torch.zeros_like(is_query, dtype=torch.long).masked_scatter(is_query, positions)
    batch = torch.arange(len(keep), device=keep.device)[:, None]

    def forward(states: Tensor, *, attention_mask: Any, position_embeddings: Any, **options: Any) -> Tensor:
        attention = layer.self_attn
        normed = layer.input_layernorm(states)

        def heads(projection: nn.Module, values: Tensor) -> Tensor:
            return projection(values).view(*values.shape[:2], -1, attention.head_dim).transpose(1, 2)

        cos, sin = (value.expand(len(keep), -1, -1) for value in position_embeddings)
        chosen = batch, query_positions
        queries = _rotated(heads(attention.q_proj, normed[chosen]), cos[chosen], sin[chosen])
        keys = _rotated(heads(attention.k_proj, normed), cos, sin)
        if attention_mask is None:
            visible = torch.arange(keep.shape[1], device=keep.device) <= query_positions[..., None]
            mask = visible[:, None]
        else:
            mask = attention_mask.expand(len(keep), -1, -1, -1)[batch, :, query_positions].transpose(1, 2)
        mixed = functional.scaled_dot_product_attention(
            queries,
            keys,
            heads(attention.v_proj, normed),
            attn_mask=mask,
            scale=attention.scaling,
            enable_gqa=attention.num_key_value_groups > 1,
        )
        mixed = mixed.transpose(1, 2).flatten(2)[is_query]
        after = states[rows, positions] + attention.o_proj(mixed)
        return (after + layer.mlp(layer.post_attention_layernorm(after)))[None]

    layer.forward = forward
    try:
        yield
    finally:
        del layer.forward


def _rotated(heads: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Rotary embeddings (B, T, D) applied to (B, heads, T, D)."""
    return heads * cos[:, None] + rotate_half(heads) * sin[:, None]
