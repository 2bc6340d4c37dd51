"""Simple negative preference optimisation: NPO by length-normalised likelihood, without a reference."""

from dataclasses import dataclass, field

from torch import Tensor

from lethebench.baselines.losses import simnpo_loss
from lethebench.baselines.trainer.answer import Answers
from lethebench.baselines.trainer.unlearning import RetainChoiceConfig, UnlearningTrainer


@dataclass
class SimNPOConfig(RetainChoiceConfig):
    """Settings of SimNPO.

    Attributes:
        beta: inverse temperature, > 0.
        gamma: margin, in nats.
    """

    beta: float = field(default=2.5, metadata={"help": "Inverse temperature of SimNPO."})
    gamma: float = field(default=0.0, metadata={"help": "Margin of SimNPO, in nats."})

    def __post_init__(self):
        super().__post_init__()
        if not self.beta > 0:
            raise ValueError(f"beta is {self.beta}: SimNPO needs a positive inverse temperature")


class SimNPOTrainer(UnlearningTrainer):
    """SimNPO: NPO by length-normalised likelihood (Fan et al. 2024, arXiv 2410.07163).

    Minimises -(2 / beta) E_f[log sigmoid(-(beta / |y|) lp_theta(y) - gamma)], with `retain_weight` times the
    retain term that `retain_loss` names; none unless asked for.
    """

    config_class = SimNPOConfig
    _name = "SimNPO"
    _tag_names = ("trl", "sft", "unlearning", "simnpo")

    def unlearning_loss(self, forget: Answers, retain: Answers | None) -> Tensor:
        """SimNPO on the forget rows plus the retain term."""
        loss = simnpo_loss(forget.logps, forget.mask, beta=self.args.beta, gamma=self.args.gamma)
        return loss + self.retain_term(retain)
