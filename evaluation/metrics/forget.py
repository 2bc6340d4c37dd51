"""The forget score: from the initial model (0) to a gold model that never saw the forget set (1)."""

from collections.abc import Hashable, Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike

from lethebench.evaluation.metrics.bootstrap import bootstrap
from lethebench.evaluation.metrics.validation import shares

MARGIN = 0.05  # smaller differences of knowledge to gold do not count


def forget_value(after: float, before: float, gold: float = 0.0) -> float:
    """Return the forget score of set means: 1 - clip((K - G) / (K0 - G), 0, 1), in [0, 1], higher is better.

    Args:
        after: K, mean knowledge of the forget set after unlearning.
        before: K0, mean knowledge before unlearning.
        gold: G, mean knowledge of the gold (retrained) model.

    Raises:
        ValueError: "not memorized beyond gold", K0 - G < 0.05.

    >>> forget_value(0.25, 1.0, gold=0.0)
    0.75
    """
    after, before, gold = shares([after, before, gold], "(after, before, gold)").tolist()
    if before - gold < MARGIN:
        raise ValueError(
            f"not memorized beyond gold: knowledge before unlearning is {before:.3f}, of the gold model {gold:.3f}; "
            "there is nothing to forget"
        )
    return 1.0 - min(max((after - gold) / (before - gold), 0.0), 1.0)


def forget_score(
    after: ArrayLike,
    before: ArrayLike,
    gold: ArrayLike | None = None,
    *,
    profile_ids: Sequence[Hashable] | None = None,
    seed: int = 0,
) -> dict:
    """Return the forget score of a set of rows.

    Args:
        after: per question, knowledge after unlearning in 0..1, e.g. keyword match.
        before: per question, knowledge before unlearning in 0..1.
        gold: per question, knowledge of the gold (retrained) model in 0..1; without it 0 is assumed, and flagged.
        profile_ids: per question, whose fact it is; the interval then resamples profiles.
        seed: of the bootstrap interval.

    Returns:
        forget: in 0..1, higher is better.
        knowledge_before, knowledge_after, knowledge_gold: means in 0..1; knowledge_gold is None without gold.
        flags: among no_gold, over_unlearned (knowledge below that of gold by more than 0.05).
        n: number of rows.
        ci_low, ci_high: bootstrap 95 % interval of `forget`; None with fewer than two rows or profiles.

    Raises:
        ValueError: empty or unequal inputs, a value outside 0..1, or knowledge before unlearning that is not at least
            0.05 above gold's ("not memorized beyond gold").
    """
    now = shares(after, "knowledge after")
    then = shares(before, "knowledge before", count=len(now))
    reference = np.zeros(len(now)) if gold is None else shares(gold, "knowledge of gold", count=len(now))
    value = forget_value(now.mean(), then.mean(), reference.mean())

    def resampled(rows: np.ndarray) -> float | None:
        span = then[rows].mean() - reference[rows].mean()
        if span < MARGIN:
            return None
        return 1.0 - min(max((now[rows].mean() - reference[rows].mean()) / span, 0.0), 1.0)

    low, high = bootstrap(resampled, len(now), clusters=profile_ids, seed=seed)
    flags = ["no_gold"] if gold is None else []
    if gold is not None and now.mean() < reference.mean() - MARGIN:
        flags.append("over_unlearned")
    return {
        "forget": value,
        "knowledge_before": float(then.mean()),
        "knowledge_after": float(now.mean()),
        "knowledge_gold": None if gold is None else float(reference.mean()),
        "flags": flags,
        "n": len(now),
        "ci_low": low,
        "ci_high": high,
    }


def gold_knowledge(stages: Mapping[int, Sequence[float]], tasks: int) -> list[float | None]:
    """Return G[i], i = 1 .. T: knowledge of task i by the gold model of the earliest stage >= i; None without one.

    `stages` maps a gold stage t >= 1 to the knowledge of each task by the model retrained without tasks 1 .. t.

    >>> gold_knowledge({2: [0.0, 0.1, 0.9], 3: [0.2, 0.2, 0.2]}, 3)
    [0.0, 0.1, 0.2]
    """
    knowledge: list[float | None] = []
    for task in range(1, tasks + 1):
        stage = min((stage for stage in stages if stage >= task), default=None)
        knowledge.append(None if stage is None else float(stages[stage][task - 1]))
    return knowledge
