"""One optimizer of two: Muon for the weight matrices inside a model, AdamW for everything else."""

import math

import torch
from torch import nn


class MuonAdamW(torch.optim.Optimizer):
    """Muon on hidden matrices and AdamW on the rest, behind one interface.

    Muon (Jordan et al. 2024; `torch.optim.Muon`) steps along the orthogonalised momentum of a matrix. Both parts share
    their parameter groups with this object, so what sees one optimizer, a scheduler or a trainer, reaches both.

    Args:
        model: its trainable parameters are taken; matrices go to Muon, embeddings and the head excepted.
        muon_lr: learning rate of Muon.
        adamw_lr: learning rate of AdamW.

    Raises:
        ValueError: if either part would have nothing to train.
    """

    def __init__(self, model: nn.Module, *, muon_lr: float, adamw_lr: float):
        matrices, others = split_parameters(model)
        if not matrices or not others:
            raise ValueError(f"{type(model).__name__} needs trainable matrices and other trainable parameters")
        muon = torch.optim.Muon(matrices, lr=muon_lr, momentum=0.95, weight_decay=0.0, adjust_lr_fn="original")
        adamw = torch.optim.AdamW(others, lr=adamw_lr, betas=(0.9, 0.95), weight_decay=0.0)
        self.parts = (muon, adamw)
        super().__init__([*muon.param_groups, *adamw.param_groups], {})
        muon.param_groups, adamw.param_groups = self.param_groups[:1], self.param_groups[1:]

    @torch.no_grad()
    def step(self, closure=None):
        """One step of both parts; a closure is evaluated first and its value returned."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for part in self.parts:
            part.step()
        return loss

    def state_dict(self) -> dict:
        """The state of both parts."""
        return {"parts": [part.state_dict() for part in self.parts]}

    def load_state_dict(self, state_dict: dict) -> None:
        """Takes up the state of both parts, their groups still shared with this object."""
        for part, state in zip(self.parts, state_dict["parts"], strict=True):
            part.load_state_dict(state)
        self.param_groups = [group for part in self.parts for group in part.param_groups]


def split_parameters(model: nn.Module) -> tuple[list[nn.Parameter], list[nn.Parameter]]:
    """Trainable parameters in two lists: hidden matrices, and the rest (embeddings, head, norms, biases)."""
    tables = {id(table.weight) for table in (model.get_input_embeddings(), model.get_output_embeddings())}
    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    matrices = [parameter for parameter in trained if parameter.ndim == 2 and id(parameter) not in tables]
    chosen = {id(parameter) for parameter in matrices}
    return matrices, [parameter for parameter in trained if id(parameter) not in chosen]


def warmup_cosine(optimizer: torch.optim.Optimizer, steps: int, *, warmup: float = 0.1):
    """A schedule that rises linearly over the first share of the steps and falls to 0 along half a cosine.

    Args:
        optimizer: what it drives.
        steps: optimizer steps in all.
        warmup: share of them that rises, in [0, 1).
    """
    rise = max(1, round(warmup * steps))

    def factor(step: int) -> float:
        if step < rise:
            return (step + 1) / rise
        return 0.5 * (1 + math.cos(math.pi * min(1.0, (step - rise) / max(1, steps - rise))))

    return torch.optim.lr_scheduler.LambdaLR(optimizer, factor)
