"""Metrics as plain functions of arrays: no model, no file, no torch.

Per row: exposure, exposure_rank, exposure_normalised, exposure_extrapolated, sequence_exposure, truth_ratio,
probability, option_probability, extraction_strength, exact_memorization, comparisons of texts, answer_kind, is_language
and membership scores (loss_score, zlib_score, min_k, min_k_plus_plus, lira). Per set: leak_summary, profile_membership,
memorization_summary, gate, forget_score, forget_quality, model_utility, exposure_summary, privacy_leakage, auc,
modality_gap, representation_gap. Per run: continual_summary, unlearning_score, unlearning_summary, recovered,
robustness_summary. Intervals: bootstrap, bootstrap_mean; over_seeds.
"""

from lethebench.evaluation.metrics.answer_kind import answer_kind, is_refusal
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
from lethebench.evaluation.metrics.extraction import exact_memorization, extraction_strength
from lethebench.evaluation.metrics.fluency import fluency_threshold, fluent, is_language, loop_share
from lethebench.evaluation.metrics.forget import forget_score, forget_value, gold_knowledge
from lethebench.evaluation.metrics.leak import leak_at_k, leak_summary
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
from lethebench.evaluation.metrics.profile_membership import lira, profile_membership, tpr_at_fpr
from lethebench.evaluation.metrics.recovery import recovered, robustness_summary
from lethebench.evaluation.metrics.score import PARTS as SCORE_PARTS
from lethebench.evaluation.metrics.score import unlearning_score
from lethebench.evaluation.metrics.stability import continual_summary
from lethebench.evaluation.metrics.text import exact_match, keyword_match, rouge_l, rouge_l_recall, substring_match
from lethebench.evaluation.metrics.truth_ratio import forget_quality, option_probability, probability, truth_ratio
from lethebench.evaluation.metrics.unlearning import unlearning_summary
from lethebench.evaluation.metrics.utility import model_utility

__all__ = [
    "SCORE_PARTS",
    "answer_kind",
    "auc",
    "bootstrap",
    "bootstrap_mean",
    "centroid_distance",
    "continual_summary",
    "exact_match",
    "exact_memorization",
    "exposure",
    "exposure_chance",
    "exposure_extrapolated",
    "exposure_normalised",
    "exposure_rank",
    "exposure_summary",
    "extraction_strength",
    "fluency_threshold",
    "fluent",
    "forget_quality",
    "forget_score",
    "forget_value",
    "gate",
    "gold_knowledge",
    "is_language",
    "is_refusal",
    "keyword_match",
    "leak_at_k",
    "leak_summary",
    "lira",
    "loop_share",
    "loss_score",
    "membership_scores",
    "memorization_summary",
    "min_k",
    "min_k_plus_plus",
    "modality_gap",
    "model_utility",
    "option_probability",
    "over_seeds",
    "privacy_leakage",
    "probability",
    "profile_membership",
    "recovered",
    "representation_gap",
    "robustness_summary",
    "rouge_l",
    "rouge_l_recall",
    "sequence_exposure",
    "substring_match",
    "tpr_at_fpr",
    "truth_ratio",
    "unlearning_score",
    "unlearning_summary",
    "zlib_score",
]
