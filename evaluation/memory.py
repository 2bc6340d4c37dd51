"""Did stage 1 work? The memorisation gate: what was never learnt cannot be forgotten."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from lethebench.evaluation.checks import same_length, shares

THRESHOLD = 0.9


def gate(exact_match: ArrayLike, modality: Sequence[str], *, threshold: float = THRESHOLD) -> dict:
    """The memorisation gate of a learnt model.

    Args:
        exact_match: shape (n,), 0 or 1 per training row.
        modality: shape (n,), e.g. `image_text` or `text`.
        threshold: the exact match that each modality must reach, in [0, 1].

    Returns:
        One mean per modality under its name, `passed` (every one of them >= threshold), `threshold`, `n` (rows per
        modality), `reason` (None, or which modality is below) and `flags` (`not_memorised` where it did not pass).

    Raises:
        ValueError: no row, lengths that differ, or a value outside [0, 1].
    """
    if not 0 <= threshold <= 1:
        raise ValueError(f"the gate's threshold is {threshold}: it must be in 0..1")
    matches = shares(exact_match, "exact_match")
    same_length("modality", modality, len(matches))
    kinds = np.array(list(modality))
    names = sorted(set(kinds.tolist()))
    means = {name: float(matches[kinds == name].mean()) for name in names}
    below = [f"{name} {mean:.3f}" for name, mean in means.items() if mean < threshold]
    return {
        **means,
        "passed": not below,
        "threshold": float(threshold),
        "n": {name: int((kinds == name).sum()) for name in names},
        "reason": f"exact match below {threshold}: {', '.join(below)}" if below else None,
        "flags": ["not_memorised"] if below else [],
    }
