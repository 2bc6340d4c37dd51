"""Simple negative preference optimization: NPO by length-normalized likelihood, without a reference."""

import textwrap
from dataclasses import dataclass, field

from torch import Tensor

from lethebench.baselines.losses import check_beta, simnpo_loss
from lethebench.baselines.trainer.answer import Answers
from lethebench.baselines.trainer.config import RetainChoiceConfig
from lethebench.baselines.trainer.unlearning import UnlearningTrainer


@dataclass
class SimNPOConfig(RetainChoiceConfig):
    """Configuration class for the [`SimNPOTrainer`].

    Parameters:
        beta (`float`, *optional*, defaults to `2.5`):
            Inverse temperature, above 0.
        gamma (`float`, *optional*, defaults to `0.0`):
            Margin, in nats.
    """

    beta: float = field(default=2.5, metadata={"help": "Inverse temperature of SimNPO."})
    gamma: float = field(default=0.0, metadata={"help": "Margin of SimNPO, in nats."})

    def __post_init__(self) -> None:
        super().__post_init__()
        check_beta("SimNPO", self.beta)


class SimNPOTrainer(UnlearningTrainer):
    """SimNPO: NPO by length-normalized likelihood.

    Minimizes -(2 / beta) E_f[log sigmoid(-(beta / |y|) lp_theta(y) - gamma)] plus `retain_weight` times the retain term
    that `retain_loss` names; none by default.
    """

    config_class = SimNPOConfig
    searched = ("beta", "retain_weight")
    _name = "SimNPO"
    _tag_names = ["trl", "sft", "unlearning", "simnpo"]
    _paper = {
        "title": "Simplicity Prevails: Rethinking Negative Preference Optimization for LLM Unlearning",
        "id": "2410.07163",
        # docstyle-ignore
        "citation": textwrap.dedent("""\
            @misc{fan2024simplicity,
                title        = {{Simplicity Prevails: Rethinking Negative Preference Optimization for LLM Unlearning}},
                author       = {Chongyu Fan and Jiancheng Liu and Licong Lin and Jinghan Jia and others},
                year         = 2024,
                eprint       = {arXiv:2410.07163},
            }"""),
    }

    def unlearning_loss(self, forget: Answers, retain: Answers | None) -> Tensor:
        """Return SimNPO on the forget rows plus the retain term."""
        loss = simnpo_loss(forget.logps, forget.mask, beta=self.args.beta, gamma=self.args.gamma)
        return loss + self.retain_term(retain)
