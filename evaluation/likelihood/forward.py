"""Forward passes that score answers: whole sequences, or a prefix once and answers behind its cache.

Why the second is exact: an answer's tokens see the prefix and themselves only, so keys and values of the prefix are the
same for all answers, and right padding is invisible under a causal mask. The answers' positions go on from the prefix's
own, read where the decoder gets them, whatever kind they have. Contexts of one length stand in one batch unpadded.
"""

import copy
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np
import torch
from transformers import DynamicCache
from transformers.cache_utils import DynamicLayer

from lethebench.evaluation.likelihood.batching import SLICE, attention_of, base_of, device_of, dtype_of, model_inputs
from lethebench.evaluation.likelihood.prefix_sharing import BatchLimit, Context, Tail
from lethebench.evaluation.likelihood.tries import SIZE, Pack, mask_of, pack_batches, packs_of

Measures = np.ndarray
"""Of n tokens, float64 (2, n): log-probability and whether (0, 1) no token is likelier; with statistics (4, n): also
mean and standard deviation of the log-probability under the model's own distribution of that token."""


class CannotPackError(Exception):
    """Packs are not exact, or not possible, for a model: why."""


class _PrefixLayer(DynamicLayer):
    """A cache layer that never grows: each row of a batch reads the prefix that its index names."""

    rows: torch.Tensor

    def update(self, key_states: torch.Tensor, value_states: torch.Tensor, *args: Any, **kwargs: Any) -> tuple:
        keys, values = (
            past.expand(len(self.rows), -1, -1, -1) if past.shape[0] == 1 else past.index_select(0, self.rows)
            for past in (self.keys, self.values)
        )
        return torch.cat([keys, key_states], dim=-2), torch.cat([values, value_states], dim=-2)


def _plain(cache: Any) -> bool:
    return all(type(layer) is DynamicLayer for layer in cache.layers)


def _over(cache: Any, rows: torch.Tensor) -> Any:
    """The cache of a batch whose row r continues prefix `rows[r]`: read-only views, or copies for other layer kinds."""
    if _plain(cache):
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


def _reduced(logits: torch.Tensor, statistics: bool) -> list[torch.Tensor]:
    """Of each row of logits: its log-sum-exp, its largest and, on demand, mean and deviation of log p under p."""
    total = logits.logsumexp(-1)
    if not statistics:
        return [total, logits.amax(-1)]
    logp = logits - total[:, None]
    p = logp.exp()
    logp = torch.where(p > 0, logp, 0)  # 0 log 0 = 0
    mean = (p * logp).sum(-1)
    spread = (p * (logp - mean[:, None]).square_()).sum(-1)
    return [total, logits.amax(-1), mean, spread.sqrt()]


def measure(logits: torch.Tensor, at: Sequence[int], targets: Sequence[int], *, statistics: bool) -> Measures:
    """Measures of tokens.

    Args:
        logits: (rows, vocabulary); half precision is widened.
        at: for each token, its row.
        targets: the tokens.
        statistics: also mean and standard deviation.
    """
    parts = []
    for piece in logits.split(SLICE):
        parts.append(_reduced(piece.float() if piece.dtype in (torch.float16, torch.bfloat16) else piece, statistics))
    if not parts:
        return np.zeros((4 if statistics else 2, 0))
    rows = torch.tensor(at, dtype=torch.long, device=logits.device)
    total, top, *more = (torch.cat(values)[rows] for values in zip(*parts, strict=True))
    chosen = logits[rows, torch.tensor(targets, dtype=torch.long, device=logits.device)].to(total.dtype)
    found = [(chosen - total).double(), (chosen == top).double(), *(value.double() for value in more)]
    return torch.stack(found).cpu().numpy()


def _split(values: Measures, lengths: Sequence[int]) -> list[Measures]:
    return np.split(values, np.cumsum(lengths)[:-1], axis=1)


def score_whole(model: Any, pairs: Sequence[tuple[Context, Tail]], *, statistics: bool = False) -> list[Measures]:
    """Scores (context, tail) pairs, each a whole prompt and answer, in one right-padded batch."""
    ids = [[*context.ids, *tail.ids] for context, tail in pairs]
    scored = [context.scored(tail) for context, tail in pairs]
    inputs = model_inputs(model, [context for context, _ in pairs], ids)
    keep = torch.zeros(inputs["input_ids"].shape, dtype=torch.bool)
    for row, (one, count) in enumerate(zip(ids, scored, strict=True)):
        keep[row, len(one) - count - 1 : len(one) - 1] = True
    logits = model(**inputs, use_cache=False, logits_to_keep=keep.to(device_of(model))).logits
    targets = [token for one, count in zip(ids, scored, strict=True) for token in one[-count:]]
    return _split(measure(logits, range(len(targets)), targets, statistics=statistics), scored)


class _Prefix(NamedTuple):
    cache: Any
    starts: torch.Tensor  # (contexts,): the position that follows each
    length: int


@contextmanager
def _decoder_positions(model: Any) -> Iterator[list]:
    """Collects the `position_ids` that the language model inside gets."""
    seen: list = []
    decoder = base_of(model).get_decoder()
    handle = decoder.register_forward_pre_hook(
        lambda _, args, kwargs: seen.append(kwargs.get("position_ids")), with_kwargs=True
    )
    try:
        yield seen
    finally:
        handle.remove()


def _run_prefix(model: Any, contexts: Sequence[Context], keep: int) -> tuple[_Prefix, torch.Tensor]:
    """One pass over contexts of one length and kind; also the logits of the last `keep` tokens."""
    inputs = model_inputs(model, contexts, [list(context.ids) for context in contexts])
    with _decoder_positions(model) as seen:
        out = model(**inputs, use_cache=True, logits_to_keep=keep)
    length = len(contexts[0].ids)
    starts = torch.tensor([length], device=device_of(model))
    if seen and seen[0] is not None:
        positions = seen[0].reshape(-1, *seen[0].shape[-2:])  # several axes with multimodal rotary embeddings
        starts = positions.amax(dim=(0, 2)) + 1
    return _Prefix(out.past_key_values, starts.expand(len(contexts)), length), out.logits


def _check_packs(model: Any) -> None:
    attention = attention_of(model)
    if attention not in ("sdpa", "eager"):
        raise CannotPackError(f"{attention} attention takes no mask of ours")
    if attention == "eager" and dtype_of(model) == torch.float64:
        raise CannotPackError("eager attention has its softmax in float32: in float64 the order of keys would show")


def _run_packs(model: Any, prefix: _Prefix, packs: Sequence[Pack], *, statistics: bool) -> list[list[Measures]]:
    """The answers of packs behind their prefixes, without the token that the prefix itself gives."""
    device = device_of(model)
    width = max(len(pack.tokens) for pack in packs)
    ids, depths = np.zeros((2, len(packs), width), dtype=np.int64)
    keep = np.zeros((len(packs), width), dtype=bool)
    for row, pack in enumerate(packs):
        ids[row, : len(pack.tokens)] = pack.tokens
        depths[row, : len(pack.tokens)] = pack.depths
        keep[row, sorted({node for nodes in pack.nodes for node in nodes})] = True
    owner = torch.tensor([pack.owner for pack in packs], device=device)
    inputs = {
        "input_ids": torch.from_numpy(ids).to(device),
        "position_ids": prefix.starts[owner][:, None] + torch.from_numpy(depths).to(device),
    }
    if any(len(pack.members) > 1 for pack in packs):
        if not _plain(prefix.cache):
            raise CannotPackError(f"its cache has {type(prefix.cache.layers[0]).__name__} layers")
        inputs["attention_mask"] = mask_of(packs, prefix.length, dtype_of(model)).to(device)
    logits = model(
        **inputs,
        past_key_values=_over(prefix.cache, owner),
        use_cache=True,
        logits_to_keep=torch.from_numpy(keep).to(device),
    ).logits
    row_of = keep.reshape(-1).cumsum().reshape(keep.shape) - 1  # node -> row of the flat logits
    at = np.concatenate([row_of[row, nodes] for row, pack in enumerate(packs) for nodes in pack.nodes])
    targets = [token for pack in packs for one in pack.targets for token in one]
    values = measure(logits, at, targets, statistics=statistics)
    pieces = iter(_split(values, [len(one) for pack in packs for one in pack.targets]))
    return [[next(pieces) for _ in pack.members] for pack in packs]


def score_shared(
    model: Any, contexts: Sequence[Context], limit: BatchLimit, *, packed: bool, statistics: bool = False
) -> list[list[Measures]]:
    """Scores all tails of contexts of one length and kind: one pass over the prefixes, then the tails behind them.

    Args:
        model: in eval mode, without gradients.
        contexts: the prefixes.
        limit: of each forward pass.
        packed: tails as tries; else each is a sequence.
        statistics: as `measure`.

    Raises:
        CannotPackError: the attention takes no mask, or the cache is not plain.
    """
    if packed:
        _check_packs(model)
    prefix, logits = _run_prefix(model, contexts, max(context.head for context in contexts) + 1)
    width = logits.shape[1]
    pairs = [(c, tail) for c, context in enumerate(contexts) for tail in context.tails]
    at: list[int] = []
    targets: list[int] = []
    counts = []
    for c, tail in pairs:
        head = contexts[c].head if tail.skip == 0 else -1
        at += range((c + 1) * width - 1 - head, (c + 1) * width)
        targets += [*contexts[c].ids[len(contexts[c].ids) - head :], tail.ids[0]] if head >= 0 else []
        counts.append(head + 1)
    parts = [[one] for one in _split(measure(logits.flatten(0, 1), at, targets, statistics=statistics), counts)]

    numbered: list[list[tuple[int, Tail]]] = [[] for _ in contexts]
    for number, (c, tail) in enumerate(pairs):
        numbered[c].append((number, tail))
    size = min(SIZE, limit.kept) if packed else 0
    packs = [pack for c, tails in enumerate(numbered) for pack in packs_of(c, tails, size)]
    for batch in pack_batches(packs, prefix.length, limit):
        for pack, found in zip(batch, _run_packs(model, prefix, batch, statistics=statistics), strict=True):
            for number, values in zip(pack.members, found, strict=True):
                parts[number].append(values)
    results: list[list[Measures]] = [[] for _ in contexts]
    for (c, _), part in zip(pairs, parts, strict=True):
        results[c].append(np.concatenate(part, axis=1))
    return results
