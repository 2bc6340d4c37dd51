"""Checks of a checkpoint folder that read headers and JSON alone, before any weights are loaded."""

import json
import math
from pathlib import Path
from typing import Any, NamedTuple

import torch
from safetensors import safe_open
from safetensors.torch import load_file

from lethebench.contract.errors import UserError, border

WEIGHTS = "model.safetensors"
INDEX = "model.safetensors.index.json"
ADAPTER_WEIGHTS = "adapter_model.safetensors"
GIT_LFS = b"version https://git-lfs"
DOWNLOAD_AGAIN = "copy or download the file again"


class Header(NamedTuple):
    """The type of a tensor in a safetensors file, and how many values it has."""

    dtype: str
    size: int


def check_model_folder(folder: Path) -> dict[str, Header]:
    """Return name -> header of a model's tensors, in whole safetensors files and Hugging Face's layout.

    Raises:
        UserError: files are missing, damaged or of another format.
    """
    if not (folder / "config.json").is_file():
        raise UserError(
            f"{folder} cannot be loaded as a vision-language model: config.json is missing; pass a folder that "
            "save_pretrained wrote"
        )
    read_json(folder / "config.json")
    return {name: header for path in _weight_files(folder) for name, header in _headers(path).items()}


def check_adapter_folder(folder: Path) -> None:
    """Raise UserError unless an adapter folder holds whole weights."""
    read_json(folder / "adapter_config.json")
    if (folder / ADAPTER_WEIGHTS).is_file():
        _headers(folder / ADAPTER_WEIGHTS)
    elif not (folder / "adapter_model.bin").is_file():
        raise UserError(f"{folder}: {ADAPTER_WEIGHTS} is missing; save the adapter again, or copy the file")


def read_json(path: Path) -> dict[str, Any]:
    """Return the content of a JSON file that holds an object, or raise UserError."""
    if not path.is_file():
        raise UserError(f"{path.parent}: {path.name} is missing; pass a folder that save_pretrained wrote")
    _refuse_pointer(path)
    with border(f"{path} is not valid JSON", DOWNLOAD_AGAIN):
        content = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(content, dict):
        raise UserError(f"{path} holds no JSON object; {DOWNLOAD_AGAIN}")
    return content


def read_tensors(path: Path) -> dict[str, torch.Tensor]:
    """Return the tensors of a safetensors file, all finite, or raise UserError."""
    _headers(path)
    with border(f"{path} cannot be read", DOWNLOAD_AGAIN):
        tensors = load_file(path)
    check_finite(tensors, str(path))
    return tensors


def check_finite(tensors: dict[str, torch.Tensor], subject: str) -> None:
    """Raise UserError that names the first tensors with NaN or infinite values."""
    if broken := [name for name, tensor in tensors.items() if not _is_finite(tensor)]:
        raise UserError(
            f"{subject}: {count(broken, 'tensor')} with NaN or infinite values ({names(broken)}); use an earlier "
            "checkpoint, or a dtype with a wider range, such as bfloat16 or float32"
        )


def _is_finite(tensor: torch.Tensor) -> bool:
    """Whether all values are finite. NaN and infinity survive a sum, which costs a tenth of comparing each value."""
    if not tensor.is_floating_point() or tensor.is_meta:
        return True
    if tensor.element_size() == 1:
        tensor = tensor.float()
    dtype = torch.float32 if tensor.element_size() < 4 else tensor.dtype
    return bool(tensor.sum(dtype=dtype).isfinite()) or bool(tensor.isfinite().all())


def names(keys: list[str], most: int = 3) -> str:
    """Return the first names of a list."""
    return ", ".join(keys[:most]) + (", ..." if len(keys) > most else "")


def count(keys: list[str], noun: str) -> str:
    """Return the number of names with its noun: 1 tensor, 2 tensors."""
    return f"{len(keys)} {noun}{'' if len(keys) == 1 else 's'}"


def _weight_files(folder: Path) -> list[Path]:
    """Return the safetensors files that transformers reads from a model folder."""
    if (folder / WEIGHTS).is_file():
        return [folder / WEIGHTS]
    if not (folder / INDEX).is_file():
        raise UserError(f"{folder}: {_no_weights(folder)}")
    shards = read_json(folder / INDEX).get("weight_map")
    if not isinstance(shards, dict) or not shards or not all(isinstance(name, str) for name in shards.values()):
        raise UserError(f"{folder / INDEX}: weight_map is missing or malformed; {DOWNLOAD_AGAIN}")
    file_names = sorted(set(shards.values()))
    if outside := [name for name in file_names if Path(name).name != name]:
        raise UserError(f"{folder / INDEX} names a file outside its folder ({outside[0]}); {DOWNLOAD_AGAIN}")
    if missing := [name for name in file_names if not (folder / name).is_file()]:
        raise UserError(
            f"{folder}: {len(missing)} of {len(file_names)} weight files are missing ({names(missing)}); "
            "copy or download them"
        )
    return [folder / name for name in file_names]


def _no_weights(folder: Path) -> str:
    """Return why a folder without the files that transformers reads has no weights, and what to do."""
    if any(folder.glob("*.bin")) or any(folder.glob("*.pt")) or any(folder.glob("*.pth")):
        return (
            "its weights are pickled (.bin, .pt), which can run code and are not read; convert them with "
            "AutoModelForImageTextToText.from_pretrained(FOLDER, use_safetensors=False).save_pretrained(FOLDER)"
        )
    if any(folder.glob("*.gguf")):
        return "its weights are in GGUF; pass the folder of the original model in safetensors"
    if others := sorted(path.name for path in folder.glob("*.safetensors")):
        return f"{WEIGHTS} and {INDEX} are missing beside {names(others)}; copy the index, or rename a single file"
    return f"{WEIGHTS} is missing; pass a folder that save_pretrained wrote"


def _headers(path: Path) -> dict[str, Header]:
    """Return name -> header of the tensors in a safetensors file; raise UserError if the file is not whole."""
    _refuse_pointer(path)
    with border(f"{path} is damaged or incomplete", DOWNLOAD_AGAIN), safe_open(path, framework="pt") as file:
        slices = {name: file.get_slice(name) for name in file.keys()}  # noqa: SIM118
        return {name: Header(part.get_dtype(), math.prod(part.get_shape())) for name, part in slices.items()}


def _refuse_pointer(path: Path) -> None:
    with border(f"{path} cannot be read", DOWNLOAD_AGAIN), path.open("rb") as file:
        start = file.read(len(GIT_LFS))
    if start == GIT_LFS:
        raise UserError(f"{path} is a Git LFS pointer in place of the file; run `git lfs pull` in its repository")
