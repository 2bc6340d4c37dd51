"""Properties of a model that do not depend on its architecture, and its inputs for prompts and answers."""

import inspect
import logging
import weakref
from collections.abc import Sequence
from typing import Any

import torch

from lethebench.contract.models import as_declared, base_of, cast_floating
from lethebench.contract.prompts import Prompt
from lethebench.evaluation.likelihood.prefix_sharing import BatchLimit, Context

logger = logging.getLogger(__name__)
_RUN_ALONE: weakref.WeakKeyDictionary = weakref.WeakKeyDictionary()  # model -> result of `run_alone`
LEAST_LOGITS = 64


def device_of(model: Any) -> torch.device:
    """Return the device of the model's first parameter."""
    return next(model.parameters()).device


def dtype_of(model: Any) -> torch.dtype:
    """Return the dtype of the model's first floating-point parameter, which pictures and masks are cast to."""
    return next(parameter.dtype for parameter in model.parameters() if parameter.is_floating_point())


def rounding(model: Any) -> tuple[float, float]:
    """Return by how much sums of log-probabilities may differ by rounding: in nats, and relative to the sum."""
    return {torch.float64: (1e-4, 1e-8), torch.float32: (5e-3, 2e-5)}.get(dtype_of(model), (1.0, 5e-2))


def attention_of(model: Any) -> str | None:
    """Return the attention implementation of the language model."""
    return getattr(base_of(model).config.get_text_config(), "_attn_implementation", None)


def batch_limit(model: Any, batch_size: int | None) -> BatchLimit:
    """Return the batch limit for the model's device: small enough for a CPU's caches, larger elsewhere."""
    cpu = device_of(model).type == "cpu"
    vocabulary = base_of(model).config.get_text_config().vocab_size
    return BatchLimit(
        tokens=BatchLimit.tokens * (1 if cpu else 2),
        logits=max(LEAST_LOGITS, (2**24 if cpu else 2**28) // vocabulary),
        rows=batch_size,
    )


def run_alone(model: Any, prompt: Prompt) -> bool:
    """Return whether rows like this one must not share a batch, since the model numbers its pictures over all of them.

    Transformers gives HunYuan-VL's pictures the positions 0, 1, ... of a batch, so that the second row has other
    log-probabilities than the same row alone. The first answer for a model is logged and remembered.
    """
    base = base_of(model)
    numbering = next((part.get_rope_index for part in base.modules() if hasattr(part, "get_rope_index")), None)
    if numbering is None or not prompt.pictures:
        return False
    if base not in _RUN_ALONE:
        inputs = as_declared(base, model_inputs(model, [Context(prompt, prompt.ids, 0)] * 2, [list(prompt.ids)] * 2))
        parameters = inspect.signature(numbering).parameters
        positions = numbering(**{name: value for name, value in inputs.items() if name in parameters})[0]
        _RUN_ALONE[base] = not torch.equal(positions[..., 0, :], positions[..., 1, :])
        if _RUN_ALONE[base]:
            name = type(base).__name__
            logger.warning("%s numbers the pictures of a batch together: rows with pictures are run one by one", name)
    return _RUN_ALONE[base]


def generated_values(model: Any, names: Sequence[str]) -> dict[str, int]:
    """Return the values of per-token inputs at generated tokens, from the model's own generation (prefix-LMs: 1)."""
    update = getattr(base_of(model), "_update_model_kwargs_for_generation", None)
    if update is None or not names:
        return {}
    inputs = {name: torch.zeros(1, 1, dtype=torch.long) for name in names}
    updated = update({}, dict(inputs), False, 1)
    return {name: int(updated[name][0, -1]) for name in names if updated[name].shape[-1] > 1}


def model_inputs(
    model: Any, contexts: Sequence[Context], token_ids: list[list[int]], *, left: bool = False
) -> dict[str, torch.Tensor]:
    """Return model inputs for full sequences, padded on the right, or left for generation.

    `token_ids[i]` begins with the prompt of `contexts[i]`, which are of one kind.
    """
    device, dtype = device_of(model), dtype_of(model)
    width = max(map(len, token_ids))

    def padded(values: list[int]) -> list[int]:
        padding = [0] * (width - len(values))
        return padding + list(values) if left else list(values) + padding

    inputs = {
        "input_ids": torch.tensor([padded(ids) for ids in token_ids], device=device),
        "attention_mask": torch.tensor([padded([1] * len(ids)) for ids in token_ids], device=device),
    }
    names = list(contexts[0].prompt.per_token)
    answer_values = generated_values(model, names)
    per_token = [
        context.per_token(len(ids) - len(context.ids), answer_values)
        for context, ids in zip(contexts, token_ids, strict=True)
    ]
    for name in names:
        inputs[name] = torch.tensor([padded(values[name]) for values in per_token], device=device)
    starts = [len(context.ids) - context.head for context in contexts]
    masks = [
        context.prompt.masks_of(start, len(ids) - start)
        for context, start, ids in zip(contexts, starts, token_ids, strict=True)
    ]
    for name, first in masks[0].items():
        inputs[name] = first.new_zeros(len(masks), width, *first.shape[1:], device=device)
        for row, mask in enumerate(masks):
            inputs[name][row, width - len(mask[name]) if left else 0 :][: len(mask[name])] = mask[name]
    first_prompt = contexts[0].prompt
    for name in first_prompt.per_row:
        value = torch.cat([context.prompt.per_row[name] for context in contexts], dim=first_prompt.joined.get(name, 0))
        inputs[name] = cast_floating(value.to(device), dtype)
    return inputs
