"""Which rows are in which step: pure functions of a seed and an epoch."""

from collections.abc import Iterator

import torch
from torch.utils.data import Dataset, Sampler

from lethebench.baselines.trainer.rows import EncodedRows, Pair


def permutation(length: int, *, seed: int, stream: int, turn: int) -> list[int]:
    """Return a random order of 0 .. length - 1 that depends on seed, stream and turn alone."""
    generator = torch.Generator().manual_seed(((seed * 2 + stream) << 20) + turn)
    return torch.randperm(length, generator=generator).tolist()


class Cycle:
    """An endless sequence of draws from 0 .. length - 1, one seeded permutation after another.

    No number is drawn a third time before every other was drawn twice.
    """

    def __init__(self, length: int, *, seed: int, stream: int) -> None:
        self.length = length
        self.seed = seed
        self.stream = stream
        self._turn: int | None = None

    def __getitem__(self, draw: int) -> int:
        turn, position = divmod(draw, self.length)
        if turn != self._turn:
            self._turn = turn
            self._order = permutation(self.length, seed=self.seed, stream=self.stream, turn=turn)
        return self._order[position]


class PairSampler(Sampler[tuple[int | None, int | None]]):
    """Yields (forget index, retain index) pairs: each forget row once per epoch, retain rows in turn without end.

    The draws of retain rows continue from epoch to epoch. The order depends on the seed and the epoch alone, so batch
    size, accumulation and resuming do not change the pairs. Nor do several processes whose batches divide the forget
    set; otherwise accelerate fills the last batches with the epoch's first pairs.

    Args:
        num_forget: rows in the forget set.
        num_retain: rows in the retain set; 0 pairs every forget row with None.
        seed: of both orders.
    """

    def __init__(self, num_forget: int, num_retain: int, *, seed: int) -> None:
        self.num_forget = num_forget
        self.num_retain = num_retain
        self.seed = seed
        self.epoch = 0
        self._retain = Cycle(num_retain, seed=seed, stream=1)

    def set_epoch(self, epoch: int) -> None:
        """Set the epoch; the trainer calls this before each."""
        self.epoch = epoch

    def __len__(self) -> int:
        return self.num_forget

    def __iter__(self) -> Iterator[tuple[int | None, int | None]]:
        start = self.epoch * self.num_forget
        for index, forget in enumerate(permutation(self.num_forget, seed=self.seed, stream=0, turn=self.epoch)):
            yield forget, self._retain[start + index] if self.num_retain else None

    def retain_drawn(self, pairs: int) -> list[int]:
        """Return the retain rows among the first `pairs` pairs, in increasing order."""
        if pairs >= self.num_retain:
            return list(range(self.num_retain))
        return sorted(self._retain[draw] for draw in range(pairs))


class AlternatingSampler(PairSampler):
    """Yields blocks of forget rows, each followed by `rounds` blocks of retain rows, so that a step has one kind only.

    Every block is as large as an optimizer step, the last of an epoch too: forget and retain rows are drawn without
    end, and an epoch has as many blocks as it takes to hold every forget row once.

    Args:
        num_forget, num_retain, seed: as in `PairSampler`; neither set is empty.
        block: rows of one optimizer step, over accumulation and processes.
    """

    def __init__(self, num_forget: int, num_retain: int, *, seed: int, block: int) -> None:
        super().__init__(num_forget, num_retain, seed=seed)
        self.block = block
        self.blocks = -(-num_forget // block)
        self.rounds = max(1, num_retain // num_forget)
        self._forget = Cycle(num_forget, seed=seed, stream=0)

    def __len__(self) -> int:
        return self.blocks * (1 + self.rounds) * self.block

    def __iter__(self) -> Iterator[tuple[int | None, int | None]]:
        for number in range(self.epoch * self.blocks, (self.epoch + 1) * self.blocks):
            for index in range(self.block):
                yield self._forget[number * self.block + index], None
            for index in range(self.block * self.rounds):
                yield None, self._retain[number * self.block * self.rounds + index]

    def retain_drawn(self, pairs: int) -> list[int]:
        """Return every retain row: a stage draws several for each forget row."""
        return list(range(self.num_retain))


class PairedRows(Dataset):
    """The rows behind a sampler's index pairs.

    Args:
        forget: the forget set.
        retain: the retain set, or None.
        refusals: the forget set's questions with refusals as answers, or None.
    """

    def __init__(self, forget: EncodedRows, retain: EncodedRows | None, refusals: EncodedRows | None = None) -> None:
        self.forget = forget
        self.retain = retain
        self.refusals = refusals

    def __len__(self) -> int:
        return len(self.forget)

    def __getitem__(self, pair: tuple[int | None, int | None]) -> Pair:
        forget, retain = pair
        result = Pair()
        if forget is not None:
            refusal = None if self.refusals is None else self.refusals[forget]
            result = result._replace(forget_index=forget, forget=self.forget[forget], refusal=refusal)
        if retain is not None and self.retain is not None:
            result = result._replace(retain_index=retain, retain=self.retain[retain])
        return result
