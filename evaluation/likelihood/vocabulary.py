"""Normalizers of a wide head without most of its vocabulary: tokens whose weights are nearly equal are summed at once.

A token that training never asked for keeps its small initial weights and shares the step away from all answers with the
others of its kind: their weights are a common center and a small rest. Their part of the normalizer follows from the
center, their number and the second moment of the rest, with a bound of the error. All other tokens get their logits. A
row whose bound is too large, or whose most likely token is in doubt, is computed in full.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import NamedTuple

import torch
from torch import Tensor, nn

MOST_ERROR = 1e-3
"""Bound of the error of a normalizer, in nats; the error itself is about a thousandth of it."""
FEWEST_LOGITS = 2_048
"""Rows of logits that pay for finding the tokens that are alike."""
ALIKE = 1.25
"""Distance from the center up to which tokens are alike, in medians."""
MOST_SPREAD = 6.0
"""Nats by which logits of alike tokens may differ from their center's before the bound is of no use."""
ROUNDS = 5
_HEADS: ContextVar["dict[nn.Module, SplitHead | None] | None"] = ContextVar("heads", default=None)


class Summed(NamedTuple):
    """What the alike tokens add to rows of logits, all of shape (rows,).

    Attributes:
        total: estimate of the log-sum-exp of their logits.
        error: bound of the relative error of its exponential.
        most: no logit of theirs is larger.
    """

    total: Tensor
    error: Tensor
    most: Tensor


class SplitHead:
    """A head's vocabulary in two parts: tokens that are alike, and all others.

    Args:
        weight: (vocabulary, width), of a head without bias.
        alike: which tokens are alike, bool (vocabulary,).

    Attributes:
        others: (number of other tokens, width) their weights.
        column: token -> its row in `others`; -1 if it is alike.
    """

    def __init__(self, weight: Tensor, alike: Tensor) -> None:
        self.weight = weight
        self.others = weight[~alike]
        self.column = torch.where(alike, -1, torch.cumsum(~alike, 0) - 1)
        self.count = int(alike.sum())
        self.center = weight[alike].mean(0)
        rest = weight[alike] - self.center
        self.moment = rest.T @ rest
        self.radius = float(rest.norm(dim=1).max())
        self._rows = self._doubtful = 0

    @property
    def pays(self) -> bool:
        """Whether fewer than half of the rows so far were computed in full."""
        return self._rows < FEWEST_LOGITS or 2 * self._doubtful < self._rows

    def note(self, rows: int, doubtful: int) -> None:
        """Count rows, and those of them that are computed in full."""
        self._rows += rows
        self._doubtful += doubtful

    def summed(self, states: Tensor) -> Summed:
        """Return what the alike tokens add to the logits of states (rows, width).

        With x the logits less the center's, which sum to 0 and are at most `spread` in size, exp(x) lies between
        1 + x + f(-spread) x^2 and 1 + x + f(spread) x^2, where f(s) = (exp(s) - 1 - s) / s^2 is increasing.
        """
        center = states @ self.center
        square = ((states @ self.moment) * states).sum(-1).clamp_(min=0) / self.count
        spread = states.norm(dim=-1) * self.radius
        lowest, highest = 1 + _second_order(-spread) * square, 1 + _second_order(spread) * square
        mean = torch.minimum((square / 2).exp(), highest)
        error = torch.maximum(highest / mean - 1, 1 - lowest / mean)
        return Summed(center + (self.count * mean).log(), error, center + spread)


def _second_order(spread: Tensor) -> Tensor:
    """(exp(s) - 1 - s) / s^2, which is 1/2 at 0."""
    small = spread.abs() < 0.1
    safe = spread.masked_fill(small, 1.0)
    return torch.where(small, 0.5 + spread / 6 + spread.square() / 20, (safe.exp() - 1 - safe) / safe.square())


def split_head(weight: Tensor, states: Tensor) -> SplitHead | None:
    """Return a head's vocabulary in two parts; None if fewer than half of the tokens are alike, or all.

    Args:
        weight: (vocabulary, width), of a head without bias.
        states: (rows, width) some states that it will be applied to.
    """
    center = weight.mean(0)
    for _ in range(ROUNDS):
        distance = (weight - center).norm(dim=1)
        center = weight[distance <= distance.median()].mean(0)
    distance = (weight - center).norm(dim=1)
    alike = distance <= ALIKE * distance.median()
    if not len(states) or not len(weight) / 2 <= int(alike.sum()) < len(weight):
        return None
    spread = float(states.norm(dim=-1).median() * distance[alike].max())
    return SplitHead(weight, alike) if spread <= MOST_SPREAD else None


@contextmanager
def split_heads(num_logits: int) -> Iterator[None]:
    """Inside, `head_of` splits each head once; its weights must not change. Not for fewer than `FEWEST_LOGITS` rows."""
    token = _HEADS.set({} if num_logits >= FEWEST_LOGITS else None)
    try:
        yield
    finally:
        _HEADS.reset(token)


def head_of(head: nn.Module, weight: Tensor, states: Tensor) -> SplitHead | None:
    """Return a head's split vocabulary, found by the first states; None outside `split_heads`, or if it is of no use.

    Args:
        head: the module.
        weight: its weight.
        states: the states that it is applied to.
    """
    heads = _HEADS.get()
    if heads is None:
        return None
    if head not in heads:
        heads[head] = split_head(weight, states)
    split = heads[head]
    return split if split is not None and split.pays else None
