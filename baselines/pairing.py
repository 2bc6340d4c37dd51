"""Which retain row stands beside which forget row: pure functions of a seed and an epoch."""

from collections.abc import Iterator

import torch
from torch.utils.data import Dataset, Sampler

from lethebench.baselines.data import EncodedRows, Pair


class PairSampler(Sampler[tuple[int, int | None]]):
    """Yields (forget index, retain index) pairs: each forget row once per epoch, retain rows in turn without end.

    Retain rows come in seeded permutations, one after another, and the count goes on from epoch to epoch: no retain row
    is drawn a third time before every other was drawn twice. The order depends on nothing but the seed and the epoch,
    so batch size, accumulation and resuming leave the pairs as they are.

    Args:
        num_forget: rows in the forget set.
        num_retain: rows in the retain set; 0 pairs every forget row with None.
        seed: of both orders.
    """

    def __init__(self, num_forget: int, num_retain: int, *, seed: int):
        self.num_forget = num_forget
        self.num_retain = num_retain
        self.seed = seed
        self.epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """Called by the trainer before each epoch."""
        self.epoch = epoch

    def __len__(self) -> int:
        return self.num_forget

    def __iter__(self) -> Iterator[tuple[int, int | None]]:
        drawn = self.epoch * self.num_forget
        for place, forget in enumerate(self._permutation(self.num_forget, 0, self.epoch)):
            yield forget, self._retain(drawn + place)

    def _retain(self, draw: int) -> int | None:
        if self.num_retain == 0:
            return None
        turn, place = divmod(draw, self.num_retain)
        if turn != getattr(self, "_turn", None):
            self._turn, self._order = turn, self._permutation(self.num_retain, 1, turn)
        return self._order[place]

    def _permutation(self, length: int, stream: int, turn: int) -> list[int]:
        generator = torch.Generator().manual_seed(((self.seed * 2 + stream) << 20) + turn)
        return torch.randperm(length, generator=generator).tolist()


class PairedRows(Dataset):
    """The rows behind a `PairSampler`'s index pairs."""

    def __init__(self, forget: EncodedRows, retain: EncodedRows | None):
        self.forget = forget
        self.retain = retain

    def __len__(self) -> int:
        return len(self.forget)

    def __getitem__(self, pair: tuple[int, int | None]) -> Pair:
        forget, retain = pair
        return Pair(forget, self.forget[forget], None if retain is None else self.retain[retain])
