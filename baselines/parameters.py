"""Which parameters are trained."""

import re
import warnings

import torch
from torch import nn

VISION = re.compile(r"vision|visual|image")
HALVES = (torch.float16, torch.bfloat16)


def freeze(model: nn.Module, pattern: str) -> int:
    """Stops training every parameter whose name holds a match of the regular expression.

    Args:
        model: any module, PEFT-wrapped or not.
        pattern: e.g. `vision_tower`.

    Returns:
        How many numbers were frozen.

    Raises:
        ValueError: if no parameter's name matches: the pattern is then a mistake.
    """
    matched = [parameter for name, parameter in model.named_parameters() if re.search(pattern, name)]
    if not matched:
        raise ValueError(f"no parameter of {type(model).__name__} matches {pattern!r}: nothing would be frozen")
    for parameter in matched:
        parameter.requires_grad_(False)
    return sum(parameter.numel() for parameter in matched)


def check_lora(model: nn.Module, config) -> list[str]:
    """The layers that a PEFT config would put an adapter on; none where it does not name them.

    Warns where some lie in the vision tower and the pattern does not say so: bare names such as `q_proj` match there
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


def merged(model: nn.Module) -> nn.Module:
    """The model itself: an adapter that it has is added to its weights, which are then trained as without one.

    The weights become float32 first: in 16 bits part of what the adapter learnt would be rounded away.

    Raises:
        ValueError: if the weights are quantised, so that nothing can be added to them.
    """
    if getattr(model, "is_quantized", False) or getattr(model, "is_loaded_in_4bit", False):
        raise ValueError("the model is quantised, so its weights cannot be changed: load it whole for this method")
    return model.float().merge_and_unload().requires_grad_(True) if hasattr(model, "peft_config") else model


def train_in_float32(model: nn.Module) -> None:
    """Makes trained weights float32: an optimizer's steps on 16-bit weights are rounded away, or overflow.

    Where an adapter is trained, what it lies on stays as it is.
    """
    halves = [value for value in model.parameters() if value.requires_grad and value.dtype in HALVES]
    if halves and not hasattr(model, "peft_config"):
        model.float()
    for value in halves:
        value.data = value.data.float()


def describe(model: nn.Module) -> dict[str, int]:
    """Numbers in the model: `total` and `trained`."""
    sizes = [(parameter.numel(), parameter.requires_grad) for parameter in model.parameters()]
    return {"total": sum(size for size, _ in sizes), "trained": sum(size for size, trained in sizes if trained)}
