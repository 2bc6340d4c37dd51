"""Gradient difference: gradient ascent on the forget set with cross-entropy on the retain set."""

from dataclasses import dataclass

from torch import Tensor

from lethebench.baselines.losses import ga_loss
from lethebench.baselines.trainer.answer import Answers
from lethebench.baselines.trainer.unlearning import UnlearningConfig, UnlearningTrainer


@dataclass
class GradDiffConfig(UnlearningConfig):
    """Settings of gradient difference: those of UnlearningConfig, `retain_weight` among them."""


class GradDiffTrainer(UnlearningTrainer):
    """Gradient difference: minimises -E_f[ce(y)] + retain_weight * E_r[ce(y)] (Liu et al. 2022, arXiv 2203.12817).

    One joint loss per step, not an epoch of ascent followed by one of descent. The ascent term is unbounded below.
    """

    config_class = GradDiffConfig
    _name = "GradDiff"
    _tag_names = ("trl", "sft", "unlearning", "graddiff")

    @classmethod
    def retain_loss(cls, args: GradDiffConfig) -> str:
        """Always cross-entropy."""
        return "ce"

    def unlearning_loss(self, forget: Answers, retain: Answers | None) -> Tensor:
        """-E_f[ce(y)] + retain_weight * E_r[ce(y)]."""
        return ga_loss(forget.logps, forget.mask) + self.retain_term(retain)
