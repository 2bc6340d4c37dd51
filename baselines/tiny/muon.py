"""Muon for the hidden weight matrices of a model and AdamW for the rest, as one optimizer."""

import math
from typing import Any

import torch
from torch import Tensor, nn

COEFFICIENTS = (3.4445, -4.7750, 2.0315)
"""Of the quintic Newton-Schulz iteration (Jordan et al. 2024)."""
STEPS = 5


def orthogonalized(matrix: Tensor, dtype: torch.dtype) -> Tensor:
    """Return U S V^T of a matrix U D V^T, with S between about 0.7 and 1.2, by five Newton-Schulz iterations.

    Args:
        matrix: any matrix.
        dtype: of the computation.
    """
    a, b, c = COEFFICIENTS
    is_tall = matrix.shape[0] > matrix.shape[1]
    result = (matrix.T if is_tall else matrix).to(dtype)
    result = result / result.norm().clamp(min=1e-7)
    for _ in range(STEPS):
        gram = result @ result.T
        result = torch.addmm(result, torch.addmm(gram, gram, gram, beta=b, alpha=c), result, beta=a)
    return result.T if is_tall else result


class Muon(torch.optim.Muon):
    """`torch.optim.Muon` with Newton-Schulz iterations in float32 on a CPU.

    torch's are in bfloat16, which most CPUs emulate: 16 times slower there for the matrices of the embedded model. On a
    CPU with bfloat16 arithmetic they take twice the time, a few milliseconds per step, so that every CPU computes the
    same. Other devices use bfloat16.
    """

    @torch.no_grad()
    def step(self, closure: Any = None) -> Any:
        """Take one step; a closure is evaluated first and its value returned."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            for parameter in group["params"]:
                if parameter.grad is not None:
                    self._update(parameter, parameter.grad, group)
        return loss

    def _update(self, parameter: nn.Parameter, gradient: Tensor, group: dict[str, Any]) -> None:
        state = self.state[parameter]
        if not state:
            state["momentum_buffer"] = torch.zeros_like(gradient)
        momentum = state["momentum_buffer"].lerp_(gradient, 1 - group["momentum"])
        direction = gradient.lerp(momentum, group["momentum"])
        dtype = torch.float32 if parameter.device.type == "cpu" else torch.bfloat16
        rows, columns = parameter.shape
        rate = group["lr"] * math.sqrt(max(1, rows / columns))
        parameter.add_(orthogonalized(direction, dtype), alpha=-rate)


class MuonAdamW(torch.optim.Optimizer):
    """Muon on hidden matrices and AdamW on the rest, with the interface of one optimizer.

    Muon (Jordan et al. 2024) steps along the orthogonalized momentum of a matrix. Both parts share
    their parameter groups with this object, so a scheduler or trainer that sees one optimizer reaches both.

    Args:
        model: its trainable parameters are optimized; matrices by Muon, except for embeddings and the head.
        muon_lr: learning rate of Muon.
        adamw_lr: learning rate of AdamW.

    Raises:
        ValueError: if either part would have no parameters.
    """

    def __init__(self, model: nn.Module, *, muon_lr: float, adamw_lr: float) -> None:
        matrices, others = split_parameters(model)
        if not matrices or not others:
            raise ValueError(f"{type(model).__name__} needs trainable matrices and other trainable parameters")
        muon = Muon(matrices, lr=muon_lr, momentum=0.95, weight_decay=0.0)
        adamw = torch.optim.AdamW(others, lr=adamw_lr, betas=(0.9, 0.95), weight_decay=0.0, fused=True)
        self.parts = (muon, adamw)
        super().__init__([*muon.param_groups, *adamw.param_groups], {})
        muon.param_groups, adamw.param_groups = self.param_groups[:1], self.param_groups[1:]

    @torch.no_grad()
    def step(self, closure: Any = None) -> Any:
        """Take one step with both parts; a closure is evaluated first and its value returned."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for part in self.parts:
            part.step()
        return loss

    def state_dict(self) -> dict:
        """Return the state of both parts."""
        return {"parts": [part.state_dict() for part in self.parts]}

    def load_state_dict(self, state_dict: dict) -> None:
        """Load the state of both parts; their groups stay shared with this object."""
        for part, state in zip(self.parts, state_dict["parts"], strict=True):
            part.load_state_dict(state)
        self.param_groups = [group for part in self.parts for group in part.param_groups]


def split_parameters(model: Any) -> tuple[list[nn.Parameter], list[nn.Parameter]]:
    """Return the trainable parameters in two lists: hidden matrices, and the rest (embeddings, head, norms, biases)."""
    tables = {id(table.weight) for table in (model.get_input_embeddings(), model.get_output_embeddings())}
    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    matrices = [parameter for parameter in trained if parameter.ndim == 2 and id(parameter) not in tables]
    chosen = {id(parameter) for parameter in matrices}
    return matrices, [parameter for parameter in trained if id(parameter) not in chosen]


def warmup_cosine(
    optimizer: torch.optim.Optimizer, steps: int, *, warmup: float = 0.1
) -> torch.optim.lr_scheduler.LambdaLR:
    """Return a schedule that rises linearly over the first share of the steps and falls to 0 along half a cosine.

    Args:
        optimizer: the optimizer to schedule.
        steps: optimizer steps in total.
        warmup: share of the steps that rises, in [0, 1).
    """
    warmup_steps = max(1, round(warmup * steps))

    def factor(step: int) -> float:
        if step < warmup_steps:
            return (step + 1) / warmup_steps
        return 0.5 * (1 + math.cos(math.pi * min(1.0, (step - warmup_steps) / max(1, steps - warmup_steps))))

    return torch.optim.lr_scheduler.LambdaLR(optimizer, factor)
