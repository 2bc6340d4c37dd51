"""Gradient ascent on the forget set."""

from dataclasses import dataclass

from torch import Tensor

from lethebench.baselines.losses import ga_loss
from lethebench.baselines.trainer.answer import Answers
from lethebench.baselines.trainer.unlearning import UnlearningConfig, UnlearningTrainer


@dataclass
class GAConfig(UnlearningConfig):
    """Settings of gradient ascent: those of UnlearningConfig."""


class GATrainer(UnlearningTrainer):
    """Gradient ascent: minimises -ce on the forget rows, with no retain term (Jang et al. 2023, arXiv 2210.01504).

    Unbounded below: run for long it ruins the model, retain rows included. It is the lower end of every table.
    """

    config_class = GAConfig
    _name = "GA"
    _tag_names = ("trl", "sft", "unlearning", "ga")

    def unlearning_loss(self, forget: Answers, retain: Answers | None) -> Tensor:
        """-E_f[ce(y)]."""
        return ga_loss(forget.logps, forget.mask)
