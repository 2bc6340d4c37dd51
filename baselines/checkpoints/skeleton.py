"""Whether a config describes the weights beside it, by size and type, before any memory is taken for a model."""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any

import torch

from lethebench.baselines.checkpoints.files import Header, names
from lethebench.contract.errors import UserError

FLOATS = {"F64", "F32", "F16", "BF16"}
MOST = 2.0, 10_000_000
"""Limit on the weights that a config describes: this multiple of those in the files plus this number, since tied
weights are saved once."""
OLD_INTEGERS = {"position_ids"}
"""Last names of integer tensors of older checkpoints that transformers ignores."""


def check_config(config: Any, tensors: Mapping[str, Header], subject: str) -> None:
    """Raise UserError if a config cannot belong to weights; transformers would draw all that are missing at random.

    Args:
        config: of a model that AutoModelForImageTextToText loads.
        tensors: name -> header of the tensors in the files.
        subject: what the message begins with.
    """
    for part in _parts(config):
        layers = getattr(part, "num_hidden_layers", None)
        if isinstance(layers, int) and layers > len(tensors):
            raise UserError(
                f"{subject}: config.json has {layers} layers, and the files {len(tensors)} tensors; use the "
                "config.json that belongs to these weights"
            )
    if getattr(config, "quantization_config", None) is not None:
        return  # packed weights have other sizes and types
    in_files = sum(header.size for header in tensors.values())
    integers = {name for name, header in tensors.items() if header.dtype not in FLOATS}
    model = _skeleton(config)
    if model is None:
        return  # loading says why
    in_model = sum(parameter.numel() for parameter in model.parameters())
    if in_model > MOST[0] * in_files + MOST[1]:
        raise UserError(
            f"{subject}: config.json describes {in_model:,} weights, and the files hold {in_files:,}; use the "
            "config.json that belongs to these weights"
        )
    buffers = {name.rpartition(".")[2] for name, value in model.named_buffers() if not value.is_floating_point()}
    if wrong := sorted(name for name in integers if name.rpartition(".")[2] not in buffers | OLD_INTEGERS):
        raise UserError(
            f"{subject}: {names(wrong)} of type {tensors[wrong[0]].dtype}, and config.json has no quantization_config "
            "to read it by; add that, or use weights that are not quantized"
        )


def weight_shapes(config: Any) -> dict[str, str]:
    """Return the name and the shape of each weight that a config describes; empty if no model can be built from it."""
    model = _skeleton(config)
    return {} if model is None else {name: str(tuple(value.shape)) for name, value in model.named_parameters()}


def _parts(config: Any) -> Iterator[Any]:
    """Yield a config and the configs inside it."""
    yield config
    for part in vars(config).values():
        if hasattr(part, "to_diff_dict"):
            yield from _parts(part)


def _skeleton(config: Any) -> Any:
    """Return the model without memory for its weights, None if it cannot be built; random numbers are left alone."""
    from transformers import AutoModelForImageTextToText

    with suppress(Exception), torch.random.fork_rng(devices=[]), torch.device("meta"):
        return AutoModelForImageTextToText.from_config(config, trust_remote_code=False)
    return None
