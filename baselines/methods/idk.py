"""Refusal alignment: training on refusals to the forget set's questions, cross-entropy on the retain set."""

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from lethebench.baselines.losses import cross_entropy_loss
from lethebench.baselines.trainer.answer import Answers
from lethebench.baselines.trainer.config import UnlearningConfig
from lethebench.baselines.trainer.refusals import RefusedRows
from lethebench.baselines.trainer.unlearning import UnlearningTrainer


@dataclass
class IdkConfig(UnlearningConfig):
    """Configuration class for the [`IdkTrainer`]; it adds no parameter to [`UnlearningConfig`].

    `seed` also draws the refusals.
    """


class IdkTrainer(UnlearningTrainer):
    """Refusal alignment ("I don't know"): minimizes E_f[ce(refusal)] + retain_weight * E_r[ce(y)].

    Called PO in MLLMU-Bench and IDK in TOFU. The refusals are this project's own wordings, one drawn for each forget
    row by the seed; the dataset is never changed.
    """

    config_class = IdkConfig
    searched = ("retain_weight",)
    _name = "Idk"
    _tag_names = ["trl", "sft", "unlearning", "idk"]
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
        """Return "ce"."""
        return "ce"

    def forget_set(self, rows: Sequence[Mapping[str, Any]], args: Any) -> RefusedRows:
        """Return the forget set's questions with a refusal each."""
        return RefusedRows(rows, seed=args.seed)

    def unlearning_loss(self, forget: Answers, retain: Answers) -> Tensor:
        """Return E_f[ce(refusal)] + retain_weight * E_r[ce(y)]."""
        return cross_entropy_loss(forget.logps, forget.mask) + self.retain_term(retain)
