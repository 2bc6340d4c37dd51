"""Negative preference optimisation, alone or with a retain term."""

from dataclasses import dataclass, field

from torch import Tensor

from lethebench.baselines.losses import npo_loss, sequence_logps
from lethebench.baselines.trainer.answer import Answers
from lethebench.baselines.trainer.unlearning import RetainChoiceConfig, UnlearningTrainer


@dataclass
class NPOConfig(RetainChoiceConfig):
    """Settings of NPO.

    Attributes:
        beta: inverse temperature, > 0; 0.1 in the NPO paper, MLLMU-Bench 0.9, MLUBench 5 (see the presets).
        retain_loss: "ce" adds cross-entropy on retain rows (NPO-GDR, NPO-Diff), "kl" adds KL(original, current) on them
            (NPO-KLR), "none" adds nothing.
    """

    beta: float = field(default=0.1, metadata={"help": "Inverse temperature of NPO."})
    retain_loss: str = field(default="ce", metadata={"help": "Retain term: ce, kl or none."})

    def __post_init__(self):
        super().__post_init__()
        if not self.beta > 0:
            raise ValueError(f"beta is {self.beta}: NPO needs a positive inverse temperature")


class NPOTrainer(UnlearningTrainer):
    """NPO against the model as it was before this stage (Zhang et al. 2024, arXiv 2404.05868).

    Minimises (2 / beta) E_f[log(1 + exp(beta (lp_theta(y) - lp_ref(y))))], with `retain_weight` times the retain term
    that `retain_loss` names.
    """

    config_class = NPOConfig
    uses_reference = True
    _name = "NPO"
    _tag_names = ("trl", "sft", "unlearning", "npo")

    def unlearning_loss(self, forget: Answers, retain: Answers | None) -> Tensor:
        """NPO on the forget rows plus the retain term."""
        loss = npo_loss(sequence_logps(forget.logps, forget.mask), forget.reference, beta=self.args.beta)
        return loss + self.retain_term(retain)
