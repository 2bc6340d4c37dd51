"""What a model declares about itself, and forward passes that depend on no more than that."""

import inspect
import weakref
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn
from transformers import GenerationMixin

from lethebench.contract.encoder_decoder import (
    check_encoder_decoder,
    decoder_positions,
    is_encoder_decoder,
    split_inputs,
)
from lethebench.contract.errors import UserError

PICTURE_INPUTS = ("pixel_values", "flattened_patches", "image")  # what names of model inputs for pictures begin with
_WHOLE_HEADS: weakref.WeakSet = weakref.WeakSet()  # classes whose logits cannot be limited to a mask
_PARAMETERS: weakref.WeakKeyDictionary = weakref.WeakKeyDictionary()  # class of a model -> parameters of its forward


def base_of(model: Any) -> Any:
    """Return the model without a PEFT wrapper."""
    return model.get_base_model() if hasattr(model, "get_base_model") else model


def placeholder_of(model: Any) -> int | None:
    """Return the token that stands for a picture, from the model's config."""
    config = base_of(model).config
    names = ("image_token_id", "image_token_index")
    return next((value for name in names if (value := getattr(config, name, None)) is not None), None)


def runs_as_defined(module: nn.Module) -> bool:
    """Return whether torch and transformers alone define what a module computes: no adapter, hook or other forward.

    The hooks by which transformers returns hidden states do not count.
    """
    return all(map(is_as_defined, module.modules()))


def is_as_defined(module: nn.Module) -> bool:
    """Return what `runs_as_defined` does, for a module without its parts."""
    return (
        type(module).__module__.startswith(("torch.nn.modules.", "transformers."))
        and "forward" not in vars(module)
        and not (module._forward_pre_hooks or module._backward_pre_hooks or module._backward_hooks)
        and all(hook.__module__.startswith("transformers.") for hook in module._forward_hooks.values())
    )


def needs_pictures(model: Any) -> bool:
    """Return whether pictures are the model's main input (the BLIP and Kosmos families), so that no row lacks one."""
    return getattr(base_of(model), "main_input_name", "input_ids") != "input_ids"


def keeps_pictures_apart(model: Any) -> bool:
    """Return whether pictures have no tokens in the sequence, but are put before it or looked at by cross-attention.

    Such a model takes one picture per row.
    """
    return needs_pictures(model) or placeholder_of(model) is None


def check_num_pictures(model: Any, num_pictures: int, name: str) -> None:
    """Raise UserError, with the row's name, if the model does not read as many pictures in one row."""
    if num_pictures > 1 and keeps_pictures_apart(model):
        raise UserError(
            f"{name} has {num_pictures} pictures, but {type(base_of(model)).__name__} reads one picture per row: "
            "leave out the row or join its pictures"
        )


def language_model_of(model: Any) -> Any:
    """Return the part of a model that generates text from text alone, for text rows of one that needs pictures.

    Raises:
        UserError: there is none.
    """
    base = base_of(model)
    for part in base.children():
        if isinstance(part, GenerationMixin):
            return part
    raise UserError(f"{type(base).__name__} reads no text without a picture: leave out the text rows")


def _head_takes_mask(base: Any) -> bool:
    return type(base) not in _WHOLE_HEADS and "logits_to_keep" in _parameters(base) and placeholder_of(base) is not None


def check_architecture(model: Any) -> None:
    """Raise UserError if this project cannot train or score a model of this kind, whatever its weights."""
    base = base_of(model)
    name = type(base).__name__
    if is_encoder_decoder(base):
        check_encoder_decoder(base)
    if not isinstance(base, GenerationMixin):
        raise UserError(
            f"{name} does not generate text token by token, so that answers have no probability: "
            "choose an autoregressive model such as LLaVA, Idefics3 or Qwen2.5-VL"
        )
    if not any(parameter.startswith(PICTURE_INPUTS) for parameter in _parameters(base)):
        raise UserError(f"{name} takes no pictures: choose a vision-language model such as LLaVA or Qwen2.5-VL")


def check_decoder_only(model: Any, method: str) -> None:
    """Raise UserError if a method needs one stack of layers and the model has two."""
    base = base_of(model)
    if is_encoder_decoder(base):
        raise UserError(
            f"{method} needs the layers of a decoder-only language model, and {type(base).__name__} is an "
            "encoder-decoder: choose another method, such as npo"
        )


def _parameters(base: Any) -> Mapping[str, inspect.Parameter]:
    kind = type(base)
    if kind not in _PARAMETERS:
        _PARAMETERS[kind] = inspect.signature(kind.forward).parameters
    return _PARAMETERS[kind]


def as_declared(model: Any, inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Return model inputs with lists in the place of tensors where the model's forward takes lists (Unlimited-OCR)."""
    parameters = _parameters(base_of(model))
    lists = {name for name in inputs if str(getattr(parameters.get(name), "annotation", "")).startswith("list[")}
    return {name: value.tolist() if name in lists else value for name, value in inputs.items()}


def _has_pictures(inputs: Mapping[str, Any]) -> bool:
    shape = inputs["input_ids"].shape
    return any(name.startswith(PICTURE_INPUTS) and value.shape != shape for name, value in inputs.items())


def forward_at(model: Any, inputs: Mapping[str, Any], keep: Tensor, **options: Any) -> tuple[Tensor, Any]:
    """Run a model and return its logits at some tokens, (N, vocabulary), row by row, and all its outputs.

    The head computes no more than these logits where the model can be told so. A model that needs pictures reads rows
    without one by its language model. The encoder of an encoder-decoder reads the tokens up to the first of `keep`, its
    decoder those after it.

    Args:
        model: the model, wrapped or not.
        inputs: model inputs with (B, L) `input_ids`.
        keep: (B, L) boolean, True at the N tokens.
        options: further arguments of the model.
    """
    base = base_of(getattr(model, "module", model))
    if is_encoder_decoder(base):
        outputs = model(**split_inputs(base, inputs, keep), **options)
        return outputs.logits[decoder_positions(keep, outputs.logits.shape[1])], outputs
    if needs_pictures(base) and not _has_pictures(inputs):
        model = language_model_of(base)
        inputs = {name: inputs[name] for name in ("input_ids", "attention_mask")}
    elif _head_takes_mask(base):
        try:
            outputs = model(**as_declared(base, inputs), logits_to_keep=keep, **options)
        except IndexError:  # Chameleon's forward changes its logits by batch, position and token
            _WHOLE_HEADS.add(type(base))
        else:
            return outputs.logits, outputs
    outputs = model(**as_declared(base, inputs), **options)
    # A model without a placeholder puts its pictures before the tokens.
    return outputs.logits[:, -keep.shape[1] :][keep], outputs


def generation_inputs(model: Any, inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Return the inputs that the model's `generate` takes: it refuses values per token that forward ignores."""
    base = base_of(model)
    names = {*_parameters(base), *inspect.signature(base.prepare_inputs_for_generation).parameters}
    shape = inputs["input_ids"].shape
    taken = {name: value for name, value in inputs.items() if name in names or value.shape != shape}
    return as_declared(model, taken)


def run_forward(model: Any, inputs: Mapping[str, Any]) -> None:
    """Run a model for what its layers compute, with as few logits as it allows; rows without pictures as scored."""
    last = torch.zeros_like(inputs["input_ids"], dtype=torch.bool)
    last[:, -1] = True
    forward_at(model, inputs, last, use_cache=False)


def cast_floating(value: Tensor, dtype: torch.dtype) -> Tensor:
    """Return a tensor of floating point in another type, any other as it is."""
    return value.to(dtype) if value.is_floating_point() else value
