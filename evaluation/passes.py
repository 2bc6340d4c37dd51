"""Rows over a prefix cache: what stands before several answers is run once, the answers as rows behind its cache.

Why it is exact: an answer's tokens see the prefix and themselves only, so keys and values of the prefix are the same
for all answers, and right padding is invisible under a causal mask. No mask and no positions are passed: the model
derives its own, whatever kind it has. Contexts of one length stand in one batch without padding.
"""

import copy
import logging
import weakref
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import torch
from transformers import DynamicCache
from transformers.cache_utils import DynamicLayer

from lethebench.evaluation.contexts import BatchLimit, Context, batches, longest_run, shared_batches

logger = logging.getLogger(__name__)
_WARNED: weakref.WeakSet = weakref.WeakSet()  # models for which a fallback was already said


class _PrefixLayer(DynamicLayer):
    """A cache layer that never grows: each row of a batch reads the prefix that its index names."""

    rows: torch.Tensor

    def update(self, key_states: torch.Tensor, value_states: torch.Tensor, *args: Any, **kwargs: Any) -> tuple:
        keys, values = (
            past.expand(len(self.rows), -1, -1, -1) if past.shape[0] == 1 else past.index_select(0, self.rows)
            for past in (self.keys, self.values)
        )
        return torch.cat([keys, key_states], dim=-2), torch.cat([values, value_states], dim=-2)


def _over(cache: Any, rows: torch.Tensor) -> Any:
    """The cache of a batch whose row r continues prefix `rows[r]`: read-only views, or copies for other layer kinds."""
    if all(type(layer) is DynamicLayer for layer in cache.layers):
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


def _device(model: Any) -> torch.device:
    return next(model.parameters()).device


def _dtype(model: Any) -> torch.dtype:
    return next(parameter.dtype for parameter in model.parameters() if parameter.is_floating_point())


def batch_limit(model: Any, batch_size: int | None) -> BatchLimit:
    """Batches for this model's device: small enough for a CPU's caches, twice as large elsewhere."""
    tokens = BatchLimit.tokens * (1 if _device(model).type == "cpu" else 2)
    return BatchLimit(tokens=tokens, rows=batch_size)


def model_inputs(model: Any, contexts: Sequence[Context], ids: list[list[int]], *, left: bool = False) -> dict:
    """Model inputs for full sequences, one per context, padded on the right (or left).

    Args:
        model: tells device and dtype.
        contexts: of one kind; `ids[i]` begins with the prompt of `contexts[i]`.
        ids: token ids.
        left: pad on the left, for generation.
    """
    device, dtype = _device(model), _dtype(model)
    width = max(len(one) for one in ids)

    def padded(value: list[int]) -> list[int]:
        room = [0] * (width - len(value))
        return room + list(value) if left else list(value) + room

    inputs = {
        "input_ids": torch.tensor([padded(one) for one in ids], device=device),
        "attention_mask": torch.tensor([padded([1] * len(one)) for one in ids], device=device),
    }
    extras = [context.inputs(len(one) - len(context.ids)) for context, one in zip(contexts, ids, strict=True)]
    for name in contexts[0].prompt.per_token:
        inputs[name] = torch.tensor([padded(one[name]) for one in extras], device=device)
    for name, first in contexts[0].prompt.per_row.items():
        value = torch.cat([context.prompt.per_row[name] for context in contexts]).to(device)
        inputs[name] = value.to(dtype) if first.is_floating_point() else value
    return inputs


def _logprobs(logits: torch.Tensor, targets: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Log-probability of each target under its row of logits, and whether it is the row's most likely token."""
    if logits.dtype in (torch.float16, torch.bfloat16):
        logits = logits.float()
    chosen = logits.gather(-1, targets[:, None])[:, 0]
    return (chosen - logits.logsumexp(-1)).double(), chosen == logits.amax(-1)


Result = list[tuple[float, bool]]


def _score_whole(model: Any, pairs: Sequence[tuple[Context, int]]) -> Result:
    """Scores (context, number of the tail) pairs as whole sequences in one right-padded batch."""
    ids = [[*context.ids, *context.tails[tail]] for context, tail in pairs]
    scored = [context.head + len(context.tails[tail]) for context, tail in pairs]
    inputs = model_inputs(model, [context for context, _ in pairs], ids)
    keep = torch.zeros(inputs["input_ids"].shape, dtype=torch.bool)
    for row, (one, count) in enumerate(zip(ids, scored, strict=True)):
        keep[row, len(one) - count - 1 : len(one) - 1] = True
    logits = model(**inputs, use_cache=False, logits_to_keep=keep.to(_device(model))).logits
    targets = torch.tensor([token for one, n in zip(ids, scored, strict=True) for token in one[-n:]])
    logprobs, best = _logprobs(logits, targets.to(logits.device))
    rows = torch.repeat_interleave(torch.arange(len(pairs)), torch.tensor(scored))
    return _collect(len(pairs), rows, logprobs.cpu(), best.cpu())


def _collect(count: int, rows: torch.Tensor, logprobs: torch.Tensor, best: torch.Tensor) -> Result:
    sums = torch.zeros(count, dtype=torch.float64).index_add_(0, rows, logprobs)
    wrong = torch.zeros(count, dtype=torch.int64).index_add_(0, rows, (~best).long())
    return list(zip(sums.tolist(), (wrong == 0).tolist(), strict=True))


def _score_shared(model: Any, contexts: Sequence[Context], limit: BatchLimit) -> list[Result]:
    """Scores all tails of contexts of one length and kind: one pass over the prefixes, then the tails as rows."""
    device = _device(model)
    inputs = model_inputs(model, contexts, [list(context.ids) for context in contexts])
    heads = [context.head for context in contexts]
    first = model(**inputs, use_cache=True, logits_to_keep=max(heads) + 1)
    width = first.logits.shape[1]
    pairs = [(c, tail) for c, context in enumerate(contexts) for tail in context.tails]
    owner = torch.tensor([c for c, _ in pairs], device=device)

    head_rows = torch.repeat_interleave(torch.arange(len(contexts)), torch.tensor(heads))
    head_at = torch.tensor([width - 1 - h + i for h in heads for i in range(h)], dtype=torch.long)
    head_ids = [token for context in contexts if context.head for token in context.ids[-context.head :]]
    logits = first.logits[head_rows.to(device), head_at.to(device)]
    of_head = _collect(
        len(contexts), head_rows, *_cpu(_logprobs(logits, torch.tensor(head_ids, dtype=torch.long, device=device)))
    )
    last = first.logits[:, -1]
    last = last.float() if last.dtype in (torch.float16, torch.bfloat16) else last
    start = torch.tensor([tail[0] for _, tail in pairs], device=device)
    chosen = last[owner, start]
    of_first = (chosen - last.logsumexp(-1)[owner]).double().cpu(), (chosen == last.amax(-1)[owner]).cpu()

    sums, best = of_first[0].tolist(), of_first[1].tolist()
    order = sorted((i for i, (_, tail) in enumerate(pairs) if len(tail) > 1), key=lambda i: -len(pairs[i][1]))
    step = limit.of_length(len(contexts[0].ids) + len(pairs[order[0]][1])) if order else 1
    for at in range(0, len(order), step):
        batch = order[at : at + step]
        rest = _score_tails(model, first.past_key_values, owner[batch], [pairs[i][1] for i in batch])
        for i, (logprob, greedy) in zip(batch, rest, strict=True):
            sums[i] += logprob
            best[i] &= greedy
    results: list[Result] = [[] for _ in contexts]
    for i, (c, _) in enumerate(pairs):
        results[c].append((of_head[c][0] + sums[i], bool(of_head[c][1] and best[i])))
    return results


def _cpu(pair: tuple[torch.Tensor, torch.Tensor]) -> tuple[torch.Tensor, torch.Tensor]:
    return pair[0].cpu(), pair[1].cpu()


def _score_tails(model: Any, cache: Any, owner: torch.Tensor, tails: list[tuple[int, ...]]) -> Result:
    """Scores all tokens but the first of each tail, as right-padded rows over the prefix cache."""
    width = max(len(tail) for tail in tails) - 1
    ids = torch.tensor([[*tail[:-1], *[0] * (width - len(tail) + 1)] for tail in tails], device=owner.device)
    lengths = torch.tensor([len(tail) - 1 for tail in tails])
    keep = torch.arange(width)[None] < lengths[:, None]
    out = model(input_ids=ids, past_key_values=_over(cache, owner), use_cache=True, logits_to_keep=keep.to(ids.device))
    targets = torch.tensor([token for tail in tails for token in tail[1:]], device=ids.device)
    rows = torch.repeat_interleave(torch.arange(len(tails)), lengths)
    return _collect(len(tails), rows, *_cpu(_logprobs(out.logits, targets)))


def _agree(model: Any, first: Result, second: Result) -> float | None:
    """None where two results are the same up to rounding, else the largest difference in nats."""
    tolerances = {torch.float64: (1e-6, 1e-9), torch.float32: (1e-2, 1e-4)}  # absolute, relative to the sum
    absolute, relative = tolerances.get(_dtype(model), (1.0, 5e-2))
    worst = 0.0
    for (one, _), (two, _) in zip(first, second, strict=True):
        gap = abs(one - two)
        if one == one and gap > absolute + relative * abs(two):  # not finite: found later, with the row's name
            worst = max(worst, gap)
    return worst or None


def _sharing(model: Any, contexts: Sequence[Context]) -> str:
    """How far prefixes can be shared with this model: `batch`, `single` (one prefix at a time) or `none`.

    Tried on the first contexts themselves against whole sequences, with answers of unequal number and length.
    """
    sample = []
    for context, count in zip(contexts[:2], (3, 2), strict=False):
        few = sorted(zip(context.tails, context.slots, strict=True), key=lambda item: len(item[0]))
        few = [few[0], few[-1], few[len(few) // 2]][: min(count, len(few))]
        sample.append(Context(context.prompt, context.ids, context.head, [t for t, _ in few], [s for _, s in few]))
    naive = [_score_whole(model, [(context, tail)])[0] for context in sample for tail in range(len(context.tails))]
    reason = ""
    for mode in ("batch", "single"):
        groups = [sample] if mode == "batch" else [[context] for context in sample]
        try:
            shared = [
                pair
                for group in groups
                for result in _score_shared(model, group, BatchLimit(rows=8))
                for pair in result
            ]
        except Exception as error:  # any architecture may come here; what it cannot do is said below, not hidden
            reason = f"{type(error).__name__}: {error}"
            continue
        gap = _agree(model, shared, naive)
        if gap is None:
            return mode
        reason = f"sums differ by {gap:.3g} nats"
    if model not in _WARNED:
        _WARNED.add(model)
        logger.warning("%s cannot share a prefix (%s): every answer is scored as a whole", type(model).__name__, reason)
    return "none"


def score_contexts(
    model: Any,
    contexts: Sequence[Context],
    *,
    batch_size: int | None = None,
    progress: Callable[[int], None] | None = None,
) -> Iterator[tuple[Context, int, float, bool]]:
    """Scores all answers of all contexts, in any order.

    Contexts with one tail are rows of right-padded batches. The others share their prefix, several prefixes of one
    length in one pass where the answers of one do not fill a batch.

    Args:
        model: in eval mode, without gradients.
        contexts: as `contexts.plan` made them.
        batch_size: at most so many sequences in one forward pass.
        progress: called with the number of answers done so far.

    Yields:
        (context, number of its tail, log-probability of the answer, whether greedy decoding gives it).
    """
    limit = batch_limit(model, batch_size)
    kinds: dict[tuple, list[Context]] = defaultdict(list)
    for context in contexts:
        kinds[context.prompt.kind].append(context)
    done = 0
    for group in kinds.values():
        several = [context for context in group if len(context.tails) > 1]
        mode = _sharing(model, longest_run(several)) if several else "none"
        whole = [context for context in group if mode == "none" or len(context.tails) == 1]
        for pairs in batches(whole, limit):
            for (context, tail), (logprob, greedy) in zip(pairs, _score_whole(model, pairs), strict=True):
                yield context, tail, logprob, greedy
            done += len(pairs)
            if progress is not None:
                progress(done)
        if mode == "none":
            continue
        for chunk in shared_batches(several, limit, alone=mode == "single"):
            for context, result in zip(chunk, _score_shared(model, chunk, limit), strict=True):
                yield from ((context, tail, *score) for tail, score in enumerate(result))
                done += len(result)
            if progress is not None:
                progress(done)
