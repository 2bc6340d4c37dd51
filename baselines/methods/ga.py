"""Gradient ascent on the forget set."""

import textwrap
from dataclasses import dataclass

from torch import Tensor

from lethebench.baselines.losses import ga_loss
from lethebench.baselines.trainer.answer import Answers
from lethebench.baselines.trainer.config import UnlearningConfig
from lethebench.baselines.trainer.unlearning import UnlearningTrainer


@dataclass
class GAConfig(UnlearningConfig):
    """Configuration class for the [`GATrainer`]; it adds no parameter to [`UnlearningConfig`]."""


class GATrainer(UnlearningTrainer):
    """Gradient ascent: minimizes -E_f[ce(y)], without a retain term.

    Unbounded below: long runs ruin the model, retain rows included. It is the lower end of every table.
    """

    config_class = GAConfig
    _name = "GA"
    _tag_names = ["trl", "sft", "unlearning", "ga"]
    _paper = {
        "title": "Knowledge Unlearning for Mitigating Privacy Risks in Language Models",
        "id": "2210.01504",
        # docstyle-ignore
        "citation": textwrap.dedent("""\
            @misc{jang2022knowledge,
                title        = {{Knowledge Unlearning for Mitigating Privacy Risks in Language Models}},
                author       = {Joel Jang and Dongkeun Yoon and Sohee Yang and Sungmin Cha and Moontae Lee and others},
                year         = 2022,
                eprint       = {arXiv:2210.01504},
            }"""),
    }

    def unlearning_loss(self, forget: Answers, retain: Answers | None) -> Tensor:
        """Return -E_f[ce(y)]."""
        return ga_loss(forget.logps, forget.mask)
