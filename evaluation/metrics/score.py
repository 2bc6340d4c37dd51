"""One number for an unlearning run, and its missing parts."""

import math

from lethebench.evaluation.metrics.validation import harmonic_mean

COLLAPSED = 0.5  # utility_relative below this


def unlearning_score(
    forget: float | None,
    utility: float | None,
    stability: float | None,
    exposure_normalised: float | None,
    exposure_normalised_gold: float | None,
    *,
    utility_relative: float | None = None,
    fluency_lost: bool = False,
    flags: tuple[str, ...] | list[str] = (),
) -> dict:
    """Return the harmonic mean of forget, utility, stability and closeness of exposure to gold.

    Args:
        forget: in [0, 1], `forget_score`.
        utility: in [0, 1], `model_utility` after the last stage.
        stability: in [0, 1], `continual_summary`.
        exposure_normalised: mean normalized exposure of the forgotten facts, in [0, 1].
        exposure_normalised_gold: mean normalized exposure of the same facts to the gold model.
        utility_relative: utility / utility at t = 0; below 0.5 the model has collapsed.
        fluency_lost: whether the model no longer writes language, which counts as collapse.
        flags: of the parts, passed on.

    Returns:
        `score` in [0, 1], higher is better: 0 for a collapsed model, None where a part is missing;
        `exposure_closeness` = 1 - min(1, |exposure - gold|); `missing` (names of parts that are None); `flags` with
        `collapsed`, `no_gold` (no exposure of gold) and `not_measured` (another part missing) added.

    Raises:
        ValueError: a part outside [0, 1].
    """
    parts = {
        "forget": forget,
        "utility": utility,
        "stability": stability,
        "exposure_normalised": exposure_normalised,
        "exposure_normalised_gold": exposure_normalised_gold,
    }
    for name, value in parts.items():
        if value is not None and not (math.isfinite(value) and 0 <= value <= 1):
            raise ValueError(f"{name} is {value}: it must be a number in 0..1, or None where it was not measured")
    missing = [name for name, value in parts.items() if value is None]
    closeness = None
    if exposure_normalised is not None and exposure_normalised_gold is not None:
        closeness = 1.0 - min(1.0, abs(exposure_normalised - exposure_normalised_gold))
    collapsed = fluency_lost or (utility_relative is not None and utility_relative < COLLAPSED)
    raised_flags = list(dict.fromkeys(flags))
    for flag, raised in (
        ("collapsed", collapsed),
        ("no_gold", "exposure_normalised_gold" in missing),
        ("not_measured", bool(set(missing) - {"exposure_normalised_gold"})),
    ):
        if raised and flag not in raised_flags:
            raised_flags.append(flag)
    score = None
    components = [value for value in (forget, utility, stability, closeness) if value is not None]
    if collapsed:
        score = 0.0
    elif not missing:
        score = harmonic_mean(components)
    return {"score": score, "exposure_closeness": closeness, "missing": missing, "flags": raised_flags}
