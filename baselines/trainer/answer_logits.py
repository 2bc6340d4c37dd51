"""Logits at the positions that predict an answer, without work that they do not need."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Any

import torch
from torch import Tensor
from transformers import LlavaForConditionalGeneration
from transformers.models.llama.modeling_llama import LlamaDecoderLayer, LlamaModel

from lethebench.baselines.trainer.packed import packed_logits
from lethebench.contract.models import base_of, forward_at, is_as_defined, runs_as_defined
from lethebench.contract.picture_features import cached_picture_features

PACKED_INPUTS = {"input_ids", "attention_mask", "pixel_values"}


def answer_logits(model: Any, inputs: Mapping[str, Any], keep: Tensor, **options: Any) -> tuple[Tensor, Any]:
    """Return what `forward_at` does, without a cache, and without work that does not reach the logits if it can.

    Args:
        model: the model, wrapped or not.
        inputs: model inputs with (B, L) `input_ids`, padded on the right.
        keep: (B, L) boolean, True at the N tokens to return logits for.
        options: further arguments of the model; with any of them the whole model is run.

    Returns:
        The logits (N, V), and the model's outputs, or None for a model that `is_packed`.
    """
    base = base_of(getattr(model, "module", model))
    with cached_picture_features(base):
        if options or not inputs.keys() <= PACKED_INPUTS or not is_packed(model):
            return forward_at(model, inputs, keep, use_cache=False, **options)
        with _forward(base, partial(packed_logits, base, keep=keep)):
            return model(**inputs), None


def is_packed(model: Any) -> bool:
    """Return whether rows with any number of pictures go through the model together, without padding.

    This holds for a LLaVA in float32 on a CPU whose language model is a Llama as transformers defines it, without
    dropout or adapter.
    """
    base = getattr(model, "module", model)
    if type(base) is not LlavaForConditionalGeneration or torch.is_autocast_enabled("cpu"):
        return False
    llava, llama = base.model, base.model.language_model
    layers: Any = llama.layers
    return (
        type(llama) is LlamaModel
        and llama.config._attn_implementation == "sdpa"
        and isinstance(base.config.vision_feature_layer, int)
        and is_as_defined(base)
        and is_as_defined(llava)
        and all(map(runs_as_defined, (llama, llava.multi_modal_projector, base.lm_head)))
        and all(type(layer) is LlamaDecoderLayer and not layer.gradient_checkpointing for layer in layers)
        and not (llama.training and any(layer.self_attn.attention_dropout for layer in layers))
        and all(value.dtype == torch.float32 and value.device.type == "cpu" for value in llama.parameters())
    )


@contextmanager
def _forward(base: Any, forward: Callable[..., Tensor]) -> Iterator[None]:
    """Run this in place of the model's forward, so that wrappers such as DistributedDataParallel do their part."""
    base.forward = forward
    try:
        yield
    finally:
        del base.forward
