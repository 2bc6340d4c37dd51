"""leak@k: whether any of k sampled answers to a question gives its fact away."""

import math
from collections.abc import Hashable, Sequence

import numpy as np

from lethebench.evaluation.metrics.bootstrap import bootstrap_mean
from lethebench.evaluation.metrics.validation import same_length


def leak_at_k(num_samples: int, num_leaks: int, k: int) -> float:
    """Return the unbiased estimate of the chance that any of k samples gives the fact away, in [0, 1].

    1 - C(n - c, k) / C(n, k) for n samples of which c do.

    Raises:
        ValueError: unless 0 <= num_leaks <= num_samples and 1 <= k <= num_samples.

    Source: Chen et al., "Evaluating Large Language Models Trained on Code", 2021, equation 1 (pass@k); for unlearning:
    Reisizadeh et al., "Leak@k: Unlearning Does Not Make LLMs Forget Under Probabilistic Decoding", arXiv 2511.04934.

    >>> leak_at_k(4, 1, 1), leak_at_k(4, 1, 4), leak_at_k(4, 2, 2) == 1 - 1 / 6
    (0.25, 1.0, True)
    """
    if not 0 <= num_leaks <= num_samples:
        raise ValueError(f"{num_leaks} of {num_samples} samples leak: give a number from 0 to {num_samples}")
    if not 1 <= k <= num_samples:
        raise ValueError(f"k is {k}: give a number from 1 to the {num_samples} samples of each question")
    return 1.0 - math.comb(num_samples - num_leaks, k) / math.comb(num_samples, k)


def reported_k(num_samples: int) -> tuple[int, ...]:
    """Return the k that are reported: 1, 2, 4, 8, ... and the number of samples itself.

    >>> reported_k(12)
    (1, 2, 4, 8, 12)
    """
    powers = [2**power for power in range(num_samples.bit_length()) if 2**power < num_samples]
    return (*powers, num_samples) if num_samples else ()


def leak_summary(
    leaks: Sequence[int],
    num_samples: Sequence[int],
    *,
    profile_ids: Sequence[Hashable] | None = None,
    seed: int = 0,
) -> dict:
    """Return leak@k of a set of questions.

    Args:
        leaks: per question, how many of its samples give the fact away.
        num_samples: per question, how many samples were drawn, at least 1.
        profile_ids: per question, whose it is; the intervals then resample profiles.
        seed: of the bootstrap intervals.

    Returns:
        leak_at_1, leak_at_2, leak_at_4, ...: mean over the questions of `leak_at_k`, in 0..1, for 1, 2, 4, 8, ... and
            the smallest number of samples; lower = less leaks.
        intervals: bootstrap 95 % interval of each; None with fewer than two questions or profiles.
        n: number of questions.

    Raises:
        ValueError: empty or unequal inputs, or numbers that `leak_at_k` refuses.
    """
    if not len(leaks):
        raise ValueError("leaks is empty: give one number per question")
    same_length("num_samples", num_samples, len(leaks))
    broken = next((row for row, number in enumerate(leaks) if number is None or number != int(number)), None)
    if broken is not None:
        raise ValueError(f"leaks[{broken}] is {leaks[broken]}: give a whole number")
    means: dict[str, float] = {}
    intervals: dict[str, list] = {}
    for k in reported_k(min(num_samples)) or (1,):
        values = [leak_at_k(count, int(hits), k) for hits, count in zip(leaks, num_samples, strict=True)]
        means[f"leak_at_{k}"] = float(np.mean(values))
        intervals[f"leak_at_{k}"] = list(bootstrap_mean(values, clusters=profile_ids, seed=seed))
    return {**means, "intervals": intervals, "n": len(leaks)}
