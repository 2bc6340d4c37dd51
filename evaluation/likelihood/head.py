"""Logits of a few rows at a time: those of a whole pass are larger than the caches, and are needed only once."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from transformers import LlavaForConditionalGeneration

from lethebench.contract.models import base_of, forward_at, runs_as_defined
from lethebench.evaluation.likelihood.vocabulary import SplitHead, head_of

SLICE = 256
"""Rows of logits that are computed and reduced together."""
LEAST = 16
"""Rows of a last slice; fewer join the slice before, since a product of few rows may be rounded otherwise."""


class Logits(NamedTuple):
    """Rows of logits.

    Attributes:
        states: (N, vocabulary) logits, or (N, width) states that `weight` maps to them.
        weight: (vocabulary, width), of a head without bias; None where `states` are the logits.
        split: the head's vocabulary in two parts; None where all logits are computed.
    """

    states: Tensor
    weight: Tensor | None = None
    split: SplitHead | None = None

    def slices(self) -> Iterator[tuple[int, Tensor]]:
        """Yield the first row of each slice and its logits, which may be overwritten, and are by the next slice."""
        count = len(self.states)
        starts = list(range(0, count, SLICE))
        if len(starts) > 1 and count - starts[-1] < LEAST:
            starts.pop()
        room = None
        for start, stop in zip(starts, [*starts[1:], count], strict=True):
            rows = self.states[start:stop]
            if self.weight is None:
                yield start, rows.float() if rows.dtype in (torch.float16, torch.bfloat16) else rows.clone()
            else:
                if room is None:
                    room = rows.new_empty(min(count, SLICE + LEAST), len(self.weight))
                yield start, torch.mm(rows, self.weight.t(), out=room[: len(rows)])


def logits_at(model: Any, inputs: Mapping[str, Any], keep: Tensor, **options: Any) -> tuple[Logits, Any]:
    """Return what `lethebench.contract.models.forward_at` does, logits not computed yet where the head allows it.

    It does for a LLaVA in float32 on a CPU whose head has no bias, adapter or hook. Without gradients alone.
    """
    head = _plain_head(base_of(model))
    if head is None:
        logits, outputs = forward_at(model, inputs, keep, **options)
        return Logits(logits), outputs
    with _left_out(head):
        states, outputs = forward_at(model, inputs, keep, **options)
    weight = head.weight.detach()
    return Logits(states, weight, head_of(head, weight, states)), outputs


def _plain_head(base: Any) -> nn.Linear | None:
    """The head of a model whose logits are its product with the last states and nothing else; None of any other."""
    head = getattr(base, "lm_head", None)
    if type(base) is not LlavaForConditionalGeneration or type(head) is not nn.Linear or not runs_as_defined(head):
        return None
    is_plain = head.bias is None and head.weight.dtype == torch.float32 and head.weight.device.type == "cpu"
    return head if is_plain and not torch.is_autocast_enabled("cpu") and not torch.is_grad_enabled() else None


@contextmanager
def _left_out(head: Any) -> Iterator[None]:
    head.forward = lambda states: states
    try:
        yield
    finally:
        del head.forward
