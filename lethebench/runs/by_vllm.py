"""Texts of a model from vLLM (`--generate-with vllm`), while our own model waits in the memory of the processor."""

import gc
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch

from lethebench.baselines.checkpoints.adapters import find_adapter, split_revision
from lethebench.baselines.loading import Loaded, load_model, save_model
from lethebench.baselines.presets import Preset
from lethebench.baselines.registry import method_entry
from lethebench.baselines.trainer.weights import is_quantized_model, merged
from lethebench.contract.processes import num_processes
from lethebench.contract.strict_yaml import parse_strict
from lethebench.errors import UserError
from lethebench.evaluation.answers.greedy import default_length, end_tokens
from lethebench.evaluation.answers.vllm_engine import Texts, check_installed, generate_texts
from lethebench.runs.options import RunOptions

ENGINE = "vllm"
OPTION = "--generate-with"
HUB = ("revision", "local_files_only")


def engine_arguments(text: str) -> dict[str, Any]:
    """Return the arguments of `vllm.LLM` in `vllm:NAME=VALUE,...`; none in `vllm`.

    Raises:
        UserError: It is neither, or vLLM is not installed.
    """
    name, _, pairs = text.partition(":")
    words = [word.partition("=") for word in pairs.split(",") if word.strip()]
    if name != ENGINE or not all(key.strip().isidentifier() and value for key, _, value in words):
        raise UserError(f"{OPTION} {text}: pass vllm, or vllm:NAME=VALUE,... with arguments of vllm.LLM")
    check_installed(f"{OPTION} {text}")
    return {key.strip(): parse_strict(value.strip(), f"{OPTION} {text}") for key, _, value in words}


def check_run(options: RunOptions, preset: Preset) -> None:
    """Raise UserError if vLLM cannot generate the answers of a run: it is not installed, or would load other models."""
    option = f"{OPTION} {options.generate_with}"
    engine_arguments(options.generate_with or "")
    if num_processes() > 1:
        raise UserError(f"{option}: vLLM is started by one process, and {num_processes()} were launched: start one")
    if quantized := [name for name in ("four_bit", "eight_bit") if preset.model.get(name)]:
        raise UserError(f"{option}: vLLM would not load the model with model.{quantized[0]}; leave out one of the two")
    for name in options.methods if not options.checkpoints else ():
        if getattr(method_entry(name).load(), "adapter_per_task", False):
            raise UserError(f"{option}: vLLM does not have the gate of {name}; leave out one of the two")


def vllm_texts(
    loaded: Loaded,
    model: str,
    rows: Sequence[Mapping[str, Any]],
    engine: Mapping[str, Any],
    *,
    adapter: str | None = None,
    options: Mapping[str, Any] | None = None,
    max_new_tokens: int | Sequence[int] | None = None,
    samples: int = 0,
) -> dict[str, Texts]:
    """Return row id -> the texts that vLLM generates with the weights of a loaded model.

    Args:
        loaded: The model that scores; it leaves the accelerator until vLLM has ended.
        model: Its folder or Hub id, also of an adapter.
        rows: The questions.
        engine: From `engine_arguments`.
        adapter: Folder or Hub id of an adapter for the model.
        options: Of `load_model`; those that choose the base model of an adapter matter.
        max_new_tokens: As of `generate_texts`; None = by the length of the rows' answers.
        samples: Answers to sample for each question.

    Raises:
        UserError: The model has no whole weights that vLLM could load, or vLLM fails.
    """
    if loaded.is_routed:
        raise UserError(f"{OPTION}: {model} is a LUMoE, whose gate vLLM does not have; leave it out")
    if is_quantized_model(loaded.model):
        raise UserError(f"{OPTION}: {model} is loaded in 4 or 8 bits, which vLLM would not do; leave it out")
    length = max_new_tokens or default_length(loaded.processor, [row["answer"] for row in rows])
    with tempfile.TemporaryDirectory() as scratch, _off_device(loaded.model):
        hub = {name: value for name, value in (options or {}).items() if name in HUB}
        path, revision = _whole(model, adapter, loaded, hub, Path(scratch))
        arguments = {"dtype": str(loaded.model.dtype).removeprefix("torch."), **revision, **engine}
        return generate_texts(
            path,
            loaded.processor,
            rows,
            end=end_tokens(loaded.model, loaded.processor),
            max_new_tokens=length,
            samples=samples,
            engine=arguments,
        )


def _whole(
    model: str, adapter: str | None, loaded: Loaded, hub: Mapping[str, Any], scratch: Path
) -> tuple[str, dict[str, str]]:
    """Return a folder or Hub id of whole weights, and its revision; adapters are merged into a copy."""
    if adapter is None and find_adapter(model) is None:
        path, revision = split_revision(model)
        return path, {"revision": revision} if revision else {}
    part = load_model(model, adapter, trainable=False, dtype=loaded.model.dtype, **hub)
    save_model(merged(part.model, loaded.model.dtype), part.processor, scratch)
    return str(scratch), {}


@contextmanager
def _off_device(model: Any) -> Iterator[None]:
    """Keep a model in the memory of the processor; one that several devices share stays where it is."""
    device = model.device
    if device.type == "cpu" or getattr(model, "hf_device_map", None):
        yield
        return
    model.to("cpu")
    gc.collect()  # what a trainer leaves behind
    torch.cuda.empty_cache()
    try:
        yield
    finally:
        model.to(device)
