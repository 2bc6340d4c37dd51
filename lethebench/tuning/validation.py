"""The rows that a trial of `lethe tune` trains and is scored on, and what its score is."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from datasets import Dataset, concatenate_datasets

from lethebench.errors import UserError

if TYPE_CHECKING:
    from lethebench.runs.stage import Run

MOST_ROWS = 512
"""Most rows that a trial is scored on, for each of: request, retain set, neighbours, holdout."""
Measure = Callable[[list[dict[str, Any]]], tuple[float, float]]
"""Scored rows -> (forget, relative utility)."""


@dataclass(frozen=True)
class Validation:
    """The rows of a trial: `forget` and `retain` are trained on; `asked` and `kept` are scored."""

    forget: Dataset
    retain: Dataset
    asked: Dataset
    kept: Dataset

    def sizes(self) -> dict[str, int]:
        """Return the count of rows of each set."""
        return {name: len(getattr(self, name)) for name in ("forget", "retain", "asked", "kept")}


def validation(run: "Run", seed: int) -> Validation:
    """Make a request of retain profiles, and leave the rest of the retain set to measure utility on.

    Raises:
        UserError: Fewer than two profiles are retained.
    """
    build = run.build
    profiles = sorted(set(build.retain["profile_id"]))
    count = min(len(set(run.task(1)["profile_id"])), len(profiles) // 2)
    if count == 0:
        raise UserError(f"{build.path} retains {len(profiles)} profile: tuning needs one to forget and one to keep")
    chosen = set(random.Random(seed).sample(profiles, count))
    indices: dict[bool, list[int]] = {True: [], False: []}
    for index, profile in enumerate(build.retain["profile_id"]):
        indices[profile in chosen].append(index)
    request, others = (build.retain.select(indices[is_chosen]) for is_chosen in (True, False))
    forget = request.remove_columns("task_id").add_column("task_id", [0] * len(request))
    retain = concatenate_datasets([build.forget, others]) if run.options.retain == "rest" else others
    kept = [_spread(rows) for rows in (others, build.neighbour) if rows is not None]
    return Validation(forget, retain, _spread(request), concatenate_datasets(kept))


def _spread(rows: Dataset) -> Dataset:
    """At most `MOST_ROWS` rows at even distances."""
    return rows.select(range(0, len(rows), -(-len(rows) // MOST_ROWS))) if len(rows) else rows


def measure_of(run: "Run", rows: Validation) -> tuple[Measure, float]:
    """Return the measure of a trial, and the share of facts that can be guessed.

    The scores of the initial model are those of stage 1. Its keyword match on the holdout set, which it never saw,
    stands for that of a model retrained without the request; 0 if the build has none.

    Raises:
        UserError: The initial model knows nothing of the request or of the other rows.
    """
    from lethebench.evaluation.metrics import forget_value
    from lethebench.evaluation.metrics.rows import group_knowledge, mean, utility_of
    from lethebench.runs.summary import read_rows
    from lethebench.scoring.models import load, score

    asked, kept = set(rows.asked["id"]), set(rows.kept["id"])
    initial = read_rows(run.learnt)
    floor = 0.0
    if "holdout" in run.build.manifest["splits"][run.build.config]:
        with run.console.phase("score holdout people, whom the initial model never saw") as tick:
            holdout = _spread(run.build.split("holdout"))
            scores = score(load(str(run.learnt)), holdout, progress=lambda share: tick(round(1000 * share), 1000))
        floor = mean(scores, "keyword_match") or 0.0

    def select(scores: list[dict[str, Any]], ids: set[str]) -> list[dict[str, Any]]:
        return [row for row in scores if row["id"] in ids]

    def match(scores: list[dict[str, Any]]) -> float:
        return mean(select(scores, asked), "keyword_match") or 0.0

    initial_match, initial_kept = match(initial), select(initial, kept)
    knowledge = group_knowledge(initial_kept)
    try:
        forget_value(initial_match, initial_match, floor)
        utility = utility_of(initial_kept, knowledge, None)["utility"]
        utility_of(initial_kept, knowledge, utility)
    except ValueError as error:
        raise UserError(f"{run.learnt} cannot be tuned on: {error}") from None

    def measure(scores: list[dict[str, Any]]) -> tuple[float, float]:
        forget = forget_value(match(scores), initial_match, floor)
        return forget, utility_of(select(scores, kept), knowledge, utility)["utility_relative"]

    return measure, floor
