"""Which parameters are trained."""

import re
import warnings

from torch import nn

VISION = re.compile(r"vision|visual|image")


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
    """The layers that a `peft.LoraConfig` would put an adapter on.

    Warns where some lie in the vision tower and the pattern does not say so: bare names such as `q_proj` match there
    too.

    Raises:
        ValueError: if it matches no layer.
    """
    from peft.tuners.tuners_utils import check_target_module_exists

    wanted = config.target_modules if isinstance(config.target_modules, str) else sorted(config.target_modules)
    layers = [name for name, module in model.named_modules() if isinstance(module, nn.Linear)]
    found = layers if wanted == "all-linear" else [name for name in layers if check_target_module_exists(config, name)]
    if not found:
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
    """The model itself: an adapter that it has is added to its weights, which are then trained as without one."""
    return model.merge_and_unload().requires_grad_(True) if hasattr(model, "peft_config") else model


def describe(model: nn.Module) -> dict[str, int]:
    """Numbers in the model: `total` and `trained`."""
    sizes = [(parameter.numel(), parameter.requires_grad) for parameter in model.parameters()]
    return {"total": sum(size for size, _ in sizes), "trained": sum(size for size, trained in sizes if trained)}
