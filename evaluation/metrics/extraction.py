"""Extraction: how much of an answer a model reproduces token by token when the true tokens before are given.

Both functions take, per token of the answer without the terminator, whether it is the model's likeliest token there.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from lethebench.evaluation.metrics.validation import shares


def _agreement(likeliest: ArrayLike | Sequence[bool]) -> np.ndarray:
    values = shares(likeliest, "likeliest")
    if not np.isin(values, (0.0, 1.0)).all():
        raise ValueError("likeliest must hold True or False, one per token of the answer")
    return values == 1.0


def exact_memorization(likeliest: ArrayLike | Sequence[bool]) -> float:
    """Return token-wise exact memorization: the share of the answer's tokens that are the likeliest, in [0, 1].

    Source: Tirumala et al., "Memorization Without Overfitting", 2022; as in open-unlearning.

    >>> exact_memorization([True, False, True, True])
    0.75
    """
    return float(_agreement(likeliest).mean())


def extraction_strength(likeliest: ArrayLike | Sequence[bool]) -> float:
    """Return extraction strength: 1 - k / n for the shortest prefix of k tokens after which all n - k others follow.

    In [0, 1], higher = more extractable; 0 if not even the last token follows from all others. open-unlearning's loop
    ends at k = n - 1 and returns 1 / n there.

    Source: Carlini et al., "Extracting Training Data from Large Language Models", 2021; Wang et al., "Towards Effective
    Evaluations and Comparisons for LLM Unlearning Methods", 2025.

    >>> extraction_strength([True, False, True, True]), extraction_strength([True, False])
    (0.5, 0.0)
    """
    values = _agreement(likeliest)
    misses = np.flatnonzero(~values)
    return 1.0 - (int(misses[-1]) + 1) / len(values) if len(misses) else 1.0
