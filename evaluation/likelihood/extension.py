"""Passes over tokens that follow others of earlier passes, of which keys and values are kept."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from transformers import DynamicCache
from transformers.cache_utils import DynamicLayer

from lethebench.evaluation.likelihood.batching import device_of, dtype_of
from lethebench.evaluation.likelihood.forward import Measures, Prefix, read_nodes
from lethebench.evaluation.likelihood.head import logits_at
from lethebench.evaluation.likelihood.tries import Trie

Path = tuple[int, ...]
"""Numbers of the tokens, of earlier passes, that come between a context and a node."""


@dataclass
class Extension(Trie):
    """A trie whose nodes follow tokens of earlier passes.

    Attributes:
        paths: one per node, the same for a node and its parent.
        first: number of node 0, once it was run.
    """

    paths: list[Path] = field(default_factory=list)
    first: int = -1

    def path_to(self, node: int) -> Path:
        """Return the numbers of the tokens between the context and a node, that of the node included."""
        nodes = []
        path = self.paths[node]
        while node >= 0:
            nodes.append(self.first + node)
            node = self.parents[node]
        return (*path, *reversed(nodes))


class _Layer(DynamicLayer):
    """A cache layer that never grows, and keeps what would be added."""

    def update(self, key_states: torch.Tensor, value_states: torch.Tensor, *args: Any, **kwargs: Any) -> tuple:
        self.added = key_states, value_states
        return torch.cat([self.keys, key_states], dim=-2), torch.cat([self.values, value_states], dim=-2)


class KeptTokens:
    """Keys and values of contexts, and of the tokens that were run after them.

    Args:
        prefix: contexts of one length that were run, with a plain cache.
    """

    def __init__(self, prefix: Prefix) -> None:
        self.length = prefix.length
        self.starts = prefix.starts
        self.layers = prefix.cache.layers
        self.states = [
            tuple(states.transpose(1, 2).flatten(0, 1) for states in (layer.keys, layer.values))
            for layer in self.layers
        ]

    def run(self, model: Any, tries: Sequence[Extension]) -> list[list[Measures]]:
        """Score the answers of tries, whose nodes are kept too; number the nodes."""
        device, width = device_of(model), max(len(trie.tokens) for trie in tries)
        places = [{number: place for place, number in enumerate(_distinct(trie.paths))} for trie in tries]
        longest = max(map(len, places))
        ids, positions = np.zeros((2, len(tries), width), dtype=np.int64)
        before = np.zeros((len(tries), self.length + longest), dtype=np.int64)
        keep = np.zeros((len(tries), width), dtype=bool)
        visible = np.zeros((len(tries), width, self.length + longest + width), dtype=bool)
        visible[:, :, : self.length] = True
        visible[:, np.arange(width), self.length + longest + np.arange(width)] = True  # padding sees itself
        for row, (trie, place) in enumerate(zip(tries, places, strict=True)):
            count = len(trie.tokens)
            ids[row, :count] = trie.tokens
            positions[row, :count] = [depth + len(path) for depth, path in zip(trie.depths, trie.paths, strict=True)]
            before[row, : self.length] = np.arange(self.length) + trie.context * self.length
            before[row, self.length : self.length + len(place)] = list(place)
            keep[row, [node for nodes in trie.nodes for node in nodes]] = True
            seen: dict[Path, list[int]] = {}
            for node, path in enumerate(trie.paths):
                if path not in seen:
                    seen[path] = [self.length + place[number] for number in path]
                visible[row, node, seen[path]] = True
            visible[row, :count, self.length + longest :][:, :count] = trie.visible()
        contexts = torch.tensor([trie.context for trie in tries], device=device)
        mask = torch.zeros(len(tries), 1, *visible.shape[1:], dtype=dtype_of(model))
        mask[:, 0].masked_fill_(~torch.from_numpy(visible), torch.finfo(mask.dtype).min)
        inputs = {
            "input_ids": torch.from_numpy(ids).to(device),
            "position_ids": self.starts[contexts][:, None] + torch.from_numpy(positions).to(device),
            "attention_mask": mask.to(device),
        }
        cache = self._cache(torch.from_numpy(before).to(device))
        logits, _ = logits_at(model, inputs, torch.from_numpy(keep).to(device), past_key_values=cache, use_cache=True)
        self._keep(cache, tries, width, device)
        return read_nodes(logits, keep, tries)

    def _cache(self, numbers: torch.Tensor) -> DynamicCache:
        """The keys and values of tokens, (rows, tokens)."""
        cache = DynamicCache()
        for layer, states in zip(self.layers, self.states, strict=True):
            view = _Layer()
            view.__dict__.update(layer.__dict__)
            view.keys, view.values = (
                kept.index_select(0, numbers.flatten()).unflatten(0, numbers.shape).transpose(1, 2) for kept in states
            )
            cache.layers.append(view)
        return cache

    def _keep(self, cache: DynamicCache, tries: Sequence[Extension], width: int, device: torch.device) -> None:
        first, rows = len(self.states[0][0]), []
        for row, trie in enumerate(tries):
            trie.first = first + len(rows)
            rows += range(row * width, row * width + len(trie.tokens))
        chosen = torch.tensor(rows, device=device)
        self.states = [
            tuple(
                torch.cat([kept, added.transpose(1, 2).flatten(0, 1)[chosen]])
                for kept, added in zip(states, layer.added, strict=True)
            )
            for layer, states in zip(cache.layers, self.states, strict=True)
        ]


def _distinct(paths: Sequence[Path]) -> list[int]:
    return list(dict.fromkeys(number for path in dict.fromkeys(paths) for number in path))
