"""Stability of a continual run: lasting forgetting, relapses, early damage, and the change of utility over the stages.

Source: ICU-Bench names these families of measures; its formulas are not public, so the definitions are this project's.
Tasks are counted from 1; task i is asked to be forgotten at stage i; stage 0 is before unlearning.
"""

from collections.abc import Sequence

import numpy as np

UNMEASURED = 0.05  # a task known less than this before unlearning is left out of ratios


def _matrix(
    knowledge: Sequence[Sequence[float | None]], utility: Sequence[float | None]
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
            if value is None or not 0 <= value <= 1:
                raise ValueError(f"knowledge of task {task} after stage {stage} is {value}: give a number in 0..1")
    for stage, value in enumerate(utility):
        if value is None or not 0 <= value <= 1:
            raise ValueError(f"utility after stage {stage} is {value}: give a number in 0..1")
    if utility[0] == 0:
        raise ValueError("utility at stage 0 is 0: nothing can be measured against it")
    return np.array(knowledge, dtype=np.float64), np.array(utility, dtype=np.float64)


def continual_summary(knowledge: Sequence[Sequence[float | None]], utility: Sequence[float | None]) -> dict:
    """Return all measures of a continual run from its stage matrix.

    Args:
        knowledge: K, rows t = 0 .. T, each a list of T task scores in [0, 1]: knowledge of task i after stage t.
        utility: U, t = 0 .. T, in [0, 1].

    Returns:
        Means over pairs of stages, where K'[i, t] = K[i, t] / K[i, 0]:
        `forget_now` (1 - K'[t, t]; <= 1, higher is better),
        `historical_preservation` (1 - K'[i, t], i < t; <= 1, higher is better: forgotten tasks stay forgotten),
        `rebound_mean`, `rebound_max` (K'[i, T] - min over s >= i of K'[i, s], i < T; >= 0, lower is better),
        `premature_forgetting` (1 - K'[j, t], t < j; <= 1, lower is better: damage to tasks still to come),
        `utility_retention` (U[T] / U[0], higher is better), `utility_slope` (least squares of U / U[0], per stage),
        `collapse_stage` (first t with U[t] < U[0] / 2, or None),
        `backward_transfer` (K[i, T] - K[i, i], i < T; in [-1, 1], positive = relapse),
        `step_variation` (mean |step change| over all steps of K'[i, .] after its own stage and of U / U[0]; >= 0),
        `stability` (in [0, 1], higher is better) = 1 - (mean over i < T of min(1, range over s >= i of K'[i, s])
        + min(1, range of U / U[0])) / 2, the first term left out where there is none (T = 1);
        `undefined`: names of means over no pair, which are None; `unmeasured_tasks`: tasks with K[i, 0] < 0.05, left
        out of ratios; `flags`: `collapsed` where U[T] < U[0] / 2, `not_measured` where tasks are left out.

    Raises:
        ValueError: a cell missing or outside [0, 1] (it is named), a wrong shape, U[0] = 0, or no known task.
    """
    k, u = _matrix(knowledge, utility)
    last = len(k) - 1
    measured = [task for task in range(1, last + 1) if k[0, task - 1] >= UNMEASURED]
    if not measured:
        raise ValueError(
            f"knowledge of every task at stage 0 is below {UNMEASURED} (task 1: {k[0, 0]}): nothing was memorized"
        )
    ratio = {task: k[:, task - 1] / k[0, task - 1] for task in measured}
    early = [task for task in measured if task < last]  # tasks with stages after their own
    relative = u / u[0]

    rebounds = [ratio[i][last] - ratio[i][i:].min() for i in early]
    spans = [min(1.0, float(np.ptp(ratio[i][i:]))) for i in early]
    steps = [np.abs(np.diff(ratio[i][i:])) for i in early] + [np.abs(np.diff(relative))]
    collapses = np.flatnonzero(relative < 0.5)
    means: dict[str, Sequence[float] | np.ndarray] = {
        "forget_now": [1 - ratio[t][t] for t in measured],
        "historical_preservation": [1 - ratio[i][t] for i in early for t in range(i + 1, last + 1)],
        "rebound_mean": rebounds,
        "rebound_max": [max(rebounds)] if rebounds else [],
        "premature_forgetting": [1 - ratio[j][t] for j in measured for t in range(1, j)],
        "backward_transfer": [k[last, i - 1] - k[i, i - 1] for i in range(1, last)],
        "step_variation": np.concatenate(steps),
    }
    summary: dict = {name: float(np.mean(values)) if len(values) else None for name, values in means.items()}
    swing = min(1.0, float(np.ptp(relative)))
    unmeasured = [task for task in range(1, last + 1) if task not in measured]
    return summary | {
        "utility_retention": float(relative[last]),
        "utility_slope": float(np.polyfit(np.arange(last + 1), relative, 1)[0]),
        "collapse_stage": int(collapses[0]) if len(collapses) else None,
        "stability": 1.0 - ((float(np.mean(spans)) + swing) / 2 if spans else swing),
        "undefined": [name for name, value in summary.items() if value is None],
        "unmeasured_tasks": unmeasured,
        "flags": (["collapsed"] if relative[last] < 0.5 else []) + (["not_measured"] if unmeasured else []),
    }
