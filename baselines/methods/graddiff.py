"""Gradient difference: gradient ascent on the forget set with cross-entropy on the retain set."""

import textwrap
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from lethebench.baselines.losses import ga_loss
from lethebench.baselines.trainer.answer import Answers
from lethebench.baselines.trainer.config import UnlearningConfig
from lethebench.baselines.trainer.unlearning import UnlearningTrainer


@dataclass
class GradDiffConfig(UnlearningConfig):
    """Configuration class for the [`GradDiffTrainer`]; it adds no parameter to [`UnlearningConfig`]."""


class GradDiffTrainer(UnlearningTrainer):
    """Gradient difference: minimizes -E_f[ce(y)] + retain_weight * E_r[ce(y)].

    One joint loss per step, not an epoch of ascent followed by one of descent. The ascent term is unbounded below.
    """

    config_class = GradDiffConfig
    searched = ("retain_weight",)
    _name = "GradDiff"
    _tag_names = ["trl", "sft", "unlearning", "graddiff"]
    _paper = {
        "title": "Continual Learning and Private Unlearning",
        "id": "2203.12817",
        # docstyle-ignore
        "citation": textwrap.dedent("""\
            @misc{liu2022continual,
                title        = {{Continual Learning and Private Unlearning}},
                author       = {Bo Liu and Qiang Liu and Peter Stone},
                year         = 2022,
                eprint       = {arXiv:2203.12817},
            }"""),
    }

    @classmethod
    def retain_loss(cls, args: Any) -> str:
        """Return "ce"."""
        return "ce"

    def unlearning_loss(self, forget: Answers, retain: Answers) -> Tensor:
        """Return -E_f[ce(y)] + retain_weight * E_r[ce(y)]."""
        return ga_loss(forget.logps, forget.mask) + self.retain_term(retain)
