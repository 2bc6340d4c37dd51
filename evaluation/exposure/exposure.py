"""Exposure of facts among the values they could have, as a module of the evaluate library."""

from collections.abc import Hashable, Sequence

import datasets
import evaluate

from lethebench.evaluation.metrics import exposure_summary

_DESCRIPTION = """
How many bits of a fact a model gives away (Carlini et al., 2019): all values that the fact could have are ranked by the
model's log-probability. 0 bits: the true value is the least likely; log2 of the number of candidates: it is the most
likely. After unlearning exposure should be that of a model that never saw the fact: compare with `gold`, not with 0.
"""

_KWARGS_DESCRIPTION = """
Args:
    predictions: per row, the log-probabilities of all candidate values, the true one among them.
    references: per row, the index of the true value, 0 for the first.
    gold: per row, the same log-probabilities from the gold (retrained) model.
    num_tokens: per row, the number of tokens of each candidate; ranks then go by log-probability per token.
    extrapolate: also return `exposure_extrapolated`, from a skew-normal fitted to the candidates' scores.
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
    ValueError: no row, a row with fewer than two candidates or a value that is not finite, an index out of range.

Examples:
    >>> import evaluate
    >>> exposure = evaluate.load("evaluation/exposure")
    >>> scores = [[-1.0, -5.0, -6.0, -9.0], [-4.0, -2.0, -3.0, -8.0]]
    >>> result = exposure.compute(predictions=scores, references=[0, 3])
    >>> result["exposure"], result["exposure_normalised"], result["rank1_share"]
    (1.0, 0.5, 0.5)
"""

_CITATION = """
@inproceedings{carlini2019secret,
    title = {The Secret Sharer: Evaluating and Testing Unintended Memorization in Neural Networks},
    author = {Carlini, Nicholas and Liu, Chang and Erlingsson, {\\'U}lfar and Kos, Jernej and Song, Dawn},
    booktitle = {28th USENIX Security Symposium},
    year = {2019}
}
"""


@evaluate.utils.file_utils.add_start_docstrings(_DESCRIPTION, _KWARGS_DESCRIPTION)
class Exposure(evaluate.Metric):
    """Thin wrapper of `lethebench.evaluation.metrics.exposure_summary`."""

    def _info(self) -> evaluate.MetricInfo:
        return evaluate.MetricInfo(
            description=_DESCRIPTION,
            citation=_CITATION,
            inputs_description=_KWARGS_DESCRIPTION,
            features=datasets.Features(
                {"predictions": datasets.List(datasets.Value("float64")), "references": datasets.Value("int64")}
            ),
        )

    def _compute(
        self,
        predictions: Sequence[Sequence[float]],
        references: Sequence[int],
        gold: Sequence[Sequence[float]] | None = None,
        num_tokens: Sequence[Sequence[int]] | None = None,
        extrapolate: bool = False,
        profile_ids: Sequence[Hashable] | None = None,
        seed: int = 0,
    ) -> dict:
        return exposure_summary(
            predictions,
            references,
            gold=gold,
            num_tokens=num_tokens,
            extrapolate=extrapolate,
            profile_ids=profile_ids,
            seed=seed,
        )
