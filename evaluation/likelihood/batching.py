"""What a model is, without naming architectures, and its inputs for prompts and answers."""

from collections.abc import Sequence
from typing import Any

import torch

from lethebench.evaluation.likelihood.prefix_sharing import BatchLimit, Context

SLICE = 64  # rows of logits that are reduced together


def base_of(model: Any) -> Any:
    """The model itself, without a PEFT wrapper."""
    return model.get_base_model() if hasattr(model, "get_base_model") else model


def device_of(model: Any) -> torch.device:
    """Where inputs go."""
    return next(model.parameters()).device


def dtype_of(model: Any) -> torch.dtype:
    """What pictures and masks are cast to."""
    return next(parameter.dtype for parameter in model.parameters() if parameter.is_floating_point())


def attention_of(model: Any) -> str | None:
    """The attention implementation of the language model."""
    return getattr(base_of(model).config.get_text_config(), "_attn_implementation", None)


def batch_limit(model: Any, batch_size: int | None) -> BatchLimit:
    """Batches for this model's device: small enough for a CPU's caches, larger elsewhere."""
    cpu = device_of(model).type == "cpu"
    vocabulary = base_of(model).config.get_text_config().vocab_size
    return BatchLimit(
        tokens=BatchLimit.tokens * (1 if cpu else 2),
        kept=max(SLICE, (2**24 if cpu else 2**28) // vocabulary),
        rows=batch_size,
    )


def follow_values(model: Any, names: Sequence[str]) -> dict[str, int]:
    """What a generated token gets in per-token inputs: asked of the model's own generation (prefix-LMs answer 1)."""
    update = getattr(base_of(model), "_update_model_kwargs_for_generation", None)
    if update is None or not names:
        return {}
    given = {name: torch.zeros(1, 1, dtype=torch.long) for name in names}
    made = update({}, dict(given), False, 1)
    return {name: int(made[name][0, -1]) for name in names if made[name].shape[-1] > 1}


def model_inputs(model: Any, contexts: Sequence[Context], ids: list[list[int]], *, left: bool = False) -> dict:
    """Model inputs for full sequences, one per context, padded on the right (or left).

    Args:
        model: tells device, dtype and what follows a prompt.
        contexts: of one kind; `ids[i]` begins with the prompt of `contexts[i]`.
        ids: token ids.
        left: pad on the left, for generation.
    """
    device, dtype = device_of(model), dtype_of(model)
    width = max(len(one) for one in ids)

    def padded(value: list[int]) -> list[int]:
        room = [0] * (width - len(value))
        return room + list(value) if left else list(value) + room

    inputs = {
        "input_ids": torch.tensor([padded(one) for one in ids], device=device),
        "attention_mask": torch.tensor([padded([1] * len(one)) for one in ids], device=device),
    }
    names = list(contexts[0].prompt.per_token)
    follow = follow_values(model, names)
    extras = [context.inputs(len(one) - len(context.ids), follow) for context, one in zip(contexts, ids, strict=True)]
    for name in names:
        inputs[name] = torch.tensor([padded(one[name]) for one in extras], device=device)
    for name, first in contexts[0].prompt.per_row.items():
        value = torch.cat([context.prompt.per_row[name] for context in contexts]).to(device)
        inputs[name] = value.to(dtype) if first.is_floating_point() else value
    return inputs
