"""Answers behind one prefix as tries: tokens that several answers begin with are fed to the model once.

A node is a token that is fed in; it sees the prefix, its ancestors and itself. The last token of an answer is never
fed in: the logits at its parent give its log-probability. A pack of one answer is a plain sequence.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch

from lethebench.contract.tokens import common_length
from lethebench.evaluation.likelihood.prefix_sharing import BatchLimit, Tail

SIZE = 256  # nodes in a pack; 128 to 512 are equally fast, attention within a pack is quadratic


@dataclass
class Pack:
    """Some answers behind one prefix.

    Attributes:
        owner: which prefix of a batch.
        tokens, depths, parents: one value per node; the parent of a node at depth 0 is -1.
        members: the answers' numbers.
        nodes, targets: for each answer, the node that gives each scored token but the prefix's, and that token.
    """

    owner: int
    tokens: list[int] = field(default_factory=list)
    depths: list[int] = field(default_factory=list)
    parents: list[int] = field(default_factory=list)
    members: list[int] = field(default_factory=list)
    nodes: list[list[int]] = field(default_factory=list)
    targets: list[tuple[int, ...]] = field(default_factory=list)

    def add(self, number: int, tail: Tail, path: list[int]) -> list[int]:
        """Adds an answer behind the nodes of `path`, its first tokens; returns the nodes of all its tokens fed in."""
        path = list(path)
        for token in tail.ids[len(path) : -1]:
            self.parents.append(path[-1] if path else -1)
            self.depths.append(len(path))
            path.append(len(self.tokens))
            self.tokens.append(token)
        begin = max(tail.skip, 1)
        self.members.append(number)
        self.nodes.append(path[begin - 1 :])
        self.targets.append(tail.ids[begin:])
        return path

    def sees(self) -> np.ndarray:
        """Which node sees which, bool (nodes, nodes)."""
        seen = np.eye(len(self.tokens), dtype=bool)
        for node, parent in enumerate(self.parents):
            if parent >= 0:
                seen[node] |= seen[parent]
        return seen


def packs_of(owner: int, tails: Iterable[tuple[int, Tail]], size: int) -> Iterator[Pack]:
    """Packs of one prefix's (number, tail), at most `size` nodes each; longer answers, and all at 0, stand alone."""
    pack, path, before = Pack(owner), [], ()
    for number, tail in sorted(tails, key=lambda pair: pair[1].ids):
        if len(tail.ids) < 2:
            continue  # its one token is scored by the prefix
        same = min(common_length(before, tail.ids[:-1]), len(path))
        if pack.members and len(pack.tokens) + len(tail.ids) - 1 - same > size:
            yield pack
            pack, same = Pack(owner), 0
        path = pack.add(number, tail, path[:same])
        before = tail.ids[:-1]
    if pack.members:
        yield pack


def pack_batches(packs: Sequence[Pack], prefix: int, limit: BatchLimit) -> Iterator[list[Pack]]:
    """Batches of similar length, plain sequences apart from tries, behind prefixes of `prefix` tokens."""
    for branching in (False, True):
        some = [pack for pack in packs if (len(pack.members) > 1) is branching]
        some.sort(key=lambda pack: -len(pack.tokens))
        at = 0
        while at < len(some):
            longest = len(some[at].tokens)
            rows = limit.of_length(prefix + longest, longest)
            yield some[at : at + rows]
            at += rows


def mask_of(packs: Sequence[Pack], prefix: int, dtype: torch.dtype) -> torch.Tensor:
    """The additive attention mask of a batch of packs, (packs, 1, nodes, prefix + nodes).

    It is never boolean: eager attention adds it to its scores.
    """
    width = max(len(pack.tokens) for pack in packs)
    sees = np.zeros((len(packs), width, width), dtype=bool)
    sees[:, np.arange(width), np.arange(width)] = True  # padding sees itself: no row is empty
    for row, pack in enumerate(packs):
        sees[row, : len(pack.tokens), : len(pack.tokens)] = pack.sees()
    mask = torch.zeros(len(packs), 1, width, prefix + width, dtype=dtype)
    mask[:, 0, :, prefix:].masked_fill_(~torch.from_numpy(sees), torch.finfo(dtype).min)
    return mask
