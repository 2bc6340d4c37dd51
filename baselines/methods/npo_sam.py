"""NPO with sharpness-aware minimization: negative preference optimization that resists relearning."""

import textwrap
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

import torch
from torch import Tensor

from lethebench.baselines.losses import npo_loss, sequence_logps
from lethebench.baselines.methods.npo import NPOConfig, NPOTrainer


@dataclass
class NPOSAMConfig(NPOConfig):
    """Configuration class for the [`NPOSAMTrainer`].

    It has the parameters of [`NPOConfig`] and:

    Parameters:
        rho (`float`, *optional*, defaults to `0.01`):
            Distance, in weights, at which the forget loss is taken, above 0; in the authors' code 0.01 for MUSE and 0.1
            for WMDP.
    """

    rho: float = field(default=0.01, metadata={"help": "Distance at which the forget loss is taken."})

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 < self.rho < float("inf"):
            raise ValueError(f"rho is {self.rho}: NPO+SAM needs a positive, finite distance")


class NPOSAMTrainer(NPOTrainer):
    """NPO+SAM: the forget loss where the weights within a small distance forget least.

    Minimizes max_{||d|| <= rho} l_f(theta + d) + `retain_weight` l_r(theta), l_f the loss of NPO. As in SAM the step
    takes d = rho g / ||g||, g the gradient of l_f at theta over all trained weights, and adds the gradients of l_f at
    theta + d and of the retain term at theta. With accumulated batches each has its own d.
    """

    config_class = NPOSAMConfig
    searched = ("beta", "retain_weight", "rho")
    _name = "NPO+SAM"
    _tag_names = ["trl", "sft", "unlearning", "npo_sam"]
    _paper = {
        "title": "Towards LLM Unlearning Resilient to Relearning Attacks: A Sharpness-Aware Minimization Perspective "
        "and Beyond",
        "id": "2502.05374",
        # docstyle-ignore
        "citation": textwrap.dedent("""\
            @misc{fan2025towards,
                title        = {{Towards LLM Unlearning Resilient to Relearning Attacks: A Sharpness-Aware Minimization
                                Perspective and Beyond}},
                author       = {Chongyu Fan and Jinghan Jia and Yihua Zhang and Anil Ramakrishna and Mingyi Hong and
                                Sijia Liu},
                year         = 2025,
                eprint       = {arXiv:2502.05374},
            }"""),
    }
    _term: Literal["both", "forget", "retain"] = "both"

    def unlearning_loss(self, forget: Any, retain: Any) -> Tensor:
        """Return NPO on the forget rows plus the retain term, or one of them while a step is taken."""
        if self._term == "both":
            return super().unlearning_loss(forget, retain)
        if self._term == "retain":
            return torch.as_tensor(self.retain_term(retain))
        return npo_loss(sequence_logps(forget.logps, forget.mask), forget.reference, beta=self.args.beta)

    def train(self, *args: Any, **kwargs: Any) -> Any:
        """Train in one process."""
        if self.is_sharded or self.accelerator.num_processes > 1:
            raise ValueError(
                "NPO+SAM moves whole weights within a step: train in one process, without FSDP or DeepSpeed"
            )
        return super().train(*args, **kwargs)

    def training_step(self, model: Any, inputs: Any, num_items_in_batch: Any = None) -> Tensor:
        """Add the gradients of a batch and return its loss, that of the forget rows at distance `rho`."""
        weights = [value for value in model.parameters() if value.requires_grad]
        with self._only("forget"):
            model.train()
            loss = self.compute_loss(model, self._prepare_inputs(inputs), num_items_in_batch=num_items_in_batch)
            gradients = torch.autograd.grad(loss, weights, allow_unused=True)
            with moved(weights, gradients, self.args.rho):
                total = super().training_step(model, inputs, num_items_in_batch)
        if self.uses_retain(self.args):
            with self._only("retain"):
                total = total + super().training_step(model, inputs, num_items_in_batch)
        return total

    @contextmanager
    def _only(self, term: Literal["forget", "retain"]) -> Iterator[None]:
        self._term = term
        try:
            yield
        finally:
            self._term = "both"


@contextmanager
def moved(weights: Sequence[Tensor], gradients: Sequence[Tensor | None], distance: float) -> Iterator[None]:
    """Move weights inside along their gradients, together by a distance; afterwards they are exactly as before."""
    moves = [(value, gradient) for value, gradient in zip(weights, gradients, strict=True) if gradient is not None]
    norm = torch.nn.utils.get_total_norm([gradient for _, gradient in moves]) if moves else torch.tensor(0.0)
    before = [value.detach().clone() for value, _ in moves]
    try:
        with torch.no_grad():
            for value, gradient in moves:
                value.add_(gradient * (distance / norm) if norm > 0 else 0.0)
        yield
    finally:
        with torch.no_grad():
            for (value, _), old in zip(moves, before, strict=True):
                value.copy_(old)
