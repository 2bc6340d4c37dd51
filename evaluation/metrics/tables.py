"""Per-row scores of one model as arrays, and their means per profile."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from lethebench.evaluation.metrics.fluency import is_fluent

Row = Mapping[str, Any]
RETAIN = -1
"""Group of the retain set, whose rows have no task."""
OTHERS = {"neighbour": -2, "general": -3}
"""Role -> group of rows that are no profile's."""
COLUMNS = ("keyword_match", "probability", "rouge_l_recall", "truth_ratio", "rank", "num_candidates")


@dataclass(frozen=True)
class ModelRows:
    """Scored rows of one model: questions that models are trained on, and questions that none is trained on."""

    rows: Sequence[Row]
    held_out: Sequence[Row] = ()


class Table:
    """Columns of a model's rows, sorted by id, held-out rows last.

    Args:
        model: the rows; each has an `id` of its own within its kind.
        profiles: every profile of the run, in the order of all arrays per profile.
        width: columns of `distribution`; default: the most candidates of these rows.

    Attributes:
        profile: shape (n,), index of each row's profile.
        task, image, held_out: shape (n,), task id, whether the question has a picture, whether it is held out.
        scored: shape (n,), False for rows that stand for those outside of a sample.
        role: shape (n,), forget, retain, neighbour or general.
        group: shape (n,), what is kept or lost together: the row's task, RETAIN, or one of OTHERS.
        columns: name -> shape (n,), of COLUMNS; NaN where a row has no value.
        distribution: shape (n, most candidates), probability of each candidate among the row's candidates; zero rows
            where there are none.
    """

    def __init__(self, model: ModelRows, profiles: Sequence[Any], width: int | None = None) -> None:
        parts = [sorted(part, key=lambda row: str(row["id"])) for part in (model.rows, model.held_out)]
        rows = [row for part in parts for row in part]
        index = {profile: number for number, profile in enumerate(profiles)}
        self.count = len(profiles)
        self.ids = [(position, str(row["id"])) for position, part in enumerate(parts) for row in part]
        self.profile = np.array([index[unit_of(row)] for row in rows], dtype=int)
        self.task = np.array([row["task_id"] for row in rows], dtype=int)
        self.image = np.array([row["modality"] == "image_text" for row in rows], dtype=bool)
        self.held_out = np.arange(len(rows)) >= len(parts[0])
        self.role = np.array([row["role"] for row in rows])
        self.group = np.array([OTHERS.get(row["role"], row["task_id"]) for row in rows], dtype=int)
        self.columns = {
            name: np.array([np.nan if row.get(name) is None else row[name] for row in rows], dtype=np.float64)
            for name in COLUMNS
        }
        self._rows = rows
        self.scored = np.array([not row.get("unscored") for row in rows], dtype=bool)
        self.distribution = distributions([row.get("candidate_logprobs") for row in rows], width)

    @cached_property
    def language(self) -> np.ndarray:
        """Whether each answer is language, by judges where they judged it, shape (n,); NaN where none was scored."""
        return np.array([np.nan if row.get("unscored") else is_fluent(row) for row in self._rows], dtype=np.float64)

    def means(self, values: np.ndarray, chosen: np.ndarray) -> np.ndarray:
        """Return the mean of each profile over chosen rows that have a value, shape (profiles,); NaN without any."""
        chosen = chosen & ~np.isnan(values)
        counts = np.bincount(self.profile[chosen], minlength=self.count)
        sums = np.bincount(self.profile[chosen], values[chosen], minlength=self.count)
        return np.divide(sums, counts, out=np.full(self.count, np.nan), where=counts > 0)


def unit_of(row: Row) -> Any:
    """Return whose row it is; general rows have no profile and count as one."""
    return "general" if row["role"] == "general" else row["profile_id"]


def units(models: Iterable[ModelRows]) -> list:
    """Return every profile of some models' rows, sorted."""
    return sorted({unit_of(row) for model in models for part in (model.rows, model.held_out) for row in part}, key=str)


def distributions(logprobs: Sequence[Sequence[float] | None], width: int | None = None) -> np.ndarray:
    """Return each row's distribution over its candidates, shape (rows, width); zeros where it has none.

    `width` is that of the most candidates, unless a larger one is given.
    """
    width = width or max((len(values) for values in logprobs if values is not None), default=0)
    table = np.full((len(logprobs), width), -np.inf)
    for row, values in enumerate(logprobs):
        if values is not None:
            table[row, : len(values)] = values
    if not width:
        return table
    top = table.max(axis=1, keepdims=True)
    shares = np.exp(table - np.where(np.isfinite(top), top, 0.0))
    total = shares.sum(axis=1, keepdims=True)
    return np.divide(shares, total, out=np.zeros_like(shares), where=total > 0)
