"""The forward pass of a LLaVA with a Llama for training on a CPU: on real tokens only, up to what the answers need.

Rows with and without pictures go through together, without padding outside of attention. The first layer computes keys
and values once for equal tokens, the last one queries, MLP, norm and logits only where they are asked for: every
position needs keys and values there, but only those that predict an answer need more. Values and gradients are those of
transformers' modules up to rounding.
"""

from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn import functional


class Layout:
    """Where packed tokens are in a batch of B rows of L positions.

    Args:
        shape: (B, L).
        flat: (N,) index of each packed token in the flattened batch.

    Attributes:
        at: (B * L,) index of the packed token at each place; 0 where there is none.
    """

    def __init__(self, shape: tuple[int, int], flat: Tensor) -> None:
        self.shape, self.flat = shape, flat
        self.at = flat.new_zeros(shape[0] * shape[1])
        self.at[flat] = torch.arange(len(flat), device=flat.device)
        self.row, self.position = flat.div(shape[1], rounding_mode="floor"), flat % shape[1]

    def padded(self, packed: Tensor) -> Tensor:
        """Return (N, heads, D) as (B, heads, L, D), with any values where there is no token."""
        heads, width = packed.shape[1:]
        rows, length = self.shape
        each = torch.arange(heads, device=packed.device)
        source = self.at.view(rows, 1, length) * heads + each[:, None]
        out = Gather.apply(packed.flatten(0, 1), source.flatten(), self._places(heads))
        return out.view(rows, heads, length, width)

    def packed(self, padded: Tensor) -> Tensor:
        """Return (B, heads, L, D) as (N, heads * D)."""
        heads, width = padded.shape[1], padded.shape[3]
        return Take.apply(padded.reshape(-1, width), self._places(heads)).view(-1, heads * width)

    def _places(self, heads: int) -> Tensor:
        """The index of each packed token and head in a padded, flattened (B, heads, L)."""
        each = torch.arange(heads, device=self.flat.device)
        return ((self.row[:, None] * heads + each) * self.shape[1] + self.position[:, None]).flatten()


def packed_logits(
    base: Any, *, input_ids: Tensor, attention_mask: Tensor, keep: Tensor, pixel_values: Tensor | None = None
) -> Tensor:
    """Return the logits (N, vocabulary) at the N positions of (B, L) `keep`, row by row.

    Raises:
        ValueError: the pictures have another number of features than there are places for them.
    """
    llama = base.model.language_model
    visible = attention_mask.bool()
    is_picture = input_ids == base.config.image_token_id
    flat = ((visible | keep) & ~is_picture).flatten().nonzero().squeeze(1)
    words, of = distinct(input_ids.flatten()[flat])
    states = functional.embedding(words, llama.embed_tokens.weight, llama.padding_idx)
    if pixel_values is not None:
        pictures = is_picture.flatten().nonzero().squeeze(1)
        features = _features(base, pixel_values).to(states.dtype)
        if len(features) != len(pictures):
            raise ValueError(
                f"the pictures have {len(features)} features, the text has {len(pictures)} places for them"
            )
        states, flat = torch.cat([features, states]), torch.cat([pictures, flat])
        of = torch.cat([torch.arange(len(pictures), device=of.device), of + len(pictures)])
    layout = Layout((len(keep), keep.shape[1]), flat)
    cos, sin = llama.rotary_emb(states, torch.arange(keep.shape[1], device=flat.device)[None])
    rotary = cos[0, layout.position, None], sin[0, layout.position, None]
    kept = layout.at[keep.flatten().nonzero().squeeze(1)]
    every = torch.arange(len(flat), device=flat.device)
    for layer in llama.layers[:-1]:
        states = _layer(layer, states, of, layout, visible, rotary)
        of = every
    return base.lm_head(_norm(llama.norm, _layer(llama.layers[-1], states, of, layout, visible, rotary, kept)))


def distinct(ids: Tensor) -> tuple[Tensor, Tensor]:
    """Return the distinct ids, and for each id its index there: equal tokens enter the first layer with one state."""
    words, of = ids.unique(return_inverse=True)
    return words, of


def _features(base: Any, pixel_values: Tensor) -> Tensor:
    """The projected features of pictures, one after the other: (features, D)."""
    layer = base.config.vision_feature_layer
    states = base.model.vision_tower(pixel_values, return_dict=True, output_hidden_states=layer).hidden_states[layer]
    if base.config.vision_feature_select_strategy == "default":
        states = states[:, 1:]
    return base.model.multi_modal_projector(states).flatten(0, 1)


def _layer(
    layer: Any,
    states: Tensor,
    of: Tensor,
    layout: Layout,
    visible: Tensor,
    rotary: tuple[Tensor, Tensor],
    kept: Tensor | None = None,
) -> Tensor:
    """The states after a layer, of all packed tokens or of those in `kept`; before it, token n has state `of[n]`."""
    attention = layer.self_attn
    normed = _norm(layer.input_layernorm, states)

    def heads(projection: nn.Module, values: Tensor) -> Tensor:
        return projection(values).unflatten(-1, (-1, attention.head_dim))

    keys = layout.padded(Rotary.apply(heads(attention.k_proj, normed).index_select(0, of), *rotary))
    values = layout.padded(heads(attention.v_proj, normed).index_select(0, of))
    position, asking = layout.position.view(-1, 1), layout
    if kept is not None:
        position, rotary, of = position[kept], (rotary[0][kept], rotary[1][kept]), of[kept]
        asking = _side_by_side(layout.row[kept], len(visible))
    states = states.index_select(0, of)
    normed = _norm(layer.input_layernorm, states)
    queries = asking.padded(Rotary.apply(heads(attention.q_proj, normed), *rotary))
    seen = torch.arange(visible.shape[1], device=position.device) <= position[asking.at].view(*asking.shape, 1)
    mask = (seen & visible[:, None])[:, None]
    attend = functional.scaled_dot_product_attention if kept is None else _attention
    mixed = attend(queries, keys, values, attn_mask=mask, scale=attention.scaling, enable_gqa=True)
    states = states + attention.o_proj(asking.packed(mixed))
    return states + layer.mlp(_norm(layer.post_attention_layernorm, states))


def _side_by_side(row: Tensor, rows: int) -> Layout:
    """The layout of the tokens of each row, in order, without gaps."""
    counts = row.bincount(minlength=rows)
    before = counts.cumsum(0) - counts
    most = int(counts.max())
    return Layout((rows, most), row * most + torch.arange(len(row), device=row.device) - before[row])


def _attention(
    queries: Tensor, keys: Tensor, values: Tensor, *, attn_mask: Tensor, scale: float, enable_gqa: bool
) -> Tensor:
    """Attention of few queries: by matrix products twice as fast on a CPU as torch's, whose blocks are large."""
    rows, heads, length, width = queries.shape
    group = heads // keys.shape[1]
    bias = torch.zeros(attn_mask.shape, device=keys.device).masked_fill_(~attn_mask, torch.finfo(torch.float32).min)
    asked = (queries * scale).view(rows, -1, group * length, width)
    mixed = (asked @ keys.transpose(2, 3) + bias.repeat(1, 1, group, 1)).softmax(-1) @ values
    return mixed.view(queries.shape)


def _norm(norm: Any, states: Tensor) -> Tensor:
    return RMSNorm.apply(states, norm.weight, norm.variance_epsilon)


class Take(torch.autograd.Function):
    """Some rows of a matrix, each at most once."""

    @staticmethod
    def forward(ctx: Any, matrix: Tensor, index: Tensor) -> Tensor:
        """Return the rows at these indices."""
        ctx.save_for_backward(index)
        ctx.shape = matrix.shape
        return matrix.index_select(0, index)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        """Return the gradient of the matrix."""
        (index,) = ctx.saved_tensors
        return gradient.new_zeros(ctx.shape).index_copy_(0, index, gradient), None


class Gather(torch.autograd.Function):
    """Rows of a matrix at places of a larger one; other places have any values and no gradient."""

    @staticmethod
    def forward(ctx: Any, matrix: Tensor, source: Tensor, places: Tensor) -> Tensor:
        """Return the larger matrix: `source` are its rows in the smaller one, `places` the rows there in it."""
        ctx.save_for_backward(places)
        return matrix.index_select(0, source)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None]:
        """Return the gradient of the smaller matrix."""
        return gradient.index_select(0, *ctx.saved_tensors), None, None


class RMSNorm(torch.autograd.Function):
    """Root-mean-square norm times a weight: half the time of the same by automatic differentiation."""

    @staticmethod
    def forward(ctx: Any, states: Tensor, weight: Tensor, epsilon: float) -> Tensor:
        """Return the normalized states (N, D) times the weight (D,)."""
        scale = states.pow(2).mean(-1, keepdim=True).add_(epsilon).rsqrt_()
        normed = states * scale
        ctx.save_for_backward(normed, scale, weight)
        return normed * weight

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, Tensor, None]:
        """Return the gradients of the states and the weight."""
        normed, scale, weight = ctx.saved_tensors
        product = gradient * normed
        along = (product @ weight / -len(weight))[:, None]
        return torch.addcmul(gradient * weight, normed, along).mul_(scale), product.sum(0), None


class Rotary(torch.autograd.Function):
    """Rotary position embeddings."""

    @staticmethod
    def forward(ctx: Any, states: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
        """Return (N, heads, D) states rotated by angles with these (N, 1, D) cosines and sines."""
        ctx.save_for_backward(cos, sin)
        return _rotated(states, cos, sin, 1)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None]:
        """Return the gradient rotated back."""
        cos, sin = ctx.saved_tensors
        return _rotated(gradient, cos, sin, -1), None, None


def _rotated(states: Tensor, cos: Tensor, sin: Tensor, sign: int) -> Tensor:
    half = states.shape[-1] // 2
    out = states * cos
    out[..., :half].addcmul_(states[..., half:], sin[..., :half], value=-sign)
    out[..., half:].addcmul_(states[..., :half], sin[..., half:], value=sign)
    return out
