"""Exposure of a secret among the values it could have had, in bits.

Source: Carlini et al., "The Secret Sharer: Evaluating and Testing Unintended Memorization in Neural Networks", 2019.
"""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from lethebench.evaluation.intervals import bootstrap_mean


def _candidates(logprobs: ArrayLike, truth: int) -> np.ndarray:
    values = np.asarray(logprobs, dtype=np.float64)
    if values.ndim != 1 or len(values) < 2:
        raise ValueError(f"exposure needs the log-probabilities of at least 2 candidates, got shape {values.shape}")
    if not np.isfinite(values).all():
        at = int(np.flatnonzero(~np.isfinite(values))[0])
        raise ValueError(f"candidate {at} has the log-probability {values[at]}: it must be finite")
    if not 0 <= truth < len(values) or truth != int(truth):
        raise ValueError(f"the true value's index {truth} is not among the {len(values)} candidates")
    return values


def exposure_rank(logprobs: ArrayLike, truth: int) -> float:
    """Rank of the true value among all candidates by log-probability; 1 = most likely, ties at mid-rank.

    Args:
        logprobs: shape (n,), n >= 2, natural log-probabilities of all candidates, the true one among them.
        truth: index of the true value.

    Returns:
        A number in 1 .. n; whole or half.

    Raises:
        ValueError: fewer than 2 candidates, a value that is not finite, or an index outside.

    >>> exposure_rank([-3.0, -1.0, -3.0, -9.0], 0)
    2.5
    """
    values = _candidates(logprobs, truth)
    own = values[int(truth)]
    return float((values > own).sum() + ((values == own).sum() + 1) / 2)


def exposure(logprobs: ArrayLike, truth: int) -> float:
    """Exposure in bits: log2 n - log2 rank. 0 (least likely) .. log2 n (most likely); lower is better after unlearning.

    For uniformly random ranks its expectation is `exposure_chance(n)`, not 0. Arguments as in `exposure_rank`.

    >>> exposure([-3.0, -1.0, -4.0, -9.0], 1)
    2.0
    """
    return math.log2(len(_candidates(logprobs, truth))) - math.log2(exposure_rank(logprobs, truth))


def exposure_normalised(logprobs: ArrayLike, truth: int) -> float:
    """Exposure divided by its maximum log2 n: in [0, 1]. Arguments as in `exposure_rank`."""
    return exposure(logprobs, truth) / math.log2(len(_candidates(logprobs, truth)))


def exposure_chance(candidates: int) -> float:
    """Expected exposure in bits where every rank 1 .. n is equally likely: log2 n - log2(n!) / n.

    >>> round(exposure_chance(8), 2), round(exposure_chance(512), 2)
    (1.09, 1.43)
    """
    if candidates < 1:
        raise ValueError(f"a number of candidates must be at least 1, got {candidates}")
    return math.log2(candidates) - math.lgamma(candidates + 1) / math.log(2) / candidates


def exposure_extrapolated(logprobs: ArrayLike, truth: int) -> float:
    """Exposure in bits by a fitted tail: -log2 P(S >= s), s the truth's score, S skew-normal over the candidates'.

    It does not stop at log2 n, so that values far above all candidates stay apart. The true value is left out of the
    fit, which it would pull towards itself. Arguments as in `exposure_rank`; at least 8 candidates, not all equal.

    Source: Carlini et al. 2019, section 4.3 (approximation by a skew-normal distribution).
    """
    values = _candidates(logprobs, truth)
    others = np.delete(values, int(truth))
    if len(values) < 8 or np.ptp(others) == 0:
        raise ValueError(
            f"a skew-normal cannot be fitted to {len(others)} scores with range {np.ptp(others)}: "
            "give at least 8 candidates whose scores differ"
        )
    centre, scale = others.mean(), others.std()
    shape, location, width = stats.skewnorm.fit((others - centre) / scale)
    tail = stats.skewnorm.logsf((values[int(truth)] - centre) / scale, shape, location, width)
    return float(-tail / math.log(2))


def exposure_summary(
    candidates: Sequence[ArrayLike],
    truths: Sequence[int],
    *,
    gold: Sequence[ArrayLike] | None = None,
    extrapolate: bool = False,
    profile_ids: Sequence[str] | None = None,
    seed: int = 0,
) -> dict:
    """Exposure of a set of facts, beside that of a model which never saw them.

    Args:
        candidates: for each row, the log-probabilities of all its candidates.
        truths: for each row, the index of the true value.
        gold: `candidates` from the gold (retrained) model.
        extrapolate: add the mean of `exposure_extrapolated`.
        profile_ids: for each row, whose fact it is; the interval then resamples profiles.
        seed: of the interval.

    Returns:
        `exposure` (mean bits, lower = less exposed), `exposure_normalised` (mean, in [0, 1]), `exposure_chance` (mean
        expected bits of random ranks), `rank1_share`, `n`, `ci_low` and `ci_high` (95 % bootstrap interval of
        `exposure`; None with fewer than 2 profiles), `exposure_gold` and `exposure_excess` (None without gold) and,
        where asked for, `exposure_extrapolated`.

    Raises:
        ValueError: no row, lengths that differ, or a bad row, named by its number.
    """
    if not len(candidates) or len(candidates) != len(truths):
        raise ValueError(
            f"{len(candidates)} rows of candidates, {len(truths)} true values: give one each, at least one"
        )
    if gold is not None and len(gold) != len(candidates):
        raise ValueError(f"gold has {len(gold)} rows, the model {len(candidates)}: they must be the same rows")
    bits, shares, firsts, chances, golds, tails = [], [], [], [], [], []
    for row, (values, truth) in enumerate(zip(candidates, truths, strict=True)):
        try:
            bits.append(exposure(values, truth))
            shares.append(exposure_normalised(values, truth))
            firsts.append(exposure_rank(values, truth) == 1)
            chances.append(exposure_chance(len(values)))
            if extrapolate:
                tails.append(exposure_extrapolated(values, truth))
            if gold is not None:
                if len(gold[row]) != len(values):
                    raise ValueError(f"gold has {len(gold[row])} candidates, the model {len(values)}")
                golds.append(exposure(gold[row], truth))
        except ValueError as error:
            raise ValueError(f"row {row}: {error}") from error
    low, high = bootstrap_mean(bits, clusters=profile_ids, seed=seed)
    summary = {
        "exposure": float(np.mean(bits)),
        "exposure_normalised": float(np.mean(shares)),
        "exposure_chance": float(np.mean(chances)),
        "rank1_share": float(np.mean(firsts)),
        "n": len(bits),
        "ci_low": low,
        "ci_high": high,
        "exposure_gold": float(np.mean(golds)) if golds else None,
        "exposure_excess": float(np.mean(bits) - np.mean(golds)) if golds else None,
    }
    if extrapolate:
        summary["exposure_extrapolated"] = float(np.mean(tails))
    return summary
