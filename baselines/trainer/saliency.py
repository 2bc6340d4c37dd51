"""Which weights carry what is to be forgotten: the Fisher ratio of MMUnlearner."""

import random
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from lethebench.baselines.losses import cross_entropy_loss
from lethebench.baselines.trainer.rows import EncodedRow, EncodedRows

if TYPE_CHECKING:
    from lethebench.baselines.trainer.unlearning import UnlearningTrainer

# LLaVA and Qwen say language_model, Idefics text_model; everything else is vision tower or projector.
LANGUAGE = re.compile(r"language_model|text_model|lm_head")
EPSILON = 1e-15


def saliency_mask(forget: Tensor, preserve: Tensor) -> Tensor:
    """True where the forget set needs a weight at least as much as what must be preserved does.

        (F_forget + 1e-15) / (F_preserve + 1e-15) >= 1

    Args:
        forget, preserve: mean squared gradients of one parameter, of the same shape, >= 0.
    """
    return (forget + EPSILON) / (preserve + EPSILON) >= 1


def mean_squared_gradients(
    trainer: "UnlearningTrainer", rows: Iterable[EncodedRow], parameters: Mapping[str, Tensor]
) -> dict[str, Tensor]:
    """Diagonal of the empirical Fisher information: the mean over rows of the squared gradient of ce(y), in float32.

    Args:
        trainer: whose model is read, in evaluation mode, one row at a time.
        rows: encoded rows; without any the result is 0.
        parameters: name -> parameter of that model.
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


def draw(rows: EncodedRows, places: Sequence[int], most: int | None, seed: int) -> list[tuple[EncodedRows, int]]:
    """At most so many of those rows, as (rows, place), by a seeded draw."""
    if most is not None and len(places) > most:
        places = sorted(random.Random(seed).sample(list(places), most))
    return [(rows, place) for place in places]


def split_by_picture(rows: EncodedRows) -> tuple[list[int], list[int]]:
    """Places of the rows with a picture, and of those without."""
    pictured, plain = [], []
    for place in range(len(rows)):
        (pictured if rows.rows[place]["images"] else plain).append(place)
    return pictured, plain
