"""One LoRA adapter per request: kept beside those of earlier requests, or merged into the weights after the stage."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import nn

from lethebench.baselines.checkpoints.adapters import ADAPTER_FILE
from lethebench.baselines.checkpoints.files import read_json, read_tensors
from lethebench.baselines.loading import Loaded, load_model, save_model
from lethebench.baselines.trainer.weights import merged
from lethebench.contract.processes import is_main_process
from lethebench.errors import UserError
from lethebench.runs.placed import load_placed
from lethebench.runs.world import world

ADAPTER_WEIGHTS = "adapter_model.safetensors"


def without_adapter(folder: Path, options: Mapping[str, Any]) -> nn.Module:
    """Return the model of a stage with its adapters merged into its weights, so that a method trains a new one."""
    model = load_model(folder, **options).model
    return merged(model, model.dtype)


def save_stage(loaded: Loaded, folder: Path, choice: str, before: Path, options: Mapping[str, Any]) -> Loaded:
    """Write a stage's model, in the main process, and return the one to score.

    Args:
        loaded: The trained model.
        folder: Where to write it.
        choice: `shared`, `request` or `merged`, as of `lethe run --adapter`.
        before: The folder of the stage that it was trained from.
        options: Of `load_model`.
    """
    if choice == "merged":
        loaded = Loaded(merged(loaded.model, loaded.model.dtype), loaded.processor)
    if is_main_process():
        save_model(loaded.model, loaded.processor, folder)
    if choice != "request":
        return loaded
    world().main(lambda: join_adapters(before, folder))
    return load_placed(folder, **options)


def join_adapters(earlier: Path, folder: Path) -> None:
    """Replace the adapter in a folder by one that adds what it and an earlier one add; the rank is the sum of theirs.

    Raises:
        UserError: The earlier model has no adapter, or the adapters are on other layers or of another kind.
    """
    if not (earlier / ADAPTER_WEIGHTS).is_file():
        raise UserError(f"{earlier} has no adapter to keep beside the new one; pass --adapter merged")
    configs = [read_json(part / ADAPTER_FILE) for part in (earlier, folder)]
    tensors = [read_tensors(part / ADAPTER_WEIGHTS) for part in (earlier, folder)]
    if tensors[0].keys() != tensors[1].keys() or any(_plain(config) is None for config in configs):
        raise UserError(f"{earlier}: its adapter is on other layers or of another kind; pass --adapter merged")
    scales = [config["lora_alpha"] / config["r"] for config in configs]
    rank = sum(config["r"] for config in configs)
    joint = {name: _joined(name, [part[name] for part in tensors], scales) for name in tensors[0]}
    save_file(joint, folder / ADAPTER_WEIGHTS, metadata={"format": "pt"})
    config = {**configs[1], "base_model_name_or_path": configs[0]["base_model_name_or_path"], "r": rank}
    text = json.dumps({**config, "lora_alpha": rank}, indent=2, sort_keys=True)
    (folder / ADAPTER_FILE).write_text(text, encoding="utf-8")


def _plain(config: Mapping[str, Any]) -> str | None:
    """Return the kind of an adapter whose update is alpha / r times the product of two matrices, else None."""
    changed = ("use_rslora", "use_dora", "rank_pattern", "alpha_pattern", "modules_to_save")
    return None if any(config.get(name) for name in changed) else config.get("peft_type")


def _joined(name: str, parts: list[torch.Tensor], scales: list[float]) -> torch.Tensor:
    if ".lora_A." in name:
        return torch.cat(parts).contiguous()
    return torch.cat([scale * part for scale, part in zip(scales, parts, strict=True)], dim=1).contiguous()
