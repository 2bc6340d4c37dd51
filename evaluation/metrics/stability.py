"""Stability of a continual run: forgetting and keeping at every stage, relapses, early damage, change of utility.

Source: ICU-Bench names these families of measures; its formulas are not public, so the definitions are this project's.
Tasks are counted from 1; task i is asked to be forgotten at stage i; stage 0 is before unlearning.
"""

from collections.abc import Collection, Sequence

import numpy as np

UNMEASURED = 0.05  # a task known less than this before unlearning is left out of ratios


def _matrix(
    knowledge: Sequence[Sequence[float | None]], utility: Sequence[float | None], sampled: Collection[int]
) -> tuple[np.ndarray, np.ndarray]:
    """Return K, shape (T + 1, T), and U, shape (T + 1,), after checking every cell."""
    stages = len(knowledge)
    tasks = stages - 1
    if tasks < 1:
        raise ValueError(f"the stage matrix has {stages} rows: it needs stage 0 and at least one more")
    if len(utility) != stages:
        raise ValueError(f"utility has {len(utility)} stages, the stage matrix {stages}")
    for stage, row in enumerate(knowledge):
        if len(row) != tasks:
            raise ValueError(f"stage {stage} has {len(row)} task scores where {tasks} are expected ({stages} stages)")
        for task, value in enumerate(row, start=1):
            if value is None and stage in sampled and task != stage:
                continue
            if value is None or not 0 <= value <= 1:
                raise ValueError(f"knowledge of task {task} after stage {stage} is {value}: give a number in 0..1")
    for stage, value in enumerate(utility):
        if value is None or not 0 <= value <= 1:
            raise ValueError(f"utility after stage {stage} is {value}: give a number in 0..1")
    if utility[0] == 0:
        raise ValueError("utility at stage 0 is 0: nothing can be measured against it")
    return np.array(knowledge, dtype=np.float64), np.array(utility, dtype=np.float64)


def continual_summary(
    knowledge: Sequence[Sequence[float | None]],
    utility: Sequence[float | None],
    *,
    gold: Sequence[float | None] | None = None,
    forget: Sequence[float | None] | None = None,
    keep: Sequence[float | None] | None = None,
    sampled: Collection[int] = (),
) -> dict:
    """Return all measures of a continual run from its stage matrix; below, K'[i, t] = K[i, t] / K[i, 0].

    Args:
        knowledge: K, per stage t = 0 .. T, knowledge of each of the T tasks, in 0..1.
        utility: U, per stage t = 0 .. T, in 0..1, of rows that were not trained on.
        gold: G, per task, its knowledge by a gold model, in 0..1; default: 0.
        forget: per stage t = 1 .. T, forget score of the tasks asked so far, in 0..1; default: the mean over tasks
            i <= t of 1 - clip((K[i, t] - G[i]) / (K[i, 0] - G[i]), 0, 1).
        keep: per stage t = 1 .. T, in 0..1; default: min(1, U[t] / U[0]).
        sampled: stages t = 1 .. T - 1 at which the cells of other tasks than t may be None; means are over the rest.
            Give `forget` with them.

    Returns:
        stability: in 0..1, higher is better: mean over stages of min(forget, keep), so that steadiness alone is worth
            nothing.
        forget_anytime, keep_anytime: means over the stages, in 0..1, higher is better.
        worst_relapse: the largest K[i, t] - G[i] of a stage after the task's own, t > i, at least 0; lower is better.
        forget_now: share of a task's knowledge gone at its own stage, 1 - K'[t, t], at most 1, higher is better.
        historical_preservation: share of it gone at later stages, 1 - K'[i, t] over i < t, at most 1, higher is better.
        premature_forgetting: share of knowledge lost by tasks still to come, 1 - K'[j, t] over t < j, at most 1, lower
            is better.
        backward_transfer: K[i, T] - K[i, i], mean over i < T, in -1..1; positive = relapse.
        step_variation: mean |step change| of K'[i, .] after a task's own stage and of U / U[0]; at least 0, lower is
            better.
        utility_retention: U[T] / U[0], at least 0, higher is better.
        utility_slope: least-squares slope of U / U[0] per stage; about 0 is best.
        collapse_stage: first t with U[t] < U[0] / 2, or None, which is best.
        undefined: names of the means over no pair of stages, which are None (T = 1).
        unmeasured_tasks: tasks known less than 0.05 before unlearning, or less than 0.05 beyond gold; left out of
            ratios.
        flags: among collapsed (U[T] < U[0] / 2), not_measured (tasks are left out).

    Raises:
        ValueError: a missing value or one outside 0..1 (the cell is named), a wrong shape, U[0] = 0, or no known task.
    """
    k, u = _matrix(knowledge, utility, sampled)
    last = len(k) - 1
    floor = np.zeros(last) if gold is None else _series(gold, last, "gold", 1)
    measured = [task for task in range(1, last + 1) if k[0, task - 1] - floor[task - 1] >= UNMEASURED]
    if not measured:
        raise ValueError(
            f"knowledge of every task at stage 0 is below {UNMEASURED} (task 1: {k[0, 0]}) beyond gold's: nothing was "
            "memorized"
        )
    ratio = {task: k[:, task - 1] / k[0, task - 1] for task in measured}
    early = [task for task in measured if task < last]  # tasks with stages after their own
    relative = u / u[0]
    forgotten = _forgotten(k, floor, measured) if forget is None else _series(forget, last, "forget", 1)
    kept = np.minimum(1.0, relative[1:]) if keep is None else _series(keep, last, "keep", 1)
    relapses = [k[t, i - 1] - floor[i - 1] for i in early for t in range(i + 1, last + 1)]
    steps = [np.abs(np.diff(ratio[i][i:])) for i in early] + [np.abs(np.diff(relative))]
    collapses = np.flatnonzero(relative < 0.5)
    means: dict[str, Sequence[float] | np.ndarray] = {
        "forget_now": [1 - ratio[t][t] for t in measured],
        "historical_preservation": [1 - ratio[i][t] for i in early for t in range(i + 1, last + 1)],
        "worst_relapse": [np.nanmax([0.0, *relapses])] if relapses else [],
        "premature_forgetting": [1 - ratio[j][t] for j in measured for t in range(1, j)],
        "backward_transfer": [k[last, i - 1] - k[i, i - 1] for i in range(1, last)],
        "step_variation": np.concatenate(steps),
    }
    summary: dict = {name: _mean_of_cells(values) for name, values in means.items()}
    unmeasured = [task for task in range(1, last + 1) if task not in measured]
    return summary | {
        "utility_retention": float(relative[last]),
        "utility_slope": float(np.polyfit(np.arange(last + 1), relative, 1)[0]),
        "collapse_stage": int(collapses[0]) if len(collapses) else None,
        "forget_anytime": float(np.mean(forgotten)),
        "keep_anytime": float(np.mean(kept)),
        "stability": float(np.mean(np.minimum(forgotten, kept))),
        "undefined": [name for name, value in summary.items() if value is None],
        "unmeasured_tasks": unmeasured,
        "flags": (["collapsed"] if relative[last] < 0.5 else []) + (["not_measured"] if unmeasured else []),
    }


def _mean_of_cells(values: Sequence[float] | np.ndarray) -> float | None:
    """Return the mean without the cells that a sample leaves out; None without any."""
    array = np.asarray(values, dtype=np.float64)
    array = array[~np.isnan(array)]
    return float(np.mean(array)) if len(array) else None


def _forgotten(k: np.ndarray, gold: np.ndarray, measured: Sequence[int]) -> np.ndarray:
    """Return the forget score of the asked tasks that are measured, by stage; 0 where none is."""
    scores = []
    for stage in range(1, len(k)):
        tasks = [task - 1 for task in measured if task <= stage]
        left = (k[stage, tasks] - gold[tasks]) / (k[0, tasks] - gold[tasks])
        scores.append(float(np.mean(1 - np.clip(left, 0, 1))) if tasks else 0.0)
    return np.array(scores)


def _series(values: Sequence[float | None], count: int, name: str, first: int) -> np.ndarray:
    if len(values) != count:
        raise ValueError(f"{name} has {len(values)} values where {count} are expected, from {first}")
    for number, value in enumerate(values, start=first):
        if value is None or not 0 <= value <= 1:
            raise ValueError(f"{name} {number} is {value}: give a number in 0..1")
    return np.array(values, dtype=np.float64)
