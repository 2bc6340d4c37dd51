"""Direct preference optimization: a refusal is preferred to the answer to forget."""

import textwrap
from dataclasses import dataclass, field

from torch import Tensor

from lethebench.baselines.losses import check_beta, dpo_loss, sequence_logps
from lethebench.baselines.trainer.answer import Answers
from lethebench.baselines.trainer.config import RetainChoiceConfig
from lethebench.baselines.trainer.unlearning import UnlearningTrainer


@dataclass
class DPOConfig(RetainChoiceConfig):
    """Configuration class for the [`DPOTrainer`].

    Parameters:
        beta (`float`, *optional*, defaults to `0.1`):
            Inverse temperature, above 0.
    """

    beta: float = field(default=0.1, metadata={"help": "Inverse temperature of DPO."})

    def __post_init__(self) -> None:
        super().__post_init__()
        check_beta("DPO", self.beta)


class DPOTrainer(UnlearningTrainer):
    """DPO with a refusal as the chosen answer c and the answer to forget as the rejected r.

    Minimizes -E_f[log sigmoid(beta ((lp_theta(c) - lp_ref(c)) - (lp_theta(r) - lp_ref(r))))] plus `retain_weight` times
    the retain term that `retain_loss` names; none by default. TRL's own DPOTrainer computes the same loss but, without
    LoRA, reads a second model from the path that the model once came from (TRL 1.16): more memory, and after stage 1
    the wrong reference.
    """

    config_class = DPOConfig
    uses_reference = True
    uses_refusals = True
    searched = ("beta", "retain_weight")
    _name = "DPO"
    _tag_names = ["trl", "sft", "unlearning", "dpo"]
    _paper = {
        "title": "Direct Preference Optimization: Your Language Model is Secretly a Reward Model",
        "id": "2305.18290",
        # docstyle-ignore
        "citation": textwrap.dedent("""\
            @misc{rafailov2023direct,
                title        = {{Direct Preference Optimization: Your Language Model is Secretly a Reward Model}},
                author       = {Rafael Rafailov and Archit Sharma and Eric Mitchell and Stefano Ermon and others},
                year         = 2023,
                eprint       = {arXiv:2305.18290},
            }"""),
    }

    def unlearning_loss(self, forget: Answers, retain: Answers | None) -> Tensor:
        """Return DPO on the forget rows and their refusals plus the retain term."""
        chosen, rejected = forget.refusals, forget
        loss = dpo_loss(
            sequence_logps(chosen.logps, chosen.mask),
            sequence_logps(rejected.logps, rejected.mask),
            chosen.reference,
            rejected.reference,
            beta=self.args.beta,
        )
        return loss + self.retain_term(retain)
