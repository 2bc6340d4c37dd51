"""All scores as plain functions of arrays: no model, no file, no torch.

Per row: exposure, exposure_rank, exposure_normalised, exposure_extrapolated, sequence_exposure, truth_ratio,
probability, comparisons of texts, membership scores (loss_score, zlib_score, min_k, min_k_plus_plus). Per set:
memorization_summary, gate, forget_score, forget_quality, model_utility, exposure_summary, privacy_leakage, auc,
modality_gap, representation_gap. Per run: continual_summary, unlearning_score, unlearning_summary. Intervals:
bootstrap, bootstrap_mean; over_seeds.
"""

from lethebench.evaluation.continual import continual_summary
from lethebench.evaluation.exposures import exposure_summary
from lethebench.evaluation.forgetting import forget_score, forget_value, gold_knowledge
from lethebench.evaluation.gaps import centroid_distance, modality_gap, representation_gap
from lethebench.evaluation.intervals import bootstrap, bootstrap_mean, over_seeds
from lethebench.evaluation.membership import (
    auc,
    loss_score,
    membership_scores,
    min_k,
    min_k_plus_plus,
    privacy_leakage,
    zlib_score,
)
from lethebench.evaluation.memory import gate, memorization_summary
from lethebench.evaluation.overall import unlearning_summary
from lethebench.evaluation.ranks import (
    exposure,
    exposure_chance,
    exposure_normalised,
    exposure_rank,
    sequence_exposure,
)
from lethebench.evaluation.retention import model_utility
from lethebench.evaluation.tails import exposure_extrapolated
from lethebench.evaluation.text import exact_match, keyword_match, rouge_l, rouge_l_recall, substring_match
from lethebench.evaluation.truth import forget_quality, probability, truth_ratio
from lethebench.evaluation.umbrella import unlearning_score

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
