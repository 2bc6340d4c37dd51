"""The sizes of the embedded model, chosen by the corpus that it trains on."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import mean
from typing import Any

from datasets import ClassLabel, Dataset


@dataclass(frozen=True)
class TinyPlan:
    """The size of the model and the length of its training.

    Attributes:
        vocab_size: tokens of the byte-level BPE, including special ones.
        width, layers, heads: of the language model; its MLP is three times as wide.
        image_size, patch_size: pixels; (image_size / patch_size)^2 picture tokens.
        vision_width, vision_layers, vision_heads: of the vision tower.
        vision_steps, vision_batch, vision_lr: of the tower's warm-up: steps, pictures per step, peak learning rate.
        steps, batch_size: of stage 1, optimizer steps and rows per step.
        init_range: standard deviation of the initial weights.
        muon_lr, adamw_lr: peak learning rates of stage 1.
    """

    vocab_size: int = 4096
    width: int = 128
    layers: int = 1
    heads: int = 4
    image_size: int = 112
    patch_size: int = 28
    vision_width: int = 96
    vision_layers: int = 2
    vision_heads: int = 4
    vision_steps: int = 160
    vision_batch: int = 24
    vision_lr: float = 1e-3
    steps: int = 160
    batch_size: int = 64
    init_range: float = 0.02
    muon_lr: float = 0.02
    adamw_lr: float = 3e-3


# (most profiles, plan), tuned on builds of icu.
_PLANS = (
    (40, TinyPlan()),
    (400, TinyPlan(vocab_size=8192, width=192, heads=6, vision_steps=400, vision_batch=64, vision_lr=2e-3, steps=700)),
    (
        math.inf,
        TinyPlan(vocab_size=8192, width=256, heads=8, vision_steps=1000, vision_batch=128, vision_lr=2e-3, steps=5000),
    ),
)


LONG_ANSWERS, LONGER = 10, 3
"""Mean words per answer above which a corpus gets more steps, and the factor on the steps; tuned on mlu."""


def plan_for(rows: Sequence[Mapping[str, Any]]) -> TinyPlan:
    """Return the plan for a corpus, by its number of profiles.

    More profiles need a larger vocabulary (whole words as tokens), more width (capacity), a longer warm-up (more people
    to tell apart) and more steps (visits to each row). Answers of several sentences need more steps, too.
    """
    profiles = len(set(column(rows, "profile_id")))
    plan = next(plan for limit, plan in _PLANS if profiles <= limit)
    words = [len(answer.split()) for answer in column(rows, "answer")]
    return replace(plan, steps=LONGER * plan.steps) if mean(words) > LONG_ANSWERS else plan


def column(rows: Sequence[Mapping[str, Any]], name: str) -> list[Any]:
    """Return one column of QA rows, class labels as names, without decoding the pictures of the others."""
    if not isinstance(rows, Dataset):
        return [row[name] for row in rows]
    values = rows.with_format(None)[name]
    feature = rows.features[name]
    return [feature.int2str(value) for value in values] if isinstance(feature, ClassLabel) else list(values)
