"""Exposure of a set of facts, compared with that of a model that never saw them."""

from collections.abc import Hashable, Sequence
from functools import partial

import numpy as np

from lethebench.evaluation.metrics.bootstrap import bootstrap_mean
from lethebench.evaluation.metrics.exposure import (
    exposure,
    exposure_chance,
    exposure_normalised,
    exposure_rank,
    per_token,
)
from lethebench.evaluation.metrics.exposure_tail import exposure_extrapolated


def exposure_summary(
    candidates: Sequence[Sequence[float] | np.ndarray],
    truths: Sequence[int],
    *,
    gold: Sequence[Sequence[float] | np.ndarray] | None = None,
    num_tokens: Sequence[Sequence[float] | np.ndarray] | None = None,
    extrapolate: bool = False,
    profile_ids: Sequence[Hashable] | None = None,
    seed: int = 0,
) -> dict:
    """Return the exposure of a set of facts, and that of a model that never saw them.

    Args:
        candidates: for each row, the log-probabilities of all its candidates.
        truths: for each row, the index of the true value.
        gold: `candidates` from the gold (retrained) model.
        num_tokens: for each row, the number of tokens of each candidate: ranks go by log-probability per token.
        extrapolate: add the mean of `exposure_extrapolated`.
        profile_ids: for each row, whose fact it is; the interval then resamples profiles.
        seed: of the interval.

    Returns:
        `exposure` (mean bits, lower = less exposed), `exposure_normalised` (mean, in [0, 1]), `exposure_chance` (mean
        expected bits of random ranks), `rank1_share`, `ranked_by` (`logprob` or `logprob_per_token`), `n`, `ci_low`
        and `ci_high` (95 % bootstrap interval of `exposure`; None with fewer than 2 profiles), `exposure_gold`,
        `exposure_normalised_gold` and `exposure_excess` (None without gold) and, with `extrapolate`,
        `exposure_extrapolated`.

    Raises:
        ValueError: no row, lengths that differ, or an invalid row, named by its number.
    """
    if not len(candidates) or len(candidates) != len(truths):
        raise ValueError(
            f"{len(candidates)} rows of candidates, {len(truths)} true values: give one each, at least one"
        )
    if gold is not None and len(gold) != len(candidates):
        raise ValueError(f"gold has {len(gold)} rows, the model {len(candidates)}: they must be the same rows")
    if num_tokens is not None and len(num_tokens) != len(candidates):
        raise ValueError(f"num_tokens has {len(num_tokens)} rows, the model {len(candidates)}: they must be the same")
    bits, shares, firsts, chances, golds, gold_shares, tails = [], [], [], [], [], [], []
    for row, (values, truth) in enumerate(zip(candidates, truths, strict=True)):
        try:
            if gold is not None and len(gold[row]) != len(values):
                raise ValueError(f"gold has {len(gold[row])} candidates, the model {len(values)}")
            scale = np.asarray if num_tokens is None else partial(per_token, num_tokens=num_tokens[row])
            values = scale(values)
            bits.append(exposure(values, truth))
            shares.append(exposure_normalised(values, truth))
            firsts.append(exposure_rank(values, truth) == 1)
            chances.append(exposure_chance(len(values)))
            if extrapolate:
                tails.append(exposure_extrapolated(values, truth))
            if gold is not None:
                golds.append(exposure(scale(gold[row]), truth))
                gold_shares.append(exposure_normalised(scale(gold[row]), truth))
        except ValueError as error:
            raise ValueError(f"row {row}: {error}") from error
    low, high = bootstrap_mean(bits, clusters=profile_ids, seed=seed)
    summary = {
        "exposure": float(np.mean(bits)),
        "exposure_normalised": float(np.mean(shares)),
        "exposure_chance": float(np.mean(chances)),
        "rank1_share": float(np.mean(firsts)),
        "ranked_by": "logprob" if num_tokens is None else "logprob_per_token",
        "n": len(bits),
        "ci_low": low,
        "ci_high": high,
        "exposure_gold": float(np.mean(golds)) if golds else None,
        "exposure_normalised_gold": float(np.mean(gold_shares)) if golds else None,
        "exposure_excess": float(np.mean(bits) - np.mean(golds)) if golds else None,
    }
    if extrapolate:
        summary["exposure_extrapolated"] = float(np.mean(tails))
    return summary
