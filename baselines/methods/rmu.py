"""RMU: hidden states of forget rows are steered to a random direction, those of retain rows are kept."""

import textwrap
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from lethebench.baselines.trainer.answer import Answers
from lethebench.baselines.trainer.config import UnlearningConfig
from lethebench.baselines.trainer.unlearning import UnlearningTrainer


@dataclass
class RMUConfig(UnlearningConfig):
    """Configuration class for the [`RMUTrainer`].

    Parameters:
        layer (`int`, *optional*, defaults to `7`):
            Layer of the language model whose output is steered, from 1.
        steering (`float`, *optional*, defaults to `6.5`):
            Length c of the vector that forget rows are steered to, above 0; it should exceed that of usual states.
        retain_weight (`float`, *optional*, defaults to `1200.0`):
            Weight alpha of the retain term, 0 or more.
        trained (`str`, *optional*):
            Regular expression of the parameters to train. If `None`, the MLP down projections of `layer` and of the two
            layers before it.
    """

    layer: int = field(default=7, metadata={"help": "Layer whose output is steered, from 1."})
    steering: float = field(default=6.5, metadata={"help": "Length of the vector that forget rows are steered to."})
    retain_weight: float = field(default=1200.0, metadata={"help": "Weight of the retain term."})
    trained: str | None = field(default=None, metadata={"help": "Regular expression of the parameters to train."})

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.layer < 1:
            raise ValueError(f"layer is {self.layer}: layers count from 1")
        if not 0 < self.steering < float("inf"):
            raise ValueError(f"steering is {self.steering}: RMU needs a positive, finite length")


class RMUTrainer(UnlearningTrainer):
    """RMU, representation misdirection for unlearning.

    Minimizes E_f[1 / |y| sum_t ||h_t - c u||^2] + alpha E_r[1 / |y| sum_t ||h_t - h0_t||^2]: h_t are the states of one
    layer at the positions that predict the answer's tokens, h0_t the same before this stage, u a random unit vector
    with independent entries from [0, 1) before scaling, drawn by `seed`. Only a few matrices are trained. The paper
    takes every token of a text; here the question's tokens are left alone, since retain rows share them.
    """

    config_class = RMUConfig
    uses_initial_model = True
    base_weights = True
    searched = ("steering", "retain_weight")
    needs = "retain rows, initial model; trains the weights, into which a LoRA is merged"
    _name = "RMU"
    _tag_names = ["trl", "sft", "unlearning", "rmu"]
    _paper = {
        "title": "The WMDP Benchmark: Measuring and Reducing Malicious Use With Unlearning",
        "id": "2403.03218",
        # docstyle-ignore
        "citation": textwrap.dedent("""\
            @misc{li2024wmdp,
                title        = {{The WMDP Benchmark: Measuring and Reducing Malicious Use With Unlearning}},
                author       = {Nathaniel Li and Alexander Pan and Anjali Gopal and Summer Yue and others},
                year         = 2024,
                eprint       = {arXiv:2403.03218},
            }"""),
    }

    @classmethod
    def uses_retain(cls, args: Any) -> bool:
        """Return True."""
        return True

    @classmethod
    def hidden_layers(cls, args: Any) -> tuple[int, ...]:
        """Return the steered layer."""
        return (args.layer,)

    @classmethod
    def trained_parameters(cls, args: Any) -> str:
        """Return the given pattern, or the down projections of the steered layer and the two before it."""
        indices = "|".join(str(index) for index in range(max(0, args.layer - 3), args.layer))
        return args.trained or rf"(language_model|text_model)\..*layers\.({indices})\.mlp\.down_proj\."

    def unlearning_loss(self, forget: Answers, retain: Answers) -> Tensor:
        """Return the steering term on the forget rows plus the retain term."""
        layer = self.args.layer
        states = forget.hidden[layer]
        target = self.args.steering * random_direction(states.shape[-1], self.args.seed).to(states.device)
        loss = squared_distance(states, target.expand_as(states), forget.mask)
        kept = squared_distance(retain.hidden[layer], retain.initial.hidden[layer], retain.mask)
        return loss + self.args.retain_weight * kept


def random_direction(size: int, seed: int) -> Tensor:
    """Return a (size,) unit vector whose entries are drawn from [0, 1) before scaling."""
    vector = torch.rand(size, generator=torch.Generator().manual_seed(seed))
    return vector / vector.norm()


def squared_distance(states: Tensor, targets: Tensor, mask: Tensor) -> Tensor:
    """Return E[1 / |y| sum_t ||h_t - target_t||^2], the mean over rows of their tokens' mean squared distance.

    Args:
        states: (N, D) hidden states, row by row.
        targets: (N, D), without gradients.
        mask: (B, T), True on the N answer tokens.

    Returns:
        Scalar >= 0.
    """
    tokens = (states.float() - targets.float()).square().sum(-1)
    rows = tokens.new_zeros(mask.shape).masked_scatter(mask, tokens)
    return (rows.sum(-1) / mask.sum(-1)).mean()
