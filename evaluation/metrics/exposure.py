"""Exposure of a secret among the values it could have had, in bits.

Source: Carlini et al., "The Secret Sharer: Evaluating and Testing Unintended Memorization in Neural Networks", 2019.
"""

import math

import numpy as np
from numpy.typing import ArrayLike

from lethebench.evaluation.metrics.validation import finite


def check_candidates(logprobs: ArrayLike, truth: int) -> np.ndarray:
    """The log-probabilities as float64, shape (n,), after the checks that `exposure_rank` names."""
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
    values = check_candidates(logprobs, truth)
    own = values[int(truth)]
    return float((values > own).sum() + ((values == own).sum() + 1) / 2)


def exposure(logprobs: ArrayLike, truth: int) -> float:
    """Exposure in bits: log2 n - log2 rank. 0 (least likely) .. log2 n (most likely); lower is better after unlearning.

    For uniformly random ranks its expectation is `exposure_chance(n)`, not 0. Arguments as in `exposure_rank`.

    >>> exposure([-3.0, -1.0, -4.0, -9.0], 1)
    2.0
    """
    return math.log2(len(check_candidates(logprobs, truth))) - math.log2(exposure_rank(logprobs, truth))


def exposure_normalised(logprobs: ArrayLike, truth: int) -> float:
    """Exposure divided by its maximum log2 n: in [0, 1]. Arguments as in `exposure_rank`."""
    return exposure(logprobs, truth) / math.log2(len(check_candidates(logprobs, truth)))


def exposure_chance(candidates: int) -> float:
    """Expected exposure in bits where every rank 1 .. n is equally likely: log2 n - log2(n!) / n.

    >>> round(exposure_chance(8), 2), round(exposure_chance(512), 2)
    (1.09, 1.43)
    """
    if candidates < 1:
        raise ValueError(f"a number of candidates must be at least 1, got {candidates}")
    return math.log2(candidates) - math.lgamma(candidates + 1) / math.log(2) / candidates


def per_token(logprobs: ArrayLike, num_tokens: ArrayLike) -> np.ndarray:
    """Length-normalised scores, log-probability / number of tokens, shape (n,): an option of what exposure ranks by.

    Sums favour short values, means long ones; a result says which was used.

    Raises:
        ValueError: lengths that differ, or a candidate without a token.
    """
    counts = finite(num_tokens, "num_tokens")
    values = np.asarray(logprobs, dtype=np.float64)
    if values.shape != counts.shape:
        raise ValueError(f"num_tokens has {len(counts)} candidates where {values.size} are expected: give one for each")
    if (counts < 1).any():
        at = int(np.flatnonzero(counts < 1)[0])
        raise ValueError(f"candidate {at} has {counts[at]:g} tokens: it has at least one")
    return values / counts


def sequence_exposure(logprobs: ArrayLike) -> float:
    """Sequence exposure of an answer: the sum of log p of its tokens, in nats, <= 0; lower = less exposed.

    Args:
        logprobs: shape (num_tokens,), natural log-probability of each token of the answer.

    Raises:
        ValueError: no token, or a value that is not finite.

    Source: ReMem, as third parties describe it: its original text could not be checked. It needs no candidates, and so
    does not tell a secret from what is likely anyway.

    >>> sequence_exposure([-1.5, -0.5])
    -2.0
    """
    return float(finite(logprobs, "logprobs").sum())
