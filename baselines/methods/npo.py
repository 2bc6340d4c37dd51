"""Negative preference optimization, alone or with a retain term."""

import textwrap
from dataclasses import dataclass, field
from typing import ClassVar

from torch import Tensor

from lethebench.baselines.losses import check_beta, npo_loss, sequence_logps
from lethebench.baselines.trainer.answer import Answers
from lethebench.baselines.trainer.config import RetainChoiceConfig
from lethebench.baselines.trainer.unlearning import UnlearningTrainer


@dataclass
class NPOConfig(RetainChoiceConfig):
    """Configuration class for the [`NPOTrainer`].

    Parameters:
        beta (`float`, *optional*, defaults to `0.1`):
            Inverse temperature, above 0; 0.1 in the NPO paper, 0.9 in MLLMU-Bench, 5 in MLUBench (see the presets).
        retain_loss (`str`, *optional*, defaults to `"ce"`):
            Retain term: `"ce"` (NPO-GDR, NPO-Diff), `"kl"` (NPO-KLR) or `"none"`.
    """

    beta: float = field(default=0.1, metadata={"help": "Inverse temperature of NPO."})
    retain_loss: str = field(default="ce", metadata={"help": "Retain term: ce, kl or none."})

    def __post_init__(self) -> None:
        super().__post_init__()
        check_beta("NPO", self.beta)


class NPOTrainer(UnlearningTrainer):
    """NPO against the model before this stage.

    Minimizes (2 / beta) E_f[log(1 + exp(beta (lp_theta(y) - lp_ref(y))))] plus `retain_weight` times the retain term
    that `retain_loss` names.
    """

    config_class = NPOConfig
    uses_reference = True
    searched: ClassVar[tuple[str, ...]] = ("beta", "retain_weight")
    _name = "NPO"
    _tag_names = ["trl", "sft", "unlearning", "npo"]
    _paper = {
        "title": "Negative Preference Optimization: From Catastrophic Collapse to Effective Unlearning",
        "id": "2404.05868",
        # docstyle-ignore
        "citation": textwrap.dedent("""\
            @misc{zhang2024negative,
                title        = {{Negative Preference Optimization: From Catastrophic Collapse to Effective Unlearning}},
                author       = {Ruiqi Zhang and Licong Lin and Yu Bai and Song Mei},
                year         = 2024,
                eprint       = {arXiv:2404.05868},
            }"""),
    }

    def unlearning_loss(self, forget: Answers, retain: Answers | None) -> Tensor:
        """Return NPO on the forget rows plus the retain term."""
        loss = npo_loss(sequence_logps(forget.logps, forget.mask), forget.reference, beta=self.args.beta)
        return loss + self.retain_term(retain)
