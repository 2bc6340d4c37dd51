"""Which weights the forget set depends on: the Fisher ratio of MMUnlearner."""

import random
from collections.abc import Iterable, Mapping, Sequence

import torch
from torch import Tensor

from lethebench.baselines.losses import cross_entropy_loss
from lethebench.baselines.trainer.answer import AnswerTrainer
from lethebench.baselines.trainer.rows import EncodedRow, EncodedRows

EPSILON = 1e-15


def saliency_mask(forget: Tensor, preserve: Tensor) -> Tensor:
    """Return True where the forget set depends on a weight at least as much as the preserved rows do.

        (F_forget + 1e-15) / (F_preserve + 1e-15) >= 1

    Args:
        forget, preserve: mean squared gradients of one parameter, of the same shape, >= 0.
    """
    return (forget + EPSILON) / (preserve + EPSILON) >= 1


def mean_squared_gradients(
    trainer: AnswerTrainer, rows: Iterable[EncodedRow], parameters: Mapping[str, Tensor]
) -> dict[str, Tensor]:
    """Return the diagonal of the empirical Fisher information: mean over rows of the squared gradient of ce(y).

    Args:
        trainer: its model is run in evaluation mode, one row at a time.
        rows: encoded rows; without any the result is 0.
        parameters: name -> parameter of that model.

    Returns:
        name -> float32 tensor of the parameter's shape, >= 0.
    """
    sums = {name: torch.zeros_like(value, dtype=torch.float32) for name, value in parameters.items()}
    count = 0
    for row in rows:
        answers = trainer.answers(trainer.model, trainer.to_batch([row]))
        loss = cross_entropy_loss(answers.logps, answers.mask)
        gradients = torch.autograd.grad(loss, list(parameters.values()), allow_unused=True)
        for name, gradient in zip(parameters, gradients, strict=True):
            if gradient is not None:
                sums[name] += gradient.float().square()
        count += 1
    return {name: value / max(1, count) for name, value in sums.items()}


def draw(rows: EncodedRows, indices: Sequence[int], limit: int | None, seed: int) -> list[tuple[EncodedRows, int]]:
    """Return at most `limit` of those rows, as (rows, index), by a seeded draw."""
    if limit is not None and len(indices) > limit:
        indices = sorted(random.Random(seed).sample(list(indices), limit))
    return [(rows, index) for index in indices]


def split_by_picture(rows: EncodedRows) -> tuple[list[int], list[int]]:
    """Return the indices of the rows with a picture, and of those without."""
    pictured: list[int] = []
    text: list[int] = []
    for index in range(len(rows)):
        (pictured if rows.rows[index]["images"] else text).append(index)
    return pictured, text
