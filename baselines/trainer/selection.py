"""Rows of a collated batch by their number of pictures."""

from collections.abc import Mapping

from torch import Tensor

from lethebench.baselines.trainer.rows import PICTURED
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
