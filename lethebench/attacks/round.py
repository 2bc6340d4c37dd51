"""Round, prune and scale weights: a small change that undoes updates that only hide (no data, no training)."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, cast

import torch
from datasets import Dataset
from torch import nn

from lethebench.attacks.context import Attempt, Context, NotApplicable
from lethebench.baselines.loading import Loaded
from lethebench.baselines.trainer.weights import is_quantized_model, merged

GROUP = 32
"""Weights of a row that share a scale."""
PRUNED = 0.1
KEPT = 0.9
"""Share of the unlearning update that is left."""


class Round:
    """Round weights to 8 and 4 bits, prune 10 % of them, scale the unlearning update by 0.9.

    Rounding is to the nearest level, symmetric, per group of 32 weights of a row, of all matrices. It needs no library,
    so that results of two machines are comparable; `RoundTorchao` and `RoundBitsandbytes` are attacks of their own.

    Source: Zhang et al., "Catastrophic Failure of LLM Unlearning via Quantization", arXiv 2410.16454; under adapters:
    arXiv 2605.02196.
    """

    def run(self, loaded: Loaded, rows: Dataset, context: Context) -> Iterator[Attempt]:
        """Yield the scores of the rows after each change of the weights."""
        if is_quantized_model(_module(loaded)):
            raise NotApplicable("its weights are quantized already")
        changes: dict[str, Callable[[Loaded], Loaded]] = {
            "8 bits": lambda model: _each_matrix(model, lambda weights: round_to_nearest(weights, 8)),
            "4 bits": lambda model: _each_matrix(model, lambda weights: round_to_nearest(weights, 4)),
            "10 % pruned": lambda model: _each_matrix(model, lambda weights: prune(weights, PRUNED)),
            "update x 0.9": lambda model: _scaled_update(model, context),
        }
        for number, (name, change) in enumerate(changes.items()):
            changed = change(loaded if number == 0 else context.reload())
            yield Attempt(name, context.score(changed, rows, "none"))


class RoundTorchao:
    """Round the weights of linear layers to 8 and 4 bits as torchao's `IntxWeightOnlyConfig` does.

    Symmetric, per group of 32 weights of a row, or per row where 32 does not divide it.
    """

    def run(self, loaded: Loaded, rows: Dataset, context: Context) -> Iterator[Attempt]:
        """Yield the scores of the rows after each rounding."""
        yield from _rounded(loaded, rows, context, by_torchao)


class RoundBitsandbytes:
    """Round the weights of linear layers as bitsandbytes does: 8 bits per row (LLM.int8), 4 bits per 64 weights (NF4).

    Activations keep their precision.
    """

    def run(self, loaded: Loaded, rows: Dataset, context: Context) -> Iterator[Attempt]:
        """Yield the scores of the rows after each rounding."""
        yield from _rounded(loaded, rows, context, by_bitsandbytes)


def _rounded(loaded: Loaded, rows: Dataset, context: Context, change: Callable[..., torch.Tensor]) -> Iterator[Attempt]:
    if is_quantized_model(_module(loaded)):
        raise NotApplicable("its weights are quantized already")
    for bits in (8, 4):
        changed = _each_matrix(loaded if bits == 8 else context.reload(), partial(change, bits=bits), linear=True)
        yield Attempt(f"{bits} bits", context.score(changed, rows, "none"))


def by_torchao(weights: torch.Tensor, bits: int) -> torch.Tensor:
    """Return the weights of a linear layer as torchao rounds them."""
    from torchao.quantization import IntxWeightOnlyConfig, PerAxis, PerGroup, quantize_

    granularity = PerAxis(0) if weights.shape[1] % GROUP else PerGroup(GROUP)
    rows, columns = weights.shape
    layer = nn.Linear(columns, rows, bias=False, device="meta")
    layer.weight = nn.Parameter(weights.detach().clone())
    quantize_(layer, IntxWeightOnlyConfig(weight_dtype=getattr(torch, f"int{bits}"), granularity=granularity))
    return cast(Any, layer.weight).dequantize()


def by_bitsandbytes(weights: torch.Tensor, bits: int) -> torch.Tensor:
    """Return the weights of a linear layer as bitsandbytes rounds them."""
    from bitsandbytes import functional

    if bits == 4:
        flat = weights.reshape(1, -1)  # on the CPU, groups that reach over the end of a row get wrong scales
        return functional.dequantize_4bit(*functional.quantize_4bit(flat, blocksize=64, quant_type="nf4")).view_as(
            weights
        )
    rounded, largest, _ = functional.int8_vectorwise_quant(weights.half())
    return (rounded.float() * largest[:, None] / 127).to(weights.dtype)


def round_to_nearest(weights: torch.Tensor, bits: int, group: int = GROUP) -> torch.Tensor:
    """Return weights, shape (rows, columns), rounded to 2^bits - 1 levels around 0, each group of a row by its maximum.

    >>> round_to_nearest(torch.tensor([[7.0, 3.4, -7.0, 0.2]]), 4)
    tensor([[ 7.,  3., -7.,  0.]])
    """
    levels = 2 ** (bits - 1) - 1
    padding = -weights.shape[1] % group
    groups = nn.functional.pad(weights.float(), (0, padding)).unflatten(1, (-1, group))
    step = groups.abs().amax(dim=2, keepdim=True).clamp(min=1e-12) / levels
    rounded = (groups / step).round() * step
    return rounded.flatten(1)[:, : weights.shape[1]].to(weights.dtype)


def prune(weights: torch.Tensor, share: float) -> torch.Tensor:
    """Return weights with this share of them, the smallest by size, set to 0.

    >>> prune(torch.tensor([[1.0, -0.5], [3.0, 2.0]]), 0.25)
    tensor([[1., 0.],
            [3., 2.]])
    """
    count = int(share * weights.numel())
    if not count:
        return weights
    smallest = weights.float().abs().flatten().topk(count, largest=False).indices
    pruned = weights.flatten().clone()
    pruned[smallest] = 0
    return pruned.view_as(weights)


def _module(loaded: Loaded) -> nn.Module:
    return loaded.model.model if loaded.is_routed else loaded.model


def _each_matrix(loaded: Loaded, change: Callable[[torch.Tensor], torch.Tensor], *, linear: bool = False) -> Loaded:
    """Change every matrix of a model in place; an adapter is merged first, those of a gate are changed themselves.

    Args:
        loaded: The model.
        change: From a matrix to the new one.
        linear: Whether to change the matrices of linear layers alone.
    """
    if not loaded.is_routed:
        loaded = Loaded(merged(loaded.model, loaded.model.dtype), loaded.processor)
    with torch.no_grad():
        module = _module(loaded)
        layers = (layer.weight for layer in module.modules() if isinstance(layer, nn.Linear))
        for weights in dict.fromkeys(layers if linear else module.parameters()):
            if weights.ndim == 2:
                weights.copy_(change(weights))
    return loaded


def _scaled_update(loaded: Loaded, context: Context) -> Loaded:
    """Scale what unlearning added: to the initial weights, or of the adapters behind a gate."""
    with torch.no_grad():
        if loaded.is_routed:
            for name, weights in loaded.model.model.named_parameters():
                if "lora_B" in name:
                    weights.mul_(KEPT)
            return loaded
        model = merged(loaded.model, loaded.model.dtype)
        before = context.initial().model
        initial = dict(merged(before, before.dtype).named_parameters())
        for name, weights in model.named_parameters():
            if name in initial and initial[name].shape == weights.shape:
                weights.copy_(initial[name] + KEPT * (weights - initial[name]))
    return Loaded(model, loaded.processor)
