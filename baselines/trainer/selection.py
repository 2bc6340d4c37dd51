"""Rows of a collated batch by their number of pictures."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor
from torch.nn import functional

from lethebench.baselines.trainer.rows import IGNORED, PICTURED
from lethebench.contract.processors import is_mask


def num_pictures(batch: Mapping[str, Tensor]) -> Tensor:
    """Return how many pictures each row of a batch has, (B,); 1 for any number where pictures have no mask."""
    shape = batch["input_ids"].shape
    mask = next((value for value in batch.values() if is_mask(value, shape)), None)
    if mask is None:
        return batch[PICTURED].long()
    return mask.flatten(3).any(-1).any(1).sum(-1) if mask.dim() > 3 else mask.any(1).sum(-1)


def select_rows(batch: Mapping[str, Tensor], rows: Tensor) -> dict[str, Tensor]:
    """Return some rows of a collated batch, truncated to the longest of them.

    Args:
        batch: a batch of `AnswerCollator`.
        rows: (B,) boolean; rows with equally many pictures by `num_pictures`, or all rows.

    Returns:
        Per-token tensors of those rows, and the picture tensors if those rows have pictures.
    """
    shape = batch["input_ids"].shape
    length = int(batch["attention_mask"][rows].sum(-1).max())
    selected = {name: value[rows, :length] for name, value in batch.items() if value.shape == shape}
    if not batch[PICTURED][rows].any():
        return selected
    masks = [name for name, value in batch.items() if is_mask(value, shape)]
    pictures = {name: value for name, value in batch.items() if name not in {*selected, *masks, PICTURED}}
    if not masks:
        return selected | pictures
    # Pictures of a mask are (rows with pictures, pictures, ...), filled up to the largest number.
    most = int(num_pictures(batch)[rows].max())
    chosen = rows[batch[PICTURED]]
    selected |= {name: batch[name][rows, :length, :most] for name in masks}
    return selected | {name: value[chosen, :most] for name, value in pictures.items()}


def with_row(batch: Mapping[str, Tensor], row: Mapping[str, Tensor], pad_token_id: int) -> dict[str, Tensor]:
    """Return a batch without pictures with one more row at its end, none of whose tokens is an answer.

    Args:
        batch: a batch of `AnswerCollator` whose rows have no pictures.
        row: one of a single row.
        pad_token_id: fills `input_ids` on the right.
    """
    filling = {"input_ids": pad_token_id, "labels": IGNORED}
    joined = {}
    for name, value in {**row, "labels": torch.full_like(row["labels"], IGNORED)}.items():
        parts = [batch[name], value] if name in batch else [value]
        shape = [max(sizes) for sizes in zip(*(part.shape[1:] for part in parts), strict=True)]
        joined[name] = torch.cat([_filled(part, shape, filling.get(name, 0)) for part in parts])
    return joined


def _filled(value: Tensor, shape: Sequence[int], fill: int) -> Tensor:
    """Return a tensor filled up to a shape of all dimensions but the first."""
    missing = [target - size for size, target in zip(value.shape[1:], shape, strict=True)]
    return functional.pad(value, [edge for number in reversed(missing) for edge in (0, number)], value=fill)
