"""KL minimisation: gradient ascent on the forget set, held to the original model on the retain set."""

from dataclasses import dataclass

from torch import Tensor

from lethebench.baselines.losses import ga_loss
from lethebench.baselines.trainer.answer import Answers
from lethebench.baselines.trainer.unlearning import UnlearningConfig, UnlearningTrainer


@dataclass
class KLMinConfig(UnlearningConfig):
    """Settings of KL minimisation: those of UnlearningConfig, `retain_weight` and `reference_gib` among them."""


class KLMinTrainer(UnlearningTrainer):
    """KL minimisation: minimises -E_f[ce(y)] + retain_weight * KL_r (Maini et al. 2024, arXiv 2401.06121).

    KL_r is the mean over retain rows of the mean over their answer tokens of KL(original, current), in nats; the
    original is the model before this stage. No cross-entropy on retain rows is added, as in the paper; the code that
    MLLMU-Bench released adds one.
    """

    config_class = KLMinConfig
    _name = "KL minimisation"
    _tag_names = ("trl", "sft", "unlearning", "kl")

    @classmethod
    def retain_loss(cls, args: KLMinConfig) -> str:
        """Always KL."""
        return "kl"

    def unlearning_loss(self, forget: Answers, retain: Answers | None) -> Tensor:
        """-E_f[ce(y)] + retain_weight * KL_r."""
        return ga_loss(forget.logps, forget.mask) + self.retain_term(retain)
