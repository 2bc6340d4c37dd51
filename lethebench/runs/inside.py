"""Scores inside a stage: what a model knows while it unlearns, and the worst of it, which scores after it do not show.

Source: De Lange, van de Ven and Tuytelaars 2023, arXiv 2205.13452, evaluate continual learners at every step and call
a loss of knowledge that is regained before the end of a task its stability gap.
"""

import random
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from datasets import Dataset
from transformers import TrainerCallback

from lethebench.baselines.trainer.weights import evaluating
from lethebench.errors import UserError
from lethebench.evaluation.answers.rows import evaluate_rows, prepare_rows
from lethebench.evaluation.metrics.rows import mean
from lethebench.runs.requests import drawn

ROWS_OF_GROUP = 32
"""Most rows of a group that are scored at a step."""
GROUPS = ("own", "earlier", "kept")
INSIDE = "inside"
"""Key of a point in the log of a trainer's state."""


def groups_of(scored: Dataset, order: Sequence[int], stage: int, seed: int) -> dict[str, Dataset]:
    """Return the rows to score inside a stage, at most `ROWS_OF_GROUP` each.

    Args:
        scored: The rows that every stage is scored on.
        order: The tasks in the order of their requests.
        stage: From 1.
        seed: Seed of the rows that are drawn.

    Returns:
        `own`: of the stage's request; `earlier`: of requests before it; `kept`: never asked to be forgotten up to it.
    """
    kinds = _kinds(scored["task_id"], order, stage)
    groups = {}
    for group in GROUPS:
        rows = scored.select([index for index, kind in enumerate(kinds) if kind == group])
        groups[group] = drawn(rows, ROWS_OF_GROUP, f"{seed}/inside/{stage}/{group}")
    return groups


def _kinds(tasks: Sequence[int], order: Sequence[int], stage: int) -> list[str]:
    group_of = dict.fromkeys(order[: stage - 1], "earlier") | {order[stage - 1]: "own"}
    return [group_of.get(task, "kept") for task in tasks]


def rows_inside(tasks: Sequence[int], order: Sequence[int], stage: int) -> int:
    """Return how many rows `groups_of` draws for a stage, by the tasks of all scored rows."""
    return sum(min(count, ROWS_OF_GROUP) for count in Counter(_kinds(tasks, order, stage)).values())


def times_inside(steps: int, every: int) -> int:
    """Return how often `ScoreSteps` scores in a training: at its start, after every K-th step, and at its end."""
    return 2 + (steps - 1) // every if steps else 0


class ScoreSteps(TrainerCallback):
    """Scores rows before, during and after the steps of a stage, without changing what is trained.

    The points are kept in the log of the trainer's state, so that a stage that is continued from a checkpoint has them.

    Args:
        groups: From `groups_of`.
        processor: The model's processor.
        every: Optimizer steps between two scores.

    Attributes:
        points: `step`, and the mean knowledge of each group that has rows.
    """

    def __init__(self, groups: Mapping[str, Dataset], processor: Any, every: int) -> None:
        self.rows = {group: prepare_rows(processor, rows) for group, rows in groups.items() if len(rows)}
        self.processor = processor
        self.every = every
        self.points: list[dict[str, Any]] = []

    def on_train_begin(self, args: Any, state: Any, control: Any, model: Any = None, **kwargs: Any) -> None:
        if args.world_size > 1:
            raise UserError("--score-steps: stages are scored inside by one process alone; leave it out")
        self.points += [entry[INSIDE] for entry in state.log_history if INSIDE in entry]
        if not self.points:
            self._score(state, model)

    def on_step_end(self, args: Any, state: Any, control: Any, model: Any = None, **kwargs: Any) -> None:
        if state.global_step % self.every == 0 and state.global_step < state.max_steps:
            self._score(state, model)

    def on_train_end(self, args: Any, state: Any, control: Any, model: Any = None, **kwargs: Any) -> None:
        self._score(state, model)

    def _score(self, state: Any, model: Any) -> None:
        python, numbers = random.getstate(), np.random.get_state()
        with torch.random.fork_rng(), evaluating(model):
            scores = {group: evaluate_rows(model, self.processor, rows) for group, rows in self.rows.items()}
        random.setstate(python)
        np.random.set_state(numbers)
        knowledge = {group: mean(rows, "keyword_match") for group, rows in scores.items()}
        self.points.append({"step": state.global_step, **knowledge})
        state.log_history.append({"step": state.global_step, INSIDE: self.points[-1]})
