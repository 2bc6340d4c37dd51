"""KL minimization: gradient ascent on the forget set, KL to the initial model on the retain set."""

import textwrap
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from lethebench.baselines.losses import ga_loss
from lethebench.baselines.trainer.answer import Answers
from lethebench.baselines.trainer.config import UnlearningConfig
from lethebench.baselines.trainer.unlearning import UnlearningTrainer


@dataclass
class KLMinConfig(UnlearningConfig):
    """Configuration class for the [`KLMinTrainer`]; it adds no parameter to [`UnlearningConfig`]."""


class KLMinTrainer(UnlearningTrainer):
    """KL minimization: minimizes -E_f[ce(y)] + retain_weight * KL_r.

    KL_r is the mean over retain rows of the mean over their answer tokens of KL(initial, current), in nats; the initial
    model is the one before this stage. No cross-entropy on retain rows is added, as in the paper; the code that
    MLLMU-Bench released adds one.
    """

    config_class = KLMinConfig
    searched = ("retain_weight",)
    _name = "KL minimization"
    _tag_names = ["trl", "sft", "unlearning", "kl"]
    _paper = {
        "title": "TOFU: A Task of Fictitious Unlearning for LLMs",
        "id": "2401.06121",
        # docstyle-ignore
        "citation": textwrap.dedent("""\
            @misc{maini2024tofu,
                title        = {{TOFU: A Task of Fictitious Unlearning for LLMs}},
                author       = {Pratyush Maini and Zhili Feng and Avi Schwarzschild and Zachary C. Lipton and others},
                year         = 2024,
                eprint       = {arXiv:2401.06121},
            }"""),
    }

    @classmethod
    def retain_loss(cls, args: Any) -> str:
        """Return "kl"."""
        return "kl"

    def unlearning_loss(self, forget: Answers, retain: Answers) -> Tensor:
        """Return -E_f[ce(y)] + retain_weight * KL_r."""
        return ga_loss(forget.logps, forget.mask) + self.retain_term(retain)
