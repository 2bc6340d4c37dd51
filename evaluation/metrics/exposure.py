"""Exposure of a secret among the values that it could have, in bits.

Source: Carlini et al., "The Secret Sharer: Evaluating and Testing Unintended Memorization in Neural Networks", 2019.
"""

import math

import numpy as np
from numpy.typing import ArrayLike

from lethebench.evaluation.metrics.validation import finite


def check_candidates(logprobs: ArrayLike, truth: int) -> np.ndarray:
    """Return the log-probabilities as float64, shape (n,); raise as `exposure_rank`."""
    values = np.asarray(logprobs, dtype=np.float64)
    if values.ndim != 1 or len(values) < 2:
        raise ValueError(f"exposure needs the log-probabilities of at least 2 candidates, got shape {values.shape}")
    if not np.isfinite(values).all():
        index = int(np.flatnonzero(~np.isfinite(values))[0])
        raise ValueError(f"candidate {index} has the log-probability {values[index]}: it must be finite")
    if not 0 <= truth < len(values) or truth != int(truth):
        raise ValueError(f"the true value's index {truth} is not among the {len(values)} candidates")
    return values


def exposure_rank(logprobs: ArrayLike, truth: int) -> float:
    """Return the rank of the true value among all candidates by log-probability; 1 = most likely, ties at mid-rank.

    Args:
        logprobs: shape (n,), n >= 2, natural log-probabilities of all candidates, the true one among them
            (tensorflow/privacy ranks it among the others alone).
        truth: index of the true value.

    Returns:
        A whole or half number in 1 .. n.

    Raises:
        ValueError: fewer than 2 candidates, a value that is not finite, or an index out of range.

    >>> exposure_rank([-3.0, -1.0, -3.0, -9.0], 0)
    2.5
    """
    values = check_candidates(logprobs, truth)
    own = values[int(truth)]
    return float((values > own).sum() + ((values == own).sum() + 1) / 2)


def exposure(logprobs: ArrayLike, truth: int) -> float:
    """Return exposure in bits, log2 n - log2 rank: 0 (least likely) .. log2 n (most likely).

    After unlearning lower is better, down to that of a gold model. For uniformly random ranks its expectation is
    `exposure_chance(n)`, not 0. Arguments and errors as in `exposure_rank`.

    >>> exposure([-3.0, -1.0, -4.0, -9.0], 1)
    2.0
    """
    return math.log2(len(check_candidates(logprobs, truth))) - math.log2(exposure_rank(logprobs, truth))


def exposure_normalised(logprobs: ArrayLike, truth: int) -> float:
    """Return exposure divided by its maximum log2 n, in [0, 1]; arguments and errors as in `exposure_rank`."""
    return exposure(logprobs, truth) / math.log2(len(check_candidates(logprobs, truth)))


def exposure_chance(candidates: int) -> float:
    """Return the expected exposure in bits where every rank 1 .. n is equally likely: log2 n - log2(n!) / n.

    >>> round(exposure_chance(8), 2), round(exposure_chance(512), 2)
    (1.09, 1.43)
    """
    if candidates < 1:
        raise ValueError(f"the number of candidates must be at least 1, got {candidates}")
    return math.log2(candidates) - math.lgamma(candidates + 1) / math.log(2) / candidates


def per_token(logprobs: ArrayLike, num_tokens: ArrayLike) -> np.ndarray:
    """Return log-probability / number of tokens (at least 1) of each candidate, shape (n,), an alternative to rank by.

    Sums favor short values, means long ones; results state which was used.
    """
    counts = finite(num_tokens, "num_tokens")
    values = np.asarray(logprobs, dtype=np.float64)
    if values.shape != counts.shape:
        raise ValueError(f"num_tokens has {len(counts)} values for {values.size} candidates: give one for each")
    if (counts < 1).any():
        index = int(np.flatnonzero(counts < 1)[0])
        raise ValueError(f"candidate {index} has {counts[index]:g} tokens: it must have at least 1")
    return values / counts


def sequence_exposure(logprobs: ArrayLike) -> float:
    """Return the sequence exposure of an answer: the sum of log p of its tokens, in nats, <= 0; lower = less exposed.

    Without candidates it does not separate a secret from text that is likely anyway.

    Source: ReMem, as described by third parties; the original text was not available.

    >>> sequence_exposure([-1.5, -0.5])
    -2.0
    """
    return float(finite(logprobs, "logprobs").sum())
