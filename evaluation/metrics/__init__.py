"""Metrics as plain functions of arrays: no model, no file, no torch.

Per row: exposure, exposure_rank, exposure_normalised, exposure_extrapolated, sequence_exposure, truth_ratio,
probability, comparisons of texts, membership scores (loss_score, zlib_score, min_k, min_k_plus_plus). Per set:
memorization_summary, gate, forget_score, forget_quality, model_utility, exposure_summary, privacy_leakage, auc,
modality_gap, representation_gap. Per run: continual_summary, unlearning_score, unlearning_summary. Intervals:
bootstrap, bootstrap_mean; over_seeds.
"""

from lethebench.evaluation.metrics.bootstrap import bootstrap, bootstrap_mean, over_seeds
from lethebench.evaluation.metrics.exposure import (
    exposure,
    exposure_chance,
    exposure_normalised,
    exposure_rank,
    sequence_exposure,
)
from lethebench.evaluation.metrics.exposure_summary import exposure_summary
from lethebench.evaluation.metrics.exposure_tail import exposure_extrapolated
from lethebench.evaluation.metrics.forget import forget_score, forget_value, gold_knowledge
from lethebench.evaluation.metrics.membership import (
    auc,
    loss_score,
    membership_scores,
    min_k,
    min_k_plus_plus,
    privacy_leakage,
    zlib_score,
)
from lethebench.evaluation.metrics.memorization import gate, memorization_summary
from lethebench.evaluation.metrics.modality_gap import centroid_distance, modality_gap, representation_gap
from lethebench.evaluation.metrics.score import unlearning_score
from lethebench.evaluation.metrics.stability import continual_summary
from lethebench.evaluation.metrics.text import exact_match, keyword_match, rouge_l, rouge_l_recall, substring_match
from lethebench.evaluation.metrics.truth_ratio import forget_quality, probability, truth_ratio
from lethebench.evaluation.metrics.unlearning import unlearning_summary
from lethebench.evaluation.metrics.utility import model_utility

__all__ = [
    "auc",
    "bootstrap",
    "bootstrap_mean",
    "centroid_distance",
    "continual_summary",
    "exact_match",
    "exposure",
    "exposure_chance",
    "exposure_extrapolated",
    "exposure_normalised",
    "exposure_rank",
    "exposure_summary",
    "forget_quality",
    "forget_score",
    "forget_value",
    "gate",
    "gold_knowledge",
    "keyword_match",
    "loss_score",
    "membership_scores",
    "memorization_summary",
    "min_k",
    "min_k_plus_plus",
    "modality_gap",
    "model_utility",
    "over_seeds",
    "privacy_leakage",
    "probability",
    "representation_gap",
    "rouge_l",
    "rouge_l_recall",
    "sequence_exposure",
    "substring_match",
    "truth_ratio",
    "unlearning_score",
    "unlearning_summary",
    "zlib_score",
]
