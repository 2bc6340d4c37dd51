"""Models whose weights all come from their files, and whose files hold nothing else."""

import re
from collections.abc import Mapping
from typing import Any

import transformers
from torch import nn

from lethebench.baselines.checkpoints.files import check_finite, count, names
from lethebench.contract.errors import UserError, one_line

WRAPPERS = {
    "_orig_mod.": "torch.compile",
    "module.": "DistributedDataParallel",
    "_fsdp_wrapped_module.": "FSDP",
    "_checkpoint_wrapped_module.": "activation checkpointing",
}
"""Prefix of a weight's name -> the wrapper that leaves it when its wrapped model is saved."""


def load_weights(model_class: Any, path: str, **options: Any) -> Any:
    """Return `model_class.from_pretrained(path)`, in eval mode, on safetensors alone and without code of the model.

    Args:
        model_class: an auto class, or a class of transformers.
        path: folder or Hub id.
        options: for `from_pretrained`.

    Raises:
        UserError: weights of the model are not in its files, have another shape there or are not finite, or the files
            hold others. Keys that the architecture ties or declares to be ignorable are fine.
    """
    safe = {"use_safetensors": True, "trust_remote_code": False}
    # Mismatched shapes come back in the report, which names them; transformers' own error does not.
    report = {"output_loading_info": True, "ignore_mismatched_sizes": True}
    model, info = model_class.from_pretrained(path, **options, **safe, **report)
    if problem := _problem(type(model).__name__, info):
        raise UserError(f"{path}: {problem}")
    _align(model)
    # A tied weight is one parameter here; integers of quantized weights are finite anyway.
    check_finite({name: value.detach() for name, value in model.named_parameters()}, path)
    check_finite(dict(model.named_buffers()), path)
    return model


def _problem(architecture: str, info: Mapping[str, Any]) -> str | None:
    """Return what is wrong with a load, and what to do; None if every weight came from the files."""
    missing, unexpected = sorted(info["missing_keys"]), sorted(info["unexpected_keys"])
    if wrapped := wrapper_of(unexpected):
        return wrapped
    if mismatched := sorted(info["mismatched_keys"]):
        name, in_file, in_model = mismatched[0]
        return (
            f"{count([key for key, *_ in mismatched], 'weight')} with other shapes than {architecture} has by "
            f"config.json ({name}: {list(in_file)} in the file, {list(in_model)} by the config); use the config.json "
            "that belongs to these weights"
        )
    if missing:
        also = f", and {count(unexpected, 'other')} ({names(unexpected)}) have no place" if unexpected else ""
        return (
            f"{count(missing, 'weight')} of {architecture} not in the files ({names(missing)}){also}; transformers "
            "would draw random ones: download the model again, or save it again with save_pretrained"
        )
    if unexpected:
        return (
            f"{count(unexpected, 'weight')} in the files with no place in {architecture} ({names(unexpected)}); use "
            "the config.json that belongs to these weights, or save the model again with save_pretrained"
        )
    if errors := list(info["error_msgs"]):
        return f"the weights cannot be loaded: {' '.join(str(errors[0]).split())[:200]}; download the model again"
    return None


def wrapper_of(keys: list[str]) -> str | None:
    """Return which wrapper left its prefix in the names of weights, and what to do; None if none did."""
    for prefix, wrapper in WRAPPERS.items():
        wrapped = [key for key in keys if f".{prefix}" in f".{key}"]
        if wrapped:
            return (
                f"{count(wrapped, 'weight')} named with the prefix {prefix!r} of {wrapper} ({names(wrapped, 1)}); "
                "save the model without its wrapper, e.g. accelerator.unwrap_model(model).save_pretrained, or rename"
            )
    return None


def _align(model: nn.Module) -> None:
    """Move weights out of the mapped file, where their alignment, on which the rounding of kernels depends, varies.

    A model that was trained and saved then gives the same numbers, bit for bit, when it is loaded again.
    """
    for parameter in model.parameters():
        if parameter.device.type == "cpu":
            parameter.data = parameter.data.clone()


def explain(error: Exception) -> str | None:
    """Return what an error of transformers or PEFT means to a user; None where its own text is clear."""
    text = one_line(error, most=10_000)
    if "custom code" in text or "trust_remote_code" in text:
        return "it needs Python code of its own (auto_map), which is never run"
    if match := re.search(r"model type `([^`]*)`", text):
        return f"transformers {transformers.__version__} has no model_type {match[1]!r}"
    if match := re.search(r"Unrecognized configuration class <class '[\w.]*?(\w+)'>", text):
        return f"{match[1]} is the config of another kind of model"
    if match := re.search(r"size mismatch for (\S+): .*?(\[[\d, ]*\]).*?(\[[\d, ]*\])", text):
        return f"{match[1]} has shape {match[2]} in the file and {match[3]} in the model"
    if type(error).__module__ == "builtins" and not isinstance(
        error, OSError | ValueError | RuntimeError | ImportError
    ):
        return f"{type(error).__name__}: {one_line(error)}"
    return None
