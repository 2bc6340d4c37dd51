"""Forward passes that score answers: whole sequences, or a context once and the answers after its cache.

The second is exact because an answer's tokens attend to the context and themselves only, so the context's keys and
values are the same for all answers, and right padding is invisible under a causal mask. The answers' positions continue
the context's own, read where the decoder receives them, of whatever kind they are. Contexts of equal length are batched
without padding.
"""

import copy
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np
import torch
from transformers import DynamicCache
from transformers.cache_utils import DynamicLayer

from lethebench.contract.models import base_of
from lethebench.evaluation.likelihood.batching import attention_of, device_of, dtype_of, model_inputs
from lethebench.evaluation.likelihood.head import Logits, logits_at
from lethebench.evaluation.likelihood.prefix_sharing import BatchLimit, Context, Tail
from lethebench.evaluation.likelihood.tries import MAX_NODES, Trie, context_tries, trie_batches, trie_mask
from lethebench.evaluation.likelihood.vocabulary import MOST_ERROR, SplitHead

Measures = np.ndarray
"""Of n tokens, float64 (2, n): log-probability and whether (0, 1) no token is likelier; with statistics (4, n): also
mean and standard deviation of the log-probability under the model's own distribution of that token."""


class TriesNotExactError(Exception):
    """Tries are not exact, or not possible, for a model."""


class _PrefixLayer(DynamicLayer):
    """A cache layer that never grows: row r of a batch reads the context `rows[r]`."""

    rows: torch.Tensor

    def update(self, key_states: torch.Tensor, value_states: torch.Tensor, *args: Any, **kwargs: Any) -> tuple:
        if self.keys is None or self.values is None:
            raise ValueError("the cache is empty: run the context first")
        keys, values = (
            past.expand(len(self.rows), -1, -1, -1) if past.shape[0] == 1 else past.index_select(0, self.rows)
            for past in (self.keys, self.values)
        )
        return torch.cat([keys, key_states], dim=-2), torch.cat([values, value_states], dim=-2)


def _is_plain(cache: Any) -> bool:
    return all(type(layer) is DynamicLayer for layer in cache.layers)


def _shared_cache(cache: Any, rows: torch.Tensor) -> Any:
    """The cache of a batch whose row r follows context `rows[r]`: read-only views, or copies for other layer kinds."""
    if _is_plain(cache):
        shared = DynamicCache()
        for layer in cache.layers:
            view = _PrefixLayer()
            view.__dict__.update(layer.__dict__)
            view.rows = rows
            shared.layers.append(view)
        return shared
    copied = copy.deepcopy(cache)
    copied.reorder_cache(rows)
    return copied


def _reduce(logits: torch.Tensor, statistics: bool) -> list[torch.Tensor]:
    """The log-sum-exp and maximum of each row of logits and, with `statistics`, mean and deviation of log p under p.

    The logits are overwritten.
    """
    if not statistics:
        top = logits.amax(-1)
        shift = top.masked_fill(top.abs() == torch.inf, 0)  # as `logsumexp` does
        return [logits.sub_(shift[:, None]).exp_().sum(-1).log_().add_(shift), top]
    total, top = logits.logsumexp(-1), logits.amax(-1)
    logp = logits.sub_(total[:, None])
    p = logp.exp()
    logp = torch.where(p > 0, logp, 0)  # 0 log 0 = 0
    mean = (p * logp).sum(-1)
    spread = (p * (logp - mean[:, None]).square_()).sum(-1)
    return [total, top, mean, spread.sqrt()]


def measure(
    logits: Logits, rows: Sequence[int] | np.ndarray, targets: Sequence[int] | np.ndarray, *, statistics: bool
) -> Measures:
    """Return the measures of tokens (`targets`), of which each has its row of logits.

    Half precision is widened; `statistics` adds mean and standard deviation.
    """
    if not len(rows):
        return np.zeros((4 if statistics else 2, 0))
    row_of = np.asarray(rows, dtype=np.int64)
    if logits.split is not None and not statistics:
        return _measure_split(logits.states, logits.split, row_of, np.asarray(targets, dtype=np.int64))
    order = np.argsort(row_of, kind="stable")
    index, target = torch.from_numpy(row_of[order]), torch.from_numpy(np.asarray(targets, dtype=np.int64)[order])
    picked, (total, top, *moments) = _picked(logits, index, target, statistics=statistics)
    index = index.to(total.device)
    measures = [(picked - total[index]).double(), (picked == top[index]).double()]
    measures += [value[index].double() for value in moments]
    result = np.empty((len(measures), len(order)))
    result[:, order] = torch.stack(measures).cpu().numpy()
    return result


def _picked(
    logits: Logits, index: torch.Tensor, target: torch.Tensor, *, statistics: bool
) -> tuple[torch.Tensor, list[torch.Tensor]]:
    """The logits of tokens, whose rows are in rising order, and what `_reduce` returns of all rows."""
    device, bounds = logits.states.device, index.numpy()
    index, target = index.to(device), target.to(device)
    parts, chosen, done = [], [], 0
    for start, piece in logits.slices():
        stop = int(np.searchsorted(bounds, start + len(piece)))
        chosen.append(piece[index[done:stop] - start, target[done:stop]])
        parts.append(_reduce(piece, statistics))
        done = stop
    return torch.cat(chosen), [torch.cat(values) for values in zip(*parts, strict=True)]


def _measure_split(states: torch.Tensor, split: SplitHead, row_of: np.ndarray, targets: np.ndarray) -> Measures:
    """What `measure` returns, with the logits of one part of the vocabulary; rows that are in doubt in full."""
    order = np.argsort(row_of, kind="stable")
    index, target = torch.from_numpy(row_of[order]), torch.from_numpy(targets[order])
    column = split.column[target]
    picked, (total, top) = _picked(Logits(states, split.others), index, column.clamp(min=0), statistics=False)
    alike = torch.nonzero(column < 0)[:, 0]
    picked[alike] = (states[index[alike]] * split.weight[target[alike]]).sum(-1)
    summed = split.summed(states)
    total = torch.logaddexp(total, summed.total)
    doubtful = ~(summed.error * (summed.total - total).exp() <= MOST_ERROR)
    best = top[index]
    doubtful[index[(summed.most >= top)[index] & ~(picked < best - MOST_ERROR)]] = True
    split.note(len(states), int(doubtful.sum()))
    result = np.empty((2, len(order)))
    result[:, order] = torch.stack([picked - total[index], picked == best]).double().numpy()
    again = doubtful.numpy()[row_of]
    if again.any():
        rows = (doubtful.cumsum(0) - 1).numpy()[row_of[again]]
        result[:, again] = measure(Logits(states[doubtful], split.weight), rows, targets[again], statistics=False)
    return result


def _split(values: Measures, lengths: Sequence[int]) -> list[Measures]:
    return np.split(values, np.cumsum(lengths)[:-1], axis=1)


def score_whole(model: Any, pairs: Sequence[tuple[Context, Tail]], *, statistics: bool = False) -> list[Measures]:
    """Score (context, tail) pairs, each a whole prompt and answer, in one right-padded batch."""
    token_ids = [[*context.ids, *tail.ids] for context, tail in pairs]
    counts = [context.num_scored(tail) for context, tail in pairs]
    inputs = model_inputs(model, [context for context, _ in pairs], token_ids)
    keep = torch.zeros(inputs["input_ids"].shape, dtype=torch.bool)
    for row, (ids, count) in enumerate(zip(token_ids, counts, strict=True)):
        keep[row, len(ids) - count - 1 : len(ids) - 1] = True
    logits, _ = logits_at(model, inputs, keep.to(device_of(model)), use_cache=False)
    targets = [token for ids, count in zip(token_ids, counts, strict=True) for token in ids[-count:]]
    return _split(measure(logits, range(len(targets)), targets, statistics=statistics), counts)


class _Prefix(NamedTuple):
    """Contexts that were run: their cache, the position (contexts,) that follows each, and their length."""

    cache: Any
    starts: torch.Tensor
    length: int


@contextmanager
def _decoder_positions(model: Any) -> Iterator[list]:
    """Collect the `position_ids` that the language model inside receives."""
    positions: list = []
    handle = (
        base_of(model)
        .get_decoder()
        .register_forward_pre_hook(
            lambda _, args, kwargs: positions.append(kwargs.get("position_ids")), with_kwargs=True
        )
    )
    try:
        yield positions
    finally:
        handle.remove()


def run_contexts(model: Any, contexts: Sequence[Context], keep: int) -> tuple[_Prefix, Logits]:
    """Run contexts of one length and kind; return also the logits of the last `keep` tokens of each, row by row."""
    inputs = model_inputs(model, contexts, [list(context.ids) for context in contexts])
    length = len(contexts[0].ids)
    last = torch.arange(length, device=device_of(model)) >= length - keep
    with _decoder_positions(model) as received:
        logits, out = logits_at(model, inputs, last.expand(len(contexts), -1), use_cache=True)
    starts = torch.tensor([length], device=device_of(model))
    if received and received[0] is not None:
        positions = received[0].reshape(-1, *received[0].shape[-2:])  # several axes with multimodal rotary embeddings
        starts = positions.amax(dim=(0, 2)) + 1
    return _Prefix(out.past_key_values, starts.expand(len(contexts)), length), logits


def check_tries(model: Any) -> None:
    attention = attention_of(model)
    if attention not in ("sdpa", "eager"):
        raise TriesNotExactError(f"{attention} attention does not accept a custom mask")
    if attention == "eager" and dtype_of(model) == torch.float64:
        raise TriesNotExactError("eager attention computes its softmax in float32: in float64 the order of keys shows")


def run_tries(model: Any, prefix: _Prefix, tries: Sequence[Trie], *, statistics: bool) -> list[list[Measures]]:
    """Score the answers of tries after their contexts, without the tokens that the contexts' own logits score."""
    device = device_of(model)
    width = max(len(trie.tokens) for trie in tries)
    ids, depths = np.zeros((2, len(tries), width), dtype=np.int64)
    keep = np.zeros((len(tries), width), dtype=bool)
    for row, trie in enumerate(tries):
        ids[row, : len(trie.tokens)] = trie.tokens
        depths[row, : len(trie.tokens)] = trie.depths
        keep[row, sorted({node for nodes in trie.nodes for node in nodes})] = True
    contexts = torch.tensor([trie.context for trie in tries], device=device)
    inputs = {
        "input_ids": torch.from_numpy(ids).to(device),
        "position_ids": prefix.starts[contexts][:, None] + torch.from_numpy(depths).to(device),
    }
    if any(len(trie.members) > 1 for trie in tries):
        if not _is_plain(prefix.cache):
            raise TriesNotExactError(f"its cache has {type(prefix.cache.layers[0]).__name__} layers")
        inputs["attention_mask"] = trie_mask(tries, prefix.length, dtype_of(model)).to(device)
    cache = _shared_cache(prefix.cache, contexts)
    logits, _ = logits_at(model, inputs, torch.from_numpy(keep).to(device), past_key_values=cache, use_cache=True)
    row_of = keep.reshape(-1).cumsum().reshape(keep.shape) - 1  # node -> row of the flat logits
    rows = np.concatenate([row_of[row, nodes] for row, trie in enumerate(tries) for nodes in trie.nodes])
    targets = [token for trie in tries for answer in trie.targets for token in answer]
    values = measure(logits, rows, targets, statistics=statistics)
    pieces = iter(_split(values, [len(answer) for trie in tries for answer in trie.targets]))
    return [[next(pieces) for _ in trie.members] for trie in tries]


def score_shared(
    model: Any, contexts: Sequence[Context], limit: BatchLimit, *, tries: bool, statistics: bool = False
) -> list[list[Measures]]:
    """Score all tails of contexts of one length and kind: one pass over the contexts, then the tails after them.

    Returns one list per context with the measures of each tail's scored tokens. With `tries`, tails run as tries; it
    raises TriesNotExactError if the attention takes no mask, or the cache is not plain.
    """
    if tries:
        check_tries(model)
    width = max(context.head for context in contexts) + 1
    prefix, logits = run_contexts(model, contexts, width)
    pairs = [(index, tail) for index, context in enumerate(contexts) for tail in context.tails]
    rows: list[int] = []
    targets: list[int] = []
    counts = []
    for index, tail in pairs:
        context = contexts[index]
        head = context.head if tail.skip == 0 else -1
        rows += range((index + 1) * width - 1 - head, (index + 1) * width)
        targets += [*context.ids[len(context.ids) - head :], tail.ids[0]] if head >= 0 else []
        counts.append(head + 1)
    first = _split(measure(logits, rows, targets, statistics=statistics), counts)
    parts = [[values] for values in first]

    first_pairs = np.cumsum([0, *(len(context.tails) for context in contexts)])
    max_nodes = min(MAX_NODES, limit.logits) if tries else 0
    built = [trie for index, context in enumerate(contexts) for trie in context_tries(context, index, max_nodes)]
    for batch in trie_batches(built, prefix.length, limit):
        for trie, measures in zip(batch, run_tries(model, prefix, batch, statistics=statistics), strict=True):
            for number, values in zip(trie.members, measures, strict=True):
                parts[first_pairs[trie.context] + number].append(values)
    results: list[list[Measures]] = [[] for _ in contexts]
    for (index, _), part in zip(pairs, parts, strict=True):
        results[index].append(np.concatenate(part, axis=1))
    return results
