"""Membership scores of an answer's tokens, and how well they separate the forget set from rows never seen.

Every score is higher where the row is more likely a member. The arrays, shape (num_tokens,), come from one forward
pass: the natural log-probability of each token of the answer, and mean and standard deviation of log p over the
vocabulary under the model's distribution there. A value that is not finite raises a ValueError that names the token.
"""

import zlib
from collections.abc import Hashable, Sequence

import numpy as np
from numpy.typing import ArrayLike

from lethebench.evaluation.metrics.bootstrap import bootstrap
from lethebench.evaluation.metrics.validation import finite, same_length

SHARES = (10, 20, 40)
"""The k of Min-K % that are reported, in per cent of an answer's tokens."""
EXTREME = 0.05
"""An AUC closer than this to 0 or 1 is flagged: the score separates the two sets, in either direction."""


def _lowest(values: np.ndarray, k: float) -> float:
    """Return the mean of the lowest k per cent of the values, rounded down, at least one."""
    if not 0 < k <= 100:
        raise ValueError(f"k is {k}: give the percentage of tokens to average, above 0 and at most 100")
    count = max(1, int(len(values) * k / 100))
    return float(np.partition(values, count - 1)[:count].mean())


def loss_score(logprobs: ArrayLike) -> float:
    """Return minus the loss of an answer: the mean log-probability of its tokens, <= 0, in nats.

    Source: Yeom et al., "Privacy Risk in Machine Learning", 2018.

    >>> loss_score([-1.0, -3.0])
    -2.0
    """
    return float(finite(logprobs, "logprobs").mean())


def zlib_score(logprobs: ArrayLike, text: str) -> float:
    """Return the mean log-probability divided by the bytes of the zlib-compressed text, <= 0, in nats per byte.

    Source: Carlini et al., "Extracting Training Data from Large Language Models", 2021, section 5.1.
    """
    return loss_score(logprobs) / len(zlib.compress(text.encode("utf-8", "surrogatepass")))


def min_k(logprobs: ArrayLike, k: float = 20) -> float:
    """Return Min-K %: the mean log-probability of the k per cent least likely tokens, <= 0, in nats.

    The count is rounded down, at least one; k = 100 gives `loss_score`. The terminator is one of the tokens here;
    open-unlearning drops it.

    Source: Shi et al., "Detecting Pretraining Data from Large Language Models", 2024.

    >>> min_k([-1.0, -3.0, -2.0, -8.0, -1.0], k=40)
    -5.5
    """
    return _lowest(finite(logprobs, "logprobs"), k)


def min_k_plus_plus(logprobs: ArrayLike, means: ArrayLike, deviations: ArrayLike, k: float = 20) -> float:
    """Return Min-K%++: `min_k` of log-probabilities standardized by the model's own distribution at each token.

    Args:
        means: mean of log p over the vocabulary under the model's distribution of that token.
        deviations: its standard deviation; where it is 0 the model is certain, and the token counts as 0.

    Returns:
        A finite number: standard deviations above the model's expectation.

    Source: Zhang et al., "Min-K%++: Improved Baseline for Detecting Pre-Training Data from LLMs", 2025.

    >>> min_k_plus_plus([-1.0, -3.0], [-2.0, -2.0], [0.5, 0.5], k=50)
    -2.0
    """
    values = finite(logprobs, "logprobs")
    centers = finite(means, "means", count=len(values))
    widths = finite(deviations, "deviations", count=len(values))
    if (widths < 0).any():
        index = int(np.flatnonzero(widths < 0)[0])
        raise ValueError(f"deviations[{index}] is {widths[index]}: a standard deviation is at least 0")
    certain = widths == 0
    return _lowest(np.where(certain, 0.0, (values - centers) / np.where(certain, 1.0, widths)), k)


def membership_scores(
    logprobs: ArrayLike, text: str, *, means: ArrayLike | None = None, deviations: ArrayLike | None = None
) -> dict[str, float]:
    """Return every membership score of one answer: `loss`, `zlib`, `min_k_10`, `min_k_20`, `min_k_40`.

    With `means` and `deviations`, as in `min_k_plus_plus`, also `min_k_plus_plus_10`, `_20` and `_40`.
    """
    scores = {"loss": loss_score(logprobs), "zlib": zlib_score(logprobs, text)}
    scores |= {f"min_k_{k}": min_k(logprobs, k) for k in SHARES}
    if means is not None and deviations is not None:
        scores |= {f"min_k_plus_plus_{k}": min_k_plus_plus(logprobs, means, deviations, k) for k in SHARES}
    return scores


def auc(scores: ArrayLike, members: Sequence[int] | np.ndarray) -> float:
    """Return the area under the ROC curve: how often a member scores above a non-member, ties counted half, in [0, 1].

    Scores have shape (n,); `members` are 1 or 0, at least one of each.

    Source: Hanley and McNeil, "The meaning and use of the area under a ROC curve", 1982 (by ranks).

    >>> auc([0.9, 0.4, 0.4, 0.1], [1, 1, 0, 0])
    0.875
    """
    values = finite(scores, "scores")
    return area_under_curve(values, member_flags(members, len(values)))


def member_flags(members: Sequence[int] | np.ndarray, count: int) -> np.ndarray:
    """Return members (1 or 0, at least one of each) as booleans; raise ValueError with the row otherwise."""
    same_length("members", members, count)
    for row, member in enumerate(members):
        if member not in (0, 1):
            raise ValueError(f"members[{row}] is {member!r}: it must be 1 (forget) or 0 (holdout)")
    flags = np.asarray(members, dtype=bool)
    if flags.all() or not flags.any():
        raise ValueError(f"all {count} rows are {'members' if flags.all() else 'non-members'}: an AUC compares the two")
    return flags


def area_under_curve(values: np.ndarray, members: np.ndarray) -> float:
    """Return `auc` of checked arrays."""
    from scipy import stats  # imported late: half a second

    inside = int(members.sum())
    wins = stats.rankdata(values)[members].sum() - inside * (inside + 1) / 2
    return float(wins / (inside * (len(values) - inside)))


def privacy_leakage(
    scores: ArrayLike,
    members: Sequence[int] | np.ndarray,
    gold: ArrayLike | None = None,
    *,
    profile_ids: Sequence[Hashable] | None = None,
    seed: int = 0,
) -> dict:
    """Return how much better than for a gold model a membership score separates the forget set from unseen rows.

    Args:
        scores: per row, a membership score (minus the loss, zlib ratio, Min-K %, Min-K%++); higher = more likely a
            member.
        members: per row, 1 = forget set, 0 = holdout; at least one of each.
        gold: per row, the same score from the gold (retrained) model.
        profile_ids: per row, whose row it is; the interval then resamples profiles.
        seed: of the bootstrap interval.

    Returns:
        auc: in 0..1; 0.5 = the attack cannot separate the sets.
        auc_gold: AUC of the gold model, in 0..1; None without gold.
        privacy_leakage: (AUC - AUC_gold) / AUC_gold x 100; 0 is best, positive = still recognized (under-unlearned),
            negative = recognized by being avoided (over-unlearned); None without gold.
        privleak_muse: ((1 - AUC) - (1 - AUC_gold)) / (1 - AUC_gold) x 100, with MUSE's sign; 0 is best; None without
            gold.
        flags: among no_gold, auc_extreme (below 0.05 or above 0.95), leakage_extreme (beyond 100 either way).
        n: number of rows.
        ci_low, ci_high: bootstrap 95 % interval of `auc`; None with fewer than two rows or profiles.

    Raises:
        ValueError: empty or unequal inputs, a score that is not finite, rows of one kind alone, or AUC_gold 0 or 1.

    Source: Shi et al., "MUSE: Machine Unlearning Six-Way Evaluation for Language Models", 2025, section 3.
    """
    values = finite(scores, "scores")
    inside = member_flags(members, len(values))
    area = area_under_curve(values, inside)

    def resampled(rows: np.ndarray) -> float | None:
        drawn_members = inside[rows]
        return None if drawn_members.all() or not drawn_members.any() else area_under_curve(values[rows], drawn_members)

    low, high = bootstrap(resampled, len(values), clusters=profile_ids, seed=seed)
    gold_area: float | None = None
    leakage: float | None = None
    muse: float | None = None
    flags = ["no_gold"] if gold is None else []
    if gold is not None:
        gold_area = area_under_curve(finite(gold, "gold", count=len(values)), inside)
        if gold_area in (0.0, 1.0):
            raise ValueError(f"the gold model's AUC is {gold_area}: nothing can be measured against it")
        leakage = (area - gold_area) / gold_area * 100
        muse = (gold_area - area) / (1 - gold_area) * 100
    if not EXTREME <= area <= 1 - EXTREME:
        flags.append("auc_extreme")
    if leakage is not None and muse is not None and max(abs(leakage), abs(muse)) > 100:
        flags.append("leakage_extreme")
    return {
        "auc": area,
        "auc_gold": gold_area,
        "privacy_leakage": leakage,
        "privleak_muse": muse,
        "flags": flags,
        "n": len(values),
        "ci_low": low,
        "ci_high": high,
    }
