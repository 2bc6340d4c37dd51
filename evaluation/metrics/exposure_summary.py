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
        candidates: per row, the log-probabilities of all candidate values, the true one among them.
        truths: per row, the index of the true value, 0 for the first.
        gold: per row, the same log-probabilities from the gold (retrained) model.
        num_tokens: per row, the number of tokens of each candidate; ranks then go by log-probability per token.
        extrapolate: also return exposure_extrapolated, from a skew-normal fitted to the candidates' scores.
        profile_ids: per row, whose fact it is; the interval then resamples profiles.
        seed: of the bootstrap interval.

    Returns:
        exposure: mean bits, 0 .. log2 of the number of candidates; lower is less exposed.
        exposure_normalised: mean of exposure divided by its maximum, in 0..1; lower is less exposed.
        exposure_chance: mean expected bits of uniformly random ranks.
        rank1_share: share of rows whose true value is the most likely one, ties excluded, in 0..1.
        ranked_by: logprob, or logprob_per_token where num_tokens is given.
        n: number of rows.
        ci_low, ci_high: bootstrap 95 % interval of `exposure`; None with fewer than two rows or profiles.
        exposure_gold: mean bits of the gold model; None without gold.
        exposure_normalised_gold: mean normalized exposure of the gold model; None without gold.
        exposure_excess: exposure - exposure_gold in bits, about 0 is best; None without gold.
        exposure_extrapolated: mean bits, where extrapolate is set.

    Raises:
        ValueError: no row, a row with fewer than two candidates or a value that is not finite, lengths that differ, or
            an index out of range; names the row.
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
