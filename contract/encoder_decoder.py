"""Encoder-decoders: the prompt goes to the encoder, the answer to the decoder, one token after the other."""

import inspect
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from lethebench.contract.errors import UserError

CHOICE = "choose a model such as LLaVA, Qwen2.5-VL or Florence-2"


def is_encoder_decoder(base: Any) -> bool:
    """Return whether a model, without its PEFT wrapper, is an encoder-decoder."""
    config = getattr(base, "config", None)
    if config is None:
        return False
    parts = (config, config.get_text_config(), getattr(config, "text_config", config))
    return any(getattr(part, "is_encoder_decoder", False) for part in parts)


def check_encoder_decoder(base: Any) -> None:
    """Raise UserError if the encoder of an encoder-decoder reads no question, or needs more than a row has."""
    name, parameters = type(base).__name__, inspect.signature(type(base).forward).parameters
    if "bbox" in parameters:
        raise UserError(f"{name} needs the boxes of a picture's words (OCR), which rows do not have: {CHOICE}")
    if "qformer_config" in base.config.to_dict():
        raise UserError(
            f"{name} has an encoder-decoder as its language model: choose a model of its kind with a decoder, as "
            "BLIP-2 with OPT and InstructBLIP with Vicuna have"
        )
    if getattr(base, "main_input_name", "input_ids") != "input_ids":
        raise UserError(f"{name} is an encoder-decoder whose encoder reads a picture, but no question: {CHOICE}")


def decoder_prompt(base: Any) -> tuple[int, ...]:
    """Return the tokens that the decoder reads before an answer: its start token and one that generation forces.

    Decoders that start with the end token (BART's) get the token that begins texts next, as they are trained.
    """
    generation, config = base.generation_config, base.config.get_text_config(decoder=True)
    sources = [(generation, "decoder_start_token_id"), (config, "decoder_start_token_id")]
    sources += [(generation, "bos_token_id"), (config, "bos_token_id")]
    values = [value for source, name in sources if isinstance(value := getattr(source, name, None), int)]
    if not values:
        raise UserError(
            f"{type(base).__name__} names no token that its decoder starts with: add decoder_start_token_id to "
            "generation_config.json"
        )
    start, forced = values[0], getattr(generation, "forced_bos_token_id", None)
    if forced is None and start == getattr(config, "eos_token_id", None):
        forced = getattr(config, "bos_token_id", None)
    return (start,) if forced in (None, start) else (start, forced)


def split_inputs(base: Any, inputs: Mapping[str, Any], keep: Tensor) -> dict[str, Any]:
    """Return the inputs of encoder and decoder for sequences of a prompt and its answer.

    Args:
        base: the model.
        inputs: model inputs with (B, L) `input_ids` and `attention_mask`, padded on the right.
        keep: (B, L), True at the positions that predict an answer's tokens: the prompt's last one and those after it.
    """
    ids, shape = inputs["input_ids"], inputs["input_ids"].shape
    lengths, counts = keep.int().argmax(1) + 1, keep.sum(1)
    positions = torch.arange(int(lengths.max()), device=ids.device)
    in_prompt = positions < lengths[:, None]
    names = inspect.signature(type(base).forward).parameters
    result = {name: value for name, value in inputs.items() if value.shape != shape}
    for name in ("input_ids", "attention_mask", *inputs):
        if name not in result and name in names:
            result[name] = inputs[name][:, : len(positions)] * in_prompt
    more = torch.arange(int(counts.max()) - 1, device=ids.device)
    answers = ids.gather(1, (lengths[:, None] + more).clamp(max=shape[1] - 1)) * (more < counts[:, None] - 1)
    prompt = ids.new_tensor(decoder_prompt(base)).expand(len(ids), -1)
    return result | {"decoder_input_ids": torch.cat([prompt, answers], dim=1)}


def decoder_positions(keep: Tensor, width: int) -> Tensor:
    """Return (B, `width`), True at the decoder's positions that predict the answers' tokens of `keep`, (B, L)."""
    counts = keep.sum(1, keepdim=True)
    positions = torch.arange(width, device=keep.device) - (width - int(counts.max()))
    return (positions >= 0) & (positions < counts)
