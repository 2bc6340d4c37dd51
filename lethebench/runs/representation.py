"""How far a stage moves picture tokens and text tokens apart, per task, as in MLUBench's table of drift."""

from collections.abc import Hashable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from datasets import Dataset
from numpy.typing import ArrayLike

from lethebench.baselines.loading import Loaded
from lethebench.baselines.trainer.rows import IGNORED, PICTURED, AnswerCollator, RowEncoder, undecoded
from lethebench.baselines.trainer.weights import evaluating
from lethebench.contract.models import base_of, check_decoder_only, forward_at, placeholder_of
from lethebench.errors import UserError
from lethebench.evaluation.answers.row_scores import label_names
from lethebench.evaluation.metrics.modality_gap import representation_gap
from lethebench.runs.placed import load_placed
from lethebench.runs.requests import drawn

OPTION = "--representation-rows"
Centroids = dict[Hashable, tuple[ArrayLike, ArrayLike]]
"""Task -> centroid of the hidden states of its picture tokens, and of its text tokens."""


class Representation:
    """The distance between picture tokens and text tokens of each task, before unlearning and after a stage.

    Hidden states are those of the last layer at the tokens of the prompt; the distance is Euclidean.

    Args:
        rows: The forget rows of the run.
        order: The tasks in the order of their requests.
        most: Most rows with a picture of each task; the same at every stage.
        seed: Seed of the rows that are drawn.
        learnt: The folder of the initial model.
        options: Of `load_model`.
    """

    def __init__(
        self, rows: Dataset, order: Sequence[int], most: int, seed: int, learnt: Path, options: Mapping[str, Any]
    ) -> None:
        self.learnt = learnt
        self.options = options
        names = label_names(rows).get("modality", str)
        pictured = [index for index, kind in enumerate(rows["modality"]) if names(kind) == "image_text"]
        tasks = rows["task_id"]
        self.rows = {
            task: undecoded(drawn(rows.select([i for i in pictured if tasks[i] == task]), most, f"{seed}/gap/{task}"))
            for task in order
        }
        if not self.count:
            raise UserError(f"{OPTION}: no row of the requests has a picture; leave it out")

    @property
    def count(self) -> int:
        """The number of rows whose hidden states are computed at a stage."""
        return sum(map(len, self.rows.values()))

    @cached_property
    def before(self) -> Centroids:
        """The centroids of the initial model."""
        return self.centroids(load_placed(self.learnt, trainable=False, **self.options))

    def gaps(self, loaded: Loaded) -> dict[str, dict[str, float]]:
        """Return task -> `before`, `after` and `difference` of a stage's model, as `representation_gap`."""
        gaps = representation_gap(self.before, self.centroids(loaded))
        return {str(task): values for task, values in gaps.items()}

    def centroids(self, loaded: Loaded) -> Centroids:
        """Return the centroids of the tasks that have rows with pictures."""
        collate = AnswerCollator(RowEncoder(loaded.processor))
        return {task: self._of_task(loaded, rows, collate) for task, rows in self.rows.items() if len(rows)}

    def _of_task(self, loaded: Loaded, rows: Dataset, collate: AnswerCollator) -> tuple[np.ndarray, np.ndarray]:
        sums: dict[bool, Any] = {True: 0.0, False: 0.0}
        counts = {True: 0, False: 0}
        for part in loaded.parts(rows):
            check_decoder_only(part.model, OPTION)
            for index in part.indices:
                states, is_picture = token_states(part.model, collate([rows[index]]))
                for kind in (True, False):
                    chosen = states[is_picture == kind]
                    sums[kind] = sums[kind] + chosen.double().sum(0)
                    counts[kind] += len(chosen)
        picture, text = ((sums[kind] / counts[kind]).cpu().numpy() for kind in (True, False))
        return picture, text


def token_states(model: Any, batch: Mapping[str, Any]) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the last hidden states at the prompt of one row, (N, D), and which of them are of picture tokens, (N,).

    Raises:
        UserError: The model has no tokens for pictures.
    """
    device = next(model.parameters()).device
    inputs = {name: value.to(device) for name, value in batch.items() if name not in ("labels", PICTURED)}
    last = torch.zeros_like(inputs["input_ids"], dtype=torch.bool)
    last[:, -1] = True
    with evaluating(model):
        _, outputs = forward_at(model, inputs, last, use_cache=False, output_hidden_states=True)
    states = getattr(outputs, "language_model_outputs", outputs).hidden_states[-1][0]
    is_prompt = (batch["labels"][0] == IGNORED).to(device)
    more = len(states) - len(is_prompt)  # pictures that the model puts before the tokens
    if more:
        is_prompt = torch.cat([is_prompt.new_ones(more), is_prompt])
        is_picture = torch.arange(len(states), device=device) < more
    elif (placeholder := placeholder_of(model)) is not None:
        is_picture = inputs["input_ids"][0] == placeholder
    else:
        raise UserError(f"{OPTION}: {type(base_of(model)).__name__} has no tokens for pictures; leave it out")
    return states[is_prompt], is_picture[is_prompt]
