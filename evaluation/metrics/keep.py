"""What a model keeps: utility on rows that no model was trained on, relative to the initial and the gold model."""

import numpy as np

PARTS = ("keyword_match", "probability", "rouge_l_recall", "truth")
"""Parts of a profile's utility; truth is max(0, 1 - truth ratio)."""
GRADED = PARTS[1:]
"""Parts of a group's utility: keyword match is 0 for a handful of rows by chance."""
SMALLEST = 0.05
"""A profile for which the initial or any gold model has less utility than this cannot show a loss, and is left out."""


def profile_utility(parts: np.ndarray) -> np.ndarray:
    """Return the utility of each profile: the harmonic mean of its parts, in [0, 1]; NaN where a part is missing.

    Args:
        parts: shape (parts, profiles), means over the rows of a profile, in [0, 1].

    >>> profile_utility(np.array([[1.0, 0.0], [0.5, 1.0]]))
    array([0.66666667, 0.        ])
    """
    positive = (parts > 0).all(axis=0)
    inverse = np.divide(1.0, parts, out=np.ones_like(parts), where=parts > 0).sum(axis=0)
    utility = np.where(positive, len(parts) / inverse, 0.0)
    return np.where(np.isnan(parts).any(axis=0), np.nan, utility)


def kept(utility: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """Return clip(U / reference, 0, 1) of each profile; NaN where the reference is below SMALLEST.

    Args:
        utility: shape (profiles,), U of the model.
        reference: shape (profiles,), the lower one of the initial and the gold model's.

    >>> kept(np.array([0.4, 0.9, 0.2]), np.array([0.8, 0.8, 0.01]))
    array([0.5, 1. , nan])
    """
    large = reference >= SMALLEST
    return np.clip(np.divide(utility, reference, out=np.full(utility.shape, np.nan), where=large), 0.0, 1.0)
