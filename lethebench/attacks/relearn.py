"""Relearn: a few training steps on rows that are not scored, and what of the scored facts comes back."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from datasets import Dataset
from transformers import TrainerCallback

from lethebench.attacks.context import Attempt, Context
from lethebench.attacks.stated import without_stated
from lethebench.baselines.learn import learn
from lethebench.baselines.loading import Loaded
from lethebench.baselines.presets import Preset
from lethebench.baselines.tiny import TINY
from lethebench.baselines.trainer.weights import evaluating

BATCH = 32
TINY_RATE = 1e-3
"""Learning rate for the tiny model, that of the meta-evaluation of metrics; other models have their preset's."""
FALLBACK_RATE = 1e-4
TEXTS = ["profile_id", "question", "answer", "keywords"]


class Relearn:
    """Train on other facts of the forgotten profiles, other wordings of them, retain rows, or unrelated rows.

    Rows are scored after each number of steps of the budget. No row of a scored fact is ever trained on, nor one that
    states its answer; where many rows state an answer, such as a name, it is not scored (`without_stated`).

    Source: Hu et al., "Jogging the Memory of Unlearned Models Through Targeted Relearning Attacks", arXiv 2406.13356.
    """

    def run(self, loaded: Loaded, rows: Dataset, context: Context) -> Iterator[Attempt]:
        """Yield the scores of the rows at each point of each curve."""
        sets = {
            "in-domain": context.trainable,
            "other wordings": context.other_wordings,
            "retain": context.retain,
            "unrelated": unrelated_rows(context.budget.train_rows, context.seed),
        }
        for name, train in sets.items():
            scored = rows
            if isinstance(train, Dataset):
                train, scored = apart(train, rows, context)
                train = context.draw(train, context.budget.train_rows, f"relearn/{name}")
            if not train or not len(train) or not len(scored):
                context.notes.append(f"{name}: there are no such rows")
                continue
            callback = ScoreAt(context.reload(), scored, context, f"relearn/{name}")
            relearn(callback.loaded, train, context, callback)
            for step, scores in callback.scores.items():
                yield Attempt(name, scores, step)


def apart(train: Dataset, scored: Dataset, context: Context) -> tuple[Dataset, Dataset]:
    """Return the rows to train on and those to score, without those whose answers the first state."""
    texts = [list(rows.select_columns(TEXTS)) for rows in (train, scored)]
    trained_on, left = without_stated(texts[0], texts[1], context.names)
    return train.select(trained_on), scored.select(left)


def relearn(loaded: Loaded, rows: Sequence[Any], context: Context, callback: TrainerCallback) -> None:
    """Train a model in place for the most steps of the budget, at a constant learning rate."""
    arguments = context.preset.learn_arguments()
    fallback = TINY_RATE if context.preset.base_model == TINY else FALLBACK_RATE
    learn(
        loaded.model,
        loaded.processor,
        rows,
        preset=_preset_of(loaded.model, context.preset),
        seed=context.seed,
        callbacks=[callback],
        max_steps=max(context.budget.steps),
        per_device_train_batch_size=min(BATCH, arguments.get("per_device_train_batch_size", BATCH)),
        learning_rate=arguments.get("learning_rate", fallback),
        lr_scheduler_type="constant",
        warmup_steps=0,
    )


def _preset_of(model: Any, preset: Preset) -> Preset:
    """Return the preset, without an adapter for a model that has one, which is trained further."""
    return replace(preset, lora=None) if hasattr(model, "peft_config") else preset


class ScoreAt(TrainerCallback):
    """Scores a model after some steps, without changing what is trained.

    Args:
        loaded: The model that is trained.
        rows: The rows to score.
        context: Of the attack.
        name: Of the rows, as in `Context.score`.

    Attributes:
        scores: Step -> scored rows.
    """

    def __init__(self, loaded: Loaded, rows: Dataset, context: Context, name: str) -> None:
        self.loaded = loaded
        self.rows = rows
        self.context = context
        self.name = name
        self.scores: dict[int, list[dict[str, Any]]] = {}

    def on_step_end(self, args: Any, state: Any, control: Any, model: Any = None, **kwargs: Any) -> None:
        if state.global_step not in self.context.budget.steps:
            return
        python, numbers = random.getstate(), np.random.get_state()
        with torch.random.fork_rng(), evaluating(model):
            loaded = Loaded(model, self.loaded.processor)
            self.scores[state.global_step] = self.context.score(loaded, self.rows, self.name)
        random.setstate(python)
        np.random.set_state(numbers)


def unrelated_rows(count: int, seed: int) -> list[dict[str, Any]]:
    """Return questions that have nothing to do with any benchmark: sums of two numbers."""
    draw = random.Random(f"{seed}/unrelated")
    rows = []
    for number in range(count):
        first, second = draw.randint(1, 99), draw.randint(1, 99)
        question = f"What is {first} plus {second}?"
        rows.append({"id": f"sum-{number}", "question": question, "answer": str(first + second), "images": []})
    return rows
