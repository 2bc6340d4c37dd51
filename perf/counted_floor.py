"""The counted floor of a computation: the operations of its matrix products at the rate measured here."""

import statistics
import time
from collections.abc import Callable

import torch
from torch.nn import functional
from torch.utils.flop_counter import FlopCounterMode, sdpa_backward_flop_count, sdpa_flop_count

SHAPE = (2000, 128, 384)
"""Positions, width and width of the MLP of a batch of the embedded model, whose rate is measured."""


def _attention(query, key, value, dropout_p: float = 0.0, is_causal: bool = False, **_) -> int:
    """The operations of attention on a processor, which the counter does not know; a causal mask halves them."""
    return sdpa_flop_count(query, key, value) // (1 + is_causal)


def _attention_backward(gradient, query, key, value, out, total, dropout_p: float, is_causal: bool, **_) -> int:
    return sdpa_backward_flop_count(gradient, query, key, value) // (1 + is_causal)


_ATTENTION = {
    torch.ops.aten._scaled_dot_product_flash_attention_for_cpu: _attention,
    torch.ops.aten._scaled_dot_product_flash_attention_for_cpu_backward: _attention_backward,
}


def gflop(action: Callable[[], object]) -> float:
    """Return the operations of the matrix products and attention in a computation, backward included, in GFLOP."""
    with FlopCounterMode(display=False, custom_mapping=_ATTENTION) as counter:
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
