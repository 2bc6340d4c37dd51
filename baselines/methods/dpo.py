"""Direct preference optimisation: a refusal is preferred to the answer to forget."""

from dataclasses import dataclass, field

from torch import Tensor

from lethebench.baselines.losses import dpo_loss, sequence_logps
from lethebench.baselines.trainer.answer import Answers
from lethebench.baselines.trainer.unlearning import RetainChoiceConfig, UnlearningTrainer


@dataclass
class DPOConfig(RetainChoiceConfig):
    """Settings of DPO.

    Attributes:
        beta: inverse temperature, > 0.
    """

    beta: float = field(default=0.1, metadata={"help": "Inverse temperature of DPO."})

    def __post_init__(self):
        super().__post_init__()
        if not self.beta > 0:
            raise ValueError(f"beta is {self.beta}: DPO needs a positive inverse temperature")


class DPOTrainer(UnlearningTrainer):
    """DPO with a refusal chosen and the answer rejected (Rafailov et al. 2023, arXiv 2305.18290; Maini et al. 2024).

    Minimises -E_f[log sigmoid(beta ((lp_theta(c) - lp_ref(c)) - (lp_theta(r) - lp_ref(r))))], with `retain_weight`
    times the retain term that `retain_loss` names; none unless asked for. TRL's own DPOTrainer computes the same loss
    but, without LoRA, reads a second model from the path that the model once came from (TRL 1.16): more memory, and
    after learning the wrong reference.
    """

    config_class = DPOConfig
    uses_reference = True
    uses_refusals = True
    _name = "DPO"
    _tag_names = ("trl", "sft", "unlearning", "dpo")

    def unlearning_loss(self, forget: Answers, retain: Answers | None) -> Tensor:
        """DPO on the forget rows and their refusals plus the retain term."""
        chosen, rejected = forget.refusals, forget
        loss = dpo_loss(
            sequence_logps(chosen.logps, chosen.mask),
            sequence_logps(rejected.logps, rejected.mask),
            chosen.reference,
            rejected.reference,
            beta=self.args.beta,
        )
        return loss + self.retain_term(retain)
