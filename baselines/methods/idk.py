"""Refusal alignment: the forget set's questions are answered with refusals, the retain set is held."""

from dataclasses import dataclass

from torch import Tensor

from lethebench.baselines.losses import cross_entropy_loss
from lethebench.baselines.trainer.answer import Answers
from lethebench.baselines.trainer.refusals import RefusedRows
from lethebench.baselines.trainer.unlearning import UnlearningConfig, UnlearningTrainer


@dataclass
class IdkConfig(UnlearningConfig):
    """Settings of refusal alignment: those of UnlearningConfig; `seed` also draws the refusals."""


class IdkTrainer(UnlearningTrainer):
    """Refusal alignment ("I don't know"): minimises E_f[ce(refusal)] + retain_weight * E_r[ce(y)].

    Called PO in MLLMU-Bench and IDK in TOFU (Maini et al. 2024, arXiv 2401.06121). The refusals are this project's own
    wordings, one drawn for each forget row by the seed; the dataset is read and never changed.
    """

    config_class = IdkConfig
    _name = "Idk"
    _tag_names = ("trl", "sft", "unlearning", "idk")

    @classmethod
    def retain_loss(cls, args: IdkConfig) -> str:
        """Always cross-entropy."""
        return "ce"

    def forget_set(self, rows, args: IdkConfig) -> RefusedRows:
        """The forget set's questions with a refusal each."""
        return RefusedRows(rows, seed=args.seed)

    def unlearning_loss(self, forget: Answers, retain: Answers | None) -> Tensor:
        """E_f[ce(refusal)] + retain_weight * E_r[ce(y)]."""
        return cross_entropy_loss(forget.logps, forget.mask) + self.retain_term(retain)
