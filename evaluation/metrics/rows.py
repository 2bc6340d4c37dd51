"""From per-row scores to one number each: the rules that run summaries, `lethe evaluate` and `unlearning` share.

A row is a mapping with the columns of `evaluation.answers.row_scores`. Rows with a `task_id` of 0 or more are asked to
be forgotten at some stage; the others never are.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from lethebench.evaluation.metrics.forget import forget_score, gold_knowledge
from lethebench.evaluation.metrics.stability import continual_summary
from lethebench.evaluation.metrics.utility import model_utility

Row = Mapping[str, Any]
Rows = Sequence[Row]
COMPONENTS = ("probability", "rouge_l_recall", "truth_ratio")


def column(rows: Iterable[Row], name: str) -> list:
    """Return the values of a column, in the order of the rows."""
    return [row[name] for row in rows]


def having(rows: Iterable[Row], name: str) -> list[Row]:
    """Return the rows that have a value in a column; a failed call of an API has none."""
    return [row for row in rows if row.get(name) is not None]


def mean(rows: Iterable[Row], name: str) -> float | None:
    """Return the mean of a column over the rows that have it; None where no row has."""
    return mean_of(column(rows, name))


def mean_of(values: Iterable[float | None]) -> float | None:
    """Return the mean of the values that are not None; None without any."""
    present = [value for value in values if value is not None]
    return float(np.mean(present)) if present else None


def of_tasks(rows: Iterable[Row], tasks: Iterable[int]) -> list[Row]:
    """Return the forget rows of some tasks."""
    wanted_tasks = set(tasks)
    return [row for row in rows if row["task_id"] in wanted_tasks]


def never_forgotten(rows: Iterable[Row]) -> list[Row]:
    """Return the rows that are never asked to be forgotten, those of neighbours among them."""
    return [row for row in rows if row["task_id"] < 0]


def aligned(others: Iterable[Row], rows: Iterable[Row]) -> list[Row]:
    """Return another model's rows with the ids of `rows`, in their order."""
    by_id = {row["id"]: row for row in others}
    return [by_id[row["id"]] for row in rows]


def not_measured(metric: Callable[..., dict], *arguments: Any, **options: Any) -> dict:
    """Return a metric's result, or its `flags` and `reasons` where it raises a ValueError."""
    try:
        return metric(*arguments, **options)
    except ValueError as error:
        return {"flags": ["not_measured"], "reasons": [str(error)]}


def forget_of(after: Rows, before: Rows, gold: Rows | None, *, seed: int = 0) -> dict:
    """Return `forget_score` of rows of the forget set by keyword match; `before` and `gold` may hold more rows.

    Modalities are scored apart.
    """
    rows = having(after, "keyword_match")
    return forget_score(
        column(rows, "keyword_match"),
        column(aligned(before, rows), "keyword_match"),
        None if gold is None else column(aligned(gold, rows), "keyword_match"),
        profile_ids=column(rows, "profile_id"),
        modalities=column(rows, "modality"),
        seed=seed,
    )


def group_knowledge(rows: Rows, by: str = "role") -> dict[str, float | None]:
    """Return the mean keyword match of each group of rows; of the initial model it says which groups enter utility."""
    groups = {row[by] for row in rows}
    return {group: mean([row for row in rows if row[by] == group], "keyword_match") for group in groups}


def utility_of(
    rows: Rows,
    initial_knowledge: Mapping[str, float | None] | None,
    before: float | None,
    *,
    by: str = "role",
    general: Sequence[float] = (),
    seed: int = 0,
) -> dict:
    """Return `model_utility` of the rows of one stage that are never asked to be forgotten, grouped by column `by`.

    Args:
        rows: of one stage.
        initial_knowledge: `group_knowledge` of the initial model, and `before` its utility.
        general: scores of general samples in [0, 1]; each stands for all three components, so that the group general
            weighs as much as any other.
    """
    probability = column(rows, "probability")
    measured = None not in probability
    return model_utility(
        [*probability, *general] if measured else None,
        [*column(rows, "rouge_l_recall"), *general],
        [*column(rows, "truth_ratio"), *(1.0 - score for score in general)],
        groups=[*column(rows, by), *["general"] * len(general)],
        known=initial_knowledge,
        before=before,
        profile_ids=[*column(rows, "profile_id"), *(("general", number) for number in range(len(general)))],
        seed=seed,
    )


def utility_by_stage(
    stages: Mapping[int, Rows], initial_knowledge: Mapping[str, float | None] | None, *, by: str = "role", seed: int = 0
) -> dict[int, dict]:
    """Return stage -> `utility_of` its rows that are never asked to be forgotten, relative to that of stage 0.

    Stage 0 is the initial model; raise ValueError if it knew no group of `initial_knowledge`.
    """
    utilities: dict[int, dict] = {}
    for stage in sorted(stages):
        before = utilities[0]["utility"] or None if 0 in utilities else None
        utilities[stage] = utility_of(stages[stage], initial_knowledge, before, by=by, seed=seed)
    return utilities


def stage_matrix(stages: Sequence[Rows], tasks: Sequence[int]) -> list[list[float | None]]:
    """Return K: per stage, the mean keyword match of each task."""
    return [[mean(of_tasks(rows, [task]), "keyword_match") for task in tasks] for rows in stages]


def gold_knowledge_of(gold: Mapping[int, Sequence[Rows]], tasks: Sequence[int]) -> list[float | None]:
    """Return G: per task, the mean keyword match over the gold models of the earliest stage without it.

    Args:
        gold: stage -> rows of the gold models of that stage, one per seed.
        tasks: in the order in which they are asked.
    """
    knowledge = {
        stage: [mean_of(row[0] for row in stage_matrix(models, [task])) for task in tasks]
        for stage, models in gold.items()
    }
    return gold_knowledge(knowledge, len(tasks))


def stability_of(
    stages: Sequence[Rows],
    scores: Mapping[str, Any],
    gold: Sequence[float | None],
    tasks: Sequence[int],
    sampled: Collection[int] = (),
) -> dict:
    """Return `continual_summary` of a run's rows by stage with the series of `run_scores`.

    Raise ValueError if a part of the series is not measured.
    """
    forget, keep = scores["series"].get("forget") or [None], scores["series"].get("keep") or [None]
    for name, series in (("forget", forget), ("keep", keep)):
        if None in series:
            raise ValueError(f"stability needs {name}: {scores['reasons'].get(name, 'it is not measured')}")
    matrix = stage_matrix(stages, tasks)
    summary = continual_summary(matrix, [1.0, *keep], gold=gold, forget=forget, keep=keep, sampled=sampled)
    return summary | {"worst_relapse": scores["worst_relapse"]}
