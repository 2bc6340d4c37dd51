"""The forget score: from the initial model (0) to a gold model that never saw the forget set (1)."""

from collections.abc import Hashable, Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike

from lethebench.evaluation.metrics.over_profiles import interval, profile_mean, resampled, worst_mean
from lethebench.evaluation.metrics.validation import same_length, shares

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


def forgotten(after: np.ndarray, before: np.ndarray, gold: np.ndarray) -> np.ndarray:
    """Return `forget_value` of each profile, shape (profiles,); NaN where before - gold is below 0.05.

    >>> forgotten(np.array([0.25, 0.0]), np.array([1.0, 0.04]), np.zeros(2))
    array([0.75,  nan])
    """
    span = before - gold
    remaining = np.divide(after - gold, span, out=np.full(span.shape, np.nan), where=span >= MARGIN)
    return 1.0 - np.clip(remaining, 0.0, 1.0)


def forget_score(
    after: ArrayLike,
    before: ArrayLike,
    gold: ArrayLike | None = None,
    *,
    profile_ids: Sequence[Hashable] | None = None,
    modalities: Sequence[str] | None = None,
    seed: int = 0,
) -> dict:
    """Return the forget score of a set of rows: of each profile first, then the mean over profiles.

    Args:
        after: per question, knowledge after unlearning in 0..1, e.g. keyword match.
        before: per question, knowledge before unlearning in 0..1.
        gold: per question, knowledge of the gold (retrained) model in 0..1; without it 0 is assumed, and flagged.
        profile_ids: per question, whose fact it is; default: each question by itself.
        modalities: per question, e.g. image_text or text; each is scored apart; default: all are one.
        seed: of the bootstrap interval.

    Returns:
        forget: in 0..1, higher is better: mean over profiles, of the modality where it is lower.
        forget_worst: mean over the worst tenth of the profiles, at least one, of the modality where it is lower.
        forget_<modality>: mean over profiles of one modality, where there are several.
        worst_profile: the profile with the lowest value.
        knowledge_before, knowledge_after, knowledge_gold: means over rows in 0..1; knowledge_gold is None without gold.
        not_memorized: profiles, of any modality, that knew less than 0.05 more than gold; they are left out.
        flags: among no_gold, over_unlearned (knowledge below that of gold by more than 0.05), not_memorized.
        n: number of rows.
        ci_low, ci_high: bootstrap 95 % interval of `forget` over profiles; None with fewer than two.

    Raises:
        ValueError: empty or unequal inputs, a value outside 0..1, or no profile whose knowledge before unlearning is
            at least 0.05 above gold's ("not memorized beyond gold").
    """
    now = shares(after, "knowledge after")
    then = shares(before, "knowledge before", count=len(now))
    reference = np.zeros(len(now)) if gold is None else shares(gold, "knowledge of gold", count=len(now))
    ids = list(range(len(now))) if profile_ids is None else list(profile_ids)
    kinds = ["all"] * len(now) if modalities is None else list(modalities)
    same_length("profile_ids", ids, len(now))
    same_length("modalities", kinds, len(now))
    profiles = list(dict.fromkeys(ids))
    owner = np.array([{profile: number for number, profile in enumerate(profiles)}[profile] for profile in ids])
    values = {
        kind: forgotten(*(_means(part, owner, len(profiles), mask) for part in (now, then, reference)))
        for kind in sorted(set(kinds))
        for mask in [np.array([other == kind for other in kinds])]
    }
    values = {kind: scores for kind, scores in values.items() if not np.isnan(scores).all()}
    if not values:
        raise ValueError(
            f"not memorized beyond gold: knowledge before unlearning is {then.mean():.3f}, of the gold model "
            f"{reference.mean():.3f}; there is nothing to forget"
        )
    weights = resampled(np.zeros(len(profiles)), seed=seed)
    draws = np.array([profile_mean(scores, weights) for scores in values.values()]).min(axis=0)
    lowest = np.fmin.reduce(list(values.values()))
    asked = {(profile, kind) for profile, kind in zip(ids, kinds, strict=True)}
    left_out = len(asked) - int(sum((~np.isnan(scores)).sum() for scores in values.values()))
    flags = ["no_gold"] if gold is None else []
    if gold is not None and now.mean() < reference.mean() - MARGIN:
        flags.append("over_unlearned")
    low, high = interval(draws[1:]) if len(profiles) > 1 else (None, None)
    return {
        "forget": float(draws[0]),
        "forget_worst": float(min(worst_mean(scores, weights[:1])[0] for scores in values.values())),
        **({f"forget_{kind}": float(np.nanmean(scores)) for kind, scores in values.items()} if len(values) > 1 else {}),
        "worst_profile": profiles[int(np.nanargmin(lowest))],
        "knowledge_before": float(then.mean()),
        "knowledge_after": float(now.mean()),
        "knowledge_gold": None if gold is None else float(reference.mean()),
        "not_memorized": left_out,
        "flags": flags + (["not_memorized"] if left_out else []),
        "n": len(now),
        "ci_low": low,
        "ci_high": high,
    }


def _means(values: np.ndarray, owner: np.ndarray, count: int, chosen: np.ndarray) -> np.ndarray:
    """Return the mean of each profile over chosen rows, NaN without any."""
    rows = np.bincount(owner[chosen], minlength=count)
    sums = np.bincount(owner[chosen], values[chosen], minlength=count)
    return np.divide(sums, rows, out=np.full(count, np.nan), where=rows > 0)


def gold_knowledge(stages: Mapping[int, Sequence[float | None]], tasks: int) -> list[float | None]:
    """Return G[i], i = 1 .. T: knowledge of task i by the gold model of the earliest stage >= i; None without one.

    `stages` maps a gold stage t >= 1 to the knowledge of each task by the model retrained without tasks 1 .. t.

    >>> gold_knowledge({2: [0.0, 0.1, 0.9], 3: [0.2, 0.2, 0.2]}, 3)
    [0.0, 0.1, 0.2]
    """
    knowledge: list[float | None] = []
    for task in range(1, tasks + 1):
        stage = min((stage for stage in stages if stage >= task), default=None)
        knowledge.append(None if stage is None else stages[stage][task - 1])
    return knowledge
