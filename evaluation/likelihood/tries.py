"""Answers after one context as tries: tokens that several answers begin with go through the model once.

A node is an input token; it attends to the context, its ancestors and itself. The last token of an answer is never an
input: the logits at its parent give its log-probability. A trie of one answer is a plain sequence.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import torch

from lethebench.contract.tokens import common_length
from lethebench.evaluation.likelihood.prefix_sharing import BatchLimit, Context, Tail, TokenIds

MAX_NODES = 256  # nodes in a trie; 128 to 512 are equally fast, attention within a trie is quadratic

FILLED = 512  # nodes of a batch that is worth a pass of its own


@dataclass
class Trie:
    """Answers after one context.

    Attributes:
        context: index of the context in its batch.
        tokens, depths, parents: one value per node; the parent of a node at depth 0 is -1.
        members: the answers' numbers.
        nodes, targets: for each answer, the nodes whose logits score its tokens, and these tokens; the context's own
            logits score the first token.
    """

    context: int
    tokens: list[int] = field(default_factory=list)
    depths: list[int] = field(default_factory=list)
    parents: list[int] = field(default_factory=list)
    members: list[int] = field(default_factory=list)
    nodes: list[list[int]] = field(default_factory=list)
    targets: list[TokenIds] = field(default_factory=list)

    def add(self, number: int, tail: Tail, path: list[int]) -> list[int]:
        """Add an answer after the nodes of `path`, its first tokens; return the nodes of all its input tokens."""
        path = list(path)
        for token in tail.ids[len(path) : -1]:
            self.parents.append(path[-1] if path else -1)
            self.depths.append(len(path))
            path.append(len(self.tokens))
            self.tokens.append(token)
        start = max(tail.skip, 1)
        self.members.append(number)
        self.nodes.append(path[start - 1 :])
        self.targets.append(tail.ids[start:])
        return path

    def visible(self) -> np.ndarray:
        """Return which node attends to which, bool (nodes, nodes)."""
        visible = np.eye(len(self.tokens), dtype=bool)
        for node, parent in enumerate(self.parents):
            if parent >= 0:
                visible[node] |= visible[parent]
        return visible


def context_tries(context: Context, index: int, max_nodes: int) -> list[Trie]:
    """Return the tails of a context, numbered in their order, as tries; built once.

    Args:
        context: the context.
        index: of the context in its batch.
        max_nodes: maximum number of nodes of a trie.
    """
    if max_nodes not in context.tries:
        context.tries[max_nodes] = list(build_tries(enumerate(context.tails), max_nodes))
    return [replace(trie, context=index) for trie in context.tries[max_nodes]]


def build_tries(tails: Iterable[tuple[int, Tail]], max_nodes: int) -> Iterator[Trie]:
    """Yield tries of one context's (number, tail), of at most `max_nodes`; longer answers, and all at 0, are alone."""
    trie = Trie(0)
    path: list[int] = []
    previous: TokenIds = ()
    for number, tail in sorted(tails, key=lambda pair: pair[1].ids):
        if len(tail.ids) < 2:
            continue  # the context scores its one token
        same = min(common_length(previous, tail.ids[:-1]), len(path))
        if trie.members and len(trie.tokens) + len(tail.ids) - 1 - same > max_nodes:
            yield trie
            trie, same = Trie(0), 0
        path = trie.add(number, tail, path[:same])
        previous = tail.ids[:-1]
    if trie.members:
        yield trie


def trie_batches(tries: Sequence[Trie], prefix: int, limit: BatchLimit, shortest: float = 0.0) -> Iterator[list[Trie]]:
    """Yield batches of similar length, plain sequences apart from tries, after contexts of `prefix` tokens.

    A batch of at least `FILLED` nodes is not filled with tries below `shortest` times its longest.
    """
    for branching in (False, True):
        group = [trie for trie in tries if (len(trie.members) > 1) is branching]
        group.sort(key=lambda trie: -len(trie.tokens))
        start = 0
        while start < len(group):
            longest = len(group[start].tokens)
            rows = limit.num_rows(prefix + longest, longest)
            if shortest:
                like = sum(len(trie.tokens) >= shortest * longest for trie in group[start : start + rows])
                rows = min(rows, max(like, -(-FILLED // longest)))
            yield group[start : start + rows]
            start += rows


def trie_mask(tries: Sequence[Trie], prefix: int, dtype: torch.dtype) -> torch.Tensor:
    """Return the additive attention mask of a batch of tries, (tries, 1, nodes, prefix + nodes).

    It is never boolean: eager attention adds it to its scores.
    """
    width = max(len(trie.tokens) for trie in tries)
    visible = np.zeros((len(tries), width, width), dtype=bool)
    visible[:, np.arange(width), np.arange(width)] = True  # padding attends to itself: no row is empty
    for row, trie in enumerate(tries):
        visible[row, : len(trie.tokens), : len(trie.tokens)] = trie.visible()
    mask = torch.zeros(len(tries), 1, width, prefix + width, dtype=dtype)
    mask[:, 0, :, prefix:].masked_fill_(~torch.from_numpy(visible), torch.finfo(dtype).min)
    return mask
