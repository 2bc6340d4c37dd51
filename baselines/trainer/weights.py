"""A model's weights: which are trained, in which type, and adapters merged into them."""

import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn

VISION = re.compile(r"vision|visual|image")
# language_model in LLaVA and Qwen, text_model in Idefics; everything else is vision tower or projector.
LANGUAGE = re.compile(r"language_model|text_model|lm_head|\bmodel\.decoder\.")
HALVES = (torch.float16, torch.bfloat16)


def freeze(model: nn.Module, pattern: str) -> int:
    """Freeze every parameter whose name contains a match of the regular expression.

    Args:
        model: any module, PEFT-wrapped or not.
        pattern: e.g. `vision_tower`.

    Returns:
        The count of frozen numbers.

    Raises:
        ValueError: if no parameter's name matches.
    """
    matched = [parameter for name, parameter in model.named_parameters() if re.search(pattern, name)]
    if not matched:
        raise ValueError(f"no parameter of {type(model).__name__} matches {pattern!r}: nothing would be frozen")
    for parameter in matched:
        parameter.requires_grad_(False)
    return sum(parameter.numel() for parameter in matched)


def train_only(model: nn.Module, pattern: str) -> None:
    """Freeze every parameter whose name contains no match of the regular expression; the others stay as they are.

    Raises:
        ValueError: if no trained parameter's name matches.
    """
    trained = {name: value for name, value in model.named_parameters() if value.requires_grad}
    if not any(re.search(pattern, name) for name in trained):
        raise ValueError(f"no trained parameter of {type(model).__name__} matches {pattern!r}")
    for name, value in trained.items():
        value.requires_grad_(bool(re.search(pattern, name)))


@contextmanager
def evaluating(model: nn.Module) -> Iterator[None]:
    """Set evaluation mode without gradients inside, and restore the mode outside."""
    was_training = model.training
    model.eval()
    try:
        with torch.no_grad():
            yield
    finally:
        model.train(was_training)


def check_lora(model: nn.Module, config) -> list[str]:
    """Return the layers that a PEFT config would put an adapter on; none if it does not name them.

    Warns if some are in the vision tower and the pattern does not mention it: bare names such as `q_proj` match there
    too.

    Raises:
        ValueError: if it matches no layer.
    """
    from peft.tuners.tuners_utils import check_target_module_exists

    named = getattr(config, "target_modules", None)
    if not named:
        return []
    wanted = named if isinstance(named, str) else sorted(named)
    layers = [name for name, module in model.named_modules() if isinstance(module, nn.Linear)]
    others = [
        name for name, module in model.named_modules() if next(module.parameters(recurse=False), None) is not None
    ]
    found = layers if wanted == "all-linear" else [name for name in others if check_target_module_exists(config, name)]
    if not (found or getattr(config, "target_parameters", None)):
        raise ValueError(
            f"no layer of {type(model).__name__} matches target_modules={wanted}: nothing would be trained; "
            f"its layers have names such as {layers[-1]!r}"
        )
    seen = [name for name in found if VISION.search(name)]
    if seen and not (isinstance(wanted, str) and VISION.search(wanted)):
        warnings.warn(
            f"target_modules={wanted} also puts LoRA on {len(seen)} of {len(found)} layers in the vision part, such "
            f"as {seen[0]!r}: give a regular expression on the language model, or one that names the vision part",
            stacklevel=3,
        )
    return found


@contextmanager
def same_trained(model: nn.Module) -> Iterator[None]:
    """Restore `requires_grad` on exit: PEFT's `set_adapter` would train everything of the adapter."""
    trained = {name for name, value in model.named_parameters() if value.requires_grad}
    try:
        yield
    finally:
        for name, value in model.named_parameters():
            value.requires_grad_(name in trained)


def merged(model: nn.Module, dtype: torch.dtype = torch.float32) -> nn.Module:
    """Return the model itself, with its adapter, if any, merged into its weights, all of which are then trained.

    Args:
        model: PEFT-wrapped or not.
        dtype: of the merged weights; they are added in float32, where less of the adapter is rounded away.

    Raises:
        ValueError: if the weights are quantized, so that nothing can be added to them.
    """
    if is_quantized_model(model):
        raise ValueError(
            "the model is quantized, so its weights cannot be changed: load it unquantized for this method"
        )
    if not hasattr(model, "peft_config"):
        return model
    peft_model: Any = model.float()
    return peft_model.merge_and_unload().to(dtype).requires_grad_(True)


def is_quantized_model(model: nn.Module) -> bool:
    """Return whether weights are kept in fewer than 16 bits."""
    return getattr(model, "is_quantized", False) or getattr(model, "is_loaded_in_4bit", False)


def train_in_float32(model: nn.Module) -> None:
    """Convert trained weights to float32: an optimizer's steps on 16-bit weights are rounded away, or overflow.

    The base of a LoRA keeps its type, unless parts of it are trained too, which then have to fit the other layers.
    """
    halves = {name: value for name, value in model.named_parameters() if value.requires_grad and value.dtype in HALVES}
    if not all("lora_" in name for name in halves) and not is_quantized_model(model):
        model.float()
    for name, value in halves.items():
        if "lora_" in name:
            value.data = value.data.float()


def describe(model: nn.Module) -> dict[str, int]:
    """Return the counts of numbers in the model: `total` and `trained`."""
    sizes = [(parameter.numel(), parameter.requires_grad) for parameter in model.parameters()]
    return {"total": sum(size for size, _ in sizes), "trained": sum(size for size, trained in sizes if trained)}
