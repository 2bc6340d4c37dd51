"""The counted floor of a computation: the operations of its matrix products at the rate measured here."""

import statistics
import time
from collections.abc import Callable

import torch
from torch.nn import functional
from torch.utils.flop_counter import FlopCounterMode

SHAPE = (2000, 128, 384)
"""Positions, width and width of the MLP of a batch of the embedded model, whose rate is measured."""


def gflop(action: Callable[[], object]) -> float:
    """Return the operations of the matrix products and attention in a computation, backward included, in GFLOP."""
    with FlopCounterMode(display=False) as counter:
        action()
    return counter.get_total_flops() / 1e9


class Rate:
    """The rate of a linear layer of `SHAPE` in float32, in GFLOP per second of processor time.

    Measure it between the computations it is compared with: other load slows both.
    """

    def __init__(self) -> None:
        rows, width, wide = SHAPE
        self.values, self.weight = torch.randn(rows, width), torch.randn(wide, width)
        self.measured: list[float] = []

    def measure(self, calls: int = 20) -> None:
        """Measure once more, over about 40 ms."""
        start = time.process_time()
        for _ in range(calls):
            functional.linear(self.values, self.weight)
        seconds = time.process_time() - start
        self.measured.append(calls * 2 * self.values.numel() * len(self.weight) / 1e9 / seconds)

    @property
    def median(self) -> float:
        """The median of what was measured, without the first."""
        return statistics.median(self.measured[1:])
