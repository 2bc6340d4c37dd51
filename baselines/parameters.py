"""Which parameters are trained."""

import re

from torch import nn


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


def describe(model: nn.Module) -> dict[str, int]:
    """Numbers in the model: `total` and `trained`."""
    sizes = [(parameter.numel(), parameter.requires_grad) for parameter in model.parameters()]
    return {"total": sum(size for size, _ in sizes), "trained": sum(size for size, trained in sizes if trained)}
