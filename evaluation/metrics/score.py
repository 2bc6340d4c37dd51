"""One number for an unlearning run."""

import math

from lethebench.evaluation.metrics.validation import harmonic_mean

PARTS = ("forget", "forget_worst", "indistinguishable", "keep", "keep_worst")


def unlearning_score(
    forget: float | None,
    forget_worst: float | None,
    indistinguishable: float | None,
    keep: float | None,
    keep_worst: float | None,
    *,
    fluent: float | None = 1.0,
) -> float | None:
    """Return the harmonic mean of five parts times the share of fluent answers, in [0, 1]; higher is better.

    One part at 0 makes it 0: a person who is not forgotten, a task that is lost, or a model that anybody can tell from
    gold is not made up for by the rest.

    Args:
        forget: mean over asked profiles of the forget score, in [0, 1]; of a run the mean over its stages.
        forget_worst: that of the worst tenth of the profiles.
        indistinguishable: closeness to gold of the asked facts, in [0, 1].
        keep: mean over profiles of the utility kept on rows that were not trained on, in [0, 1].
        keep_worst: that of the worst group: a task that is not yet asked, the retained profiles, neighbors, or general
            tasks.
        fluent: share of answers that are language, relative to the initial model.

    Returns:
        None where a part is None.

    Raises:
        ValueError: a part is below 0 or not finite.

    >>> round(unlearning_score(1.0, 1.0, 0.5, 1.0, 1.0), 3), unlearning_score(1.0, 1.0, None, 1.0, 1.0)
    (0.833, None)
    """
    parts = dict(zip(PARTS, (forget, forget_worst, indistinguishable, keep, keep_worst), strict=True))
    parts["fluent"] = fluent
    for name, value in parts.items():
        if value is not None and not (math.isfinite(value) and value >= 0):
            raise ValueError(f"{name} is {value}: it must be a number in 0..1, or None where it was not measured")
    if any(value is None for value in parts.values()):
        return None
    return harmonic_mean([value for name, value in parts.items() if name != "fluent" and value is not None]) * (
        fluent or 0.0
    )
