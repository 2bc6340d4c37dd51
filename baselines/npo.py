"""Negative preference optimisation, alone or with a retain term."""

from dataclasses import dataclass, field

from torch import Tensor

from lethebench.baselines.losses import cross_entropy_loss, npo_loss, sequence_logps
from lethebench.baselines.training import Answers
from lethebench.baselines.unlearning import UnlearningConfig, UnlearningTrainer

RETAIN_LOSSES = ("ce", "none")


@dataclass
class NPOConfig(UnlearningConfig):
    """Settings of NPO.

    Attributes:
        beta: inverse temperature, > 0; 0.1 in the NPO paper, MLLMU-Bench 0.9, MLUBench 5 (see the presets).
        retain_loss: "ce" adds cross-entropy on retain rows (NPO-GDR, NPO-Diff), "none" adds nothing.
        retain_weight: of the retain term, >= 0.
    """

    beta: float = field(default=0.1, metadata={"help": "Inverse temperature of NPO."})
    retain_loss: str = field(default="ce", metadata={"help": "Retain term: ce or none."})
    retain_weight: float = field(default=1.0, metadata={"help": "Weight of the retain term."})

    def __post_init__(self):
        super().__post_init__()
        if not self.beta > 0:
            raise ValueError(f"beta is {self.beta}: NPO needs a positive inverse temperature")
        if self.retain_loss not in RETAIN_LOSSES:
            raise ValueError(f"retain_loss is {self.retain_loss!r}: choose one of {', '.join(RETAIN_LOSSES)}")
        if self.retain_weight < 0:
            raise ValueError(f"retain_weight is {self.retain_weight}: below 0 it would unlearn the retain set")


class NPOTrainer(UnlearningTrainer):
    """NPO against the model as it was before this stage (Zhang et al. 2024, arXiv 2404.05868).

    Minimises (2 / beta) E_f[log(1 + exp(beta (lp_theta(y) - lp_ref(y))))], with `retain_weight` times E_r[ce(y)] added
    under `retain_loss="ce"`.
    """

    config_class = NPOConfig
    uses_reference = True
    _tag_names = ("trl", "sft", "unlearning", "npo")

    @classmethod
    def uses_retain(cls, args: NPOConfig) -> bool:
        """Under every retain loss but "none"."""
        return args.retain_loss != "none"

    def unlearning_loss(self, forget: Answers, retain: Answers | None) -> Tensor:
        """NPO on the forget rows plus the weighted cross-entropy of the retain rows."""
        loss = npo_loss(sequence_logps(forget.logps, forget.mask), forget.reference, beta=self.args.beta)
        if retain is not None:
            loss = loss + self.args.retain_weight * cross_entropy_loss(retain.logps, retain.mask)
        return loss
