"""Damage to files: drawn by hypothesis as plain values, so that a failing example can be read and repeated."""

import json
import os
from pathlib import Path
from typing import Any, NamedTuple

import torch
from hypothesis import strategies as st
from safetensors.torch import load_file, save_file

ODD_VALUES = [
    None, True, False, -1, 0, 1, 2, 3, 77, 0.5, -1e9, 1e308, float("nan"), float("inf"), "", "x", "float16", "float99",
    "llama", "../..", "\0", "\ud800", [], [0], ["x"], [[[]]], {}, {"x": 1}, [None],
]  # fmt: skip
REPLACEMENTS = [
    b"",
    b"null",
    b"[]",
    b"{}",
    b"{",
    b"\xff\xfe\0",
    b"version https://git-lfs.github.com/spec/v1\n",
    b" " * 64,
]
TENSOR_CHANGES = [
    "rename",
    "prefix",
    "drop",
    "twice",
    "transpose",
    "grow",
    "half",
    "integers",
    "nan",
    "infinite",
    "add",
]


class Mutation(NamedTuple):
    """What to do to which file; `at` and `value` are read as its kind needs them."""

    kind: str
    file: int
    at: int
    value: Any


def mutations(
    kinds: tuple[str, ...] = ("flip", "cut", "insert", "json", "drop", "key", "remove", "swap", "whole", "tensor"),
):
    """Return a strategy of one to three mutations; most are single, so that few hide behind another."""
    values = {
        "flip": st.integers(1, 255),
        "insert": st.binary(min_size=1, max_size=12),
        "json": st.sampled_from(ODD_VALUES),
        "whole": st.sampled_from(REPLACEMENTS),
        "tensor": st.sampled_from(TENSOR_CHANGES),
        "swap": st.integers(0, 50),
    }
    one = st.sampled_from(kinds).flatmap(
        lambda kind: st.builds(
            Mutation, st.just(kind), st.integers(0, 50), st.integers(0, 10**7), values.get(kind, st.none())
        )
    )
    return st.lists(one, min_size=1, max_size=3).map(lambda drawn: drawn if len(drawn) % 3 == 0 else drawn[:1])


def mutate(folder: Path, mutation: Mutation) -> None:
    """Apply a mutation to the files of a folder; nothing happens where it does not apply."""
    kind, _, at, value = mutation
    suffixes = {"json": (".json",), "drop": (".json",), "key": (".json",), "tensor": (".safetensors",)}.get(kind, ("",))
    files = sorted(path for path in folder.iterdir() if path.is_file() and path.name.endswith(suffixes))
    if not files:
        return
    path = files[mutation.file % len(files)]
    data = path.read_bytes()
    if kind == "remove":
        path.unlink()
    elif kind == "swap":
        other = files[value % len(files)]
        write(path, other.read_bytes())
        write(other, data)
    elif kind in ("json", "drop", "key"):
        change_json(path, kind, at, value)
    elif kind == "tensor":
        change_tensors(path, at, value)
    else:
        position = at % (len(data) + 1)
        changed = {
            "flip": lambda: (
                data[:position] + bytes([byte ^ value for byte in data[position : position + 1]]) + data[position + 1 :]
            ),
            "cut": lambda: data[:position],
            "insert": lambda: data[:position] + value + data[position:],
            "whole": lambda: value,
        }
        write(path, changed[kind]())


def write(path: Path, data: bytes) -> None:
    """Write a new file in place of one that may be a hard link."""
    path.unlink(missing_ok=True)
    path.write_bytes(data)


def value_paths(value: Any, path: tuple = ()) -> list[tuple]:
    """Return the paths of all values inside a JSON value; of long lists and mappings the first twenty."""
    if isinstance(value, dict):
        items = list(value.items())[:60]
    elif isinstance(value, list):
        items = list(enumerate(value))[:20]
    else:
        return []
    return [inner for key, part in items for inner in ((*path, key), *value_paths(part, (*path, key)))]


def change_json(path: Path, kind: str, at: int, value: Any) -> None:
    """Replace, remove or rename one value of a JSON file."""
    try:
        content = json.loads(path.read_bytes())
    except ValueError:
        return
    paths = value_paths(content)
    if not paths:
        return
    *parents, last = paths[at % len(paths)]
    part = content
    for key in parents:
        part = part[key]
    if kind == "json":
        part[last] = value
    else:
        removed = part.pop(last)
        if kind == "key" and isinstance(part, dict):
            part[f"{last}_"] = removed
    write(path, json.dumps(content).encode())


def change_tensors(path: Path, at: int, change: str) -> None:
    """Change one tensor of a safetensors file, or its name."""
    try:
        tensors = load_file(path)
    except Exception:
        return
    names = sorted(tensors)
    if not names:
        return
    name = names[at % len(names)]
    tensor = tensors[name].clone()
    if change in ("nan", "infinite") and tensor.is_floating_point() and tensor.numel():
        tensor.view(-1)[at % tensor.numel()] = float("nan" if change == "nan" else "inf")
    tensors[name] = {
        "transpose": lambda: tensor.t() if tensor.dim() == 2 else tensor[None],
        "grow": lambda: torch.cat([tensor, tensor]),
        "half": lambda: tensor.half(),
        "integers": lambda: tensor.to(torch.int8),
    }.get(change, lambda: tensor)()
    if change == "rename":
        tensors[name + "_"] = tensors.pop(name)
    elif change == "prefix":
        tensors = {f"_orig_mod.{name}": value for name, value in tensors.items()}
    elif change == "drop":
        del tensors[name]
    elif change == "twice":
        tensors[names[(at + 1) % len(names)] + ".copy"] = tensor
    elif change == "add":
        tensors["model.extra.weight"] = tensor
    path.unlink()
    save_file({name: value.clone().contiguous() for name, value in tensors.items()}, path, metadata={"format": "pt"})


def linked(source: Path, target: Path) -> Path:
    """Copy a folder's files by hard links."""
    target.mkdir(parents=True)
    for path in source.iterdir():
        os.link(path, target / path.name)
    return target
