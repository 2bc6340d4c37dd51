"""Which savings are exact for a model is found by trying them; what is not falls back to the plain way.

`score_items` scores all answers of all rows. Before a model's first shared pass, a few of the very answers are scored
as whole sequences, one by one, and in the shared way; the widest saving that agrees is kept for that model.
"""

import logging
import weakref
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from itertools import product
from typing import Any

import numpy as np
import torch

from lethebench.contract.tokens import EncodedQuestion
from lethebench.evaluation.likelihood.batching import attention_of, base_of, batch_limit, dtype_of
from lethebench.evaluation.likelihood.forward import Measures, score_shared, score_whole
from lethebench.evaluation.likelihood.prefix_sharing import (
    BatchLimit,
    Context,
    Tail,
    Ways,
    plan,
    prefix_batches,
    whole_batches,
)

logger = logging.getLogger(__name__)
LADDER = [Ways(True, *rest) for rest in sorted(product((False, True), repeat=3), key=sum, reverse=True)]  # widest first
PLAIN = Ways(False, False, False, False)
_FOUND: weakref.WeakKeyDictionary = weakref.WeakKeyDictionary()  # model -> {what was tried: what is exact}
_WARNED: weakref.WeakSet = weakref.WeakSet()  # models for which a fallback was already said

Item = tuple[int, EncodedQuestion]
"""A row's number and its tokens."""


def placeholder_of(model: Any) -> int | None:
    """The token that stands for a picture, from the model's config."""
    config = base_of(model).config
    return next(
        (getattr(config, name) for name in ("image_token_id", "image_token_index") if hasattr(config, name)), None
    )


def _gap(model: Any, shared: Sequence[Measures], naive: Sequence[Measures]) -> float | None:
    """None where sums of log-probabilities are the same up to rounding, else the largest difference in nats."""
    tolerances = {torch.float64: (1e-4, 1e-8), torch.float32: (5e-3, 2e-5)}  # absolute, relative to the sum
    absolute, relative = tolerances.get(dtype_of(model), (1.0, 5e-2))
    worst = 0.0
    for one, two in zip(shared, naive, strict=True):
        first, second = one[0].sum(), two[0].sum()
        if np.isfinite(first) and abs(first - second) > absolute + relative * abs(second):
            worst = max(worst, abs(first - second))  # not finite: found later, with the row's name
    return worst or None


def _sample(contexts: Sequence[Context]) -> list[list[Context]]:
    """Contexts to try, in groups of one length: some in which rows share, and two together, where there are any."""
    runs: dict[int, list[Context]] = defaultdict(list)
    for context in sorted(contexts, key=lambda context: (-context.grouped, -len(context.tails))):
        runs[len(context.ids)].append(context)
    run = max(runs.values(), key=lambda run: (run[0].grouped, min(len(run), 2), len(run[0].tails)))
    sample = [[_few(run[0], 3), *(_few(context, 2) for context in run[1:2])]]
    longest = max(runs.values(), key=len)
    if len(run) < 2 <= len(longest):
        sample.append([_few(longest[0], 2), _few(longest[1], 1)])
    return sample


def _few(context: Context, count: int) -> Context:
    """The context with up to three of its tails, of unequal length."""
    tails = sorted(context.tails, key=lambda tail: len(tail.ids))
    tails = [tails[0], tails[-1], tails[len(tails) // 2]][: min(count, len(tails))]
    return Context(context.prompt, context.ids, context.head, tails)


def _naive(model: Any, items: dict[int, EncodedQuestion], tail: Tail) -> Measures:
    row, place = tail.slots[0]
    item, answer = items[row], items[row].answers[place]
    context = Context(item.prompt, item.prompt.ids[: answer.start], 0)
    return score_whole(model, [(context, Tail(answer.ids, 0, tail.slots))])[0]


def _try(model: Any, sample: list[list[Context]], naive: Sequence[Measures], ways: Ways) -> str | None:
    """None where shared passes over the sample give the naive numbers, else what is wrong."""
    groups = sample if ways.several else [[context] for group in sample for context in group]
    limit = BatchLimit(rows=8)
    try:
        found = [
            values
            for group in groups
            for result in score_shared(model, group, limit, packed=ways.packed)
            for values in result
        ]
    except Exception as error:  # any architecture may come here; what it cannot do is said below, not hidden
        return f"{type(error).__name__}: {error}"
    gap = _gap(model, found, naive)
    return None if gap is None else f"sums differ by {gap:.3g} nats"


def _shareable(contexts: Sequence[Context]) -> list[Context]:
    return [context for context in contexts if len(context.tails) > 1]


def _exercised(sample: list[list[Context]]) -> Ways:
    """Which savings a sample makes use of, where they are on."""
    first = sample[0][0]
    several = max(map(len, sample)) > 1
    return Ways(True, first.grouped, sum(len(tail.ids) > 1 for tail in first.tails) > 1, several)


def ways_of(model: Any, items: Sequence[Item]) -> Ways:
    """The widest savings that are exact for a model on rows of one kind; tried once for each model and situation."""
    placeholder = placeholder_of(model)
    samples = []
    for ways in (Ways(), Ways(packed=False)):
        contexts = _shareable(plan(items, ways, placeholder))
        if not contexts:
            return PLAIN
        samples.append(_sample(contexts))
    situation = (
        attention_of(model),
        dtype_of(model),
        sum(1 for _ in model.modules()),
        sorted(items[0][1].prompt.per_row),
        sorted(items[0][1].prompt.per_token),
        *map(_exercised, samples),
        max(len(tail.ids) for tail in samples[0][0][0].tails) > 2,
        len(samples[0][0][0].ids).bit_length(),  # a sliding window may be shorter than one prefix, longer than another
    )
    found = _FOUND.setdefault(model, {})
    if str(situation) not in found:
        found[str(situation)] = _tried(model, items, placeholder)
    return found[str(situation)]


def _tried(model: Any, items: Sequence[Item], placeholder: int | None) -> Ways:
    by_row = dict(items)
    known: dict[tuple[int, int], Measures] = {}
    reason = ""
    what = "pictures between questions", "each question is run by itself"
    for ways in LADDER:
        contexts = _shareable(plan(items, ways, placeholder))
        if not contexts:
            continue
        if not ways.grouped:
            what = "a prefix", "every answer is scored as a whole"
        sample = _sample(contexts)
        tails = [tail for group in sample for context in group for tail in context.tails]
        for tail in tails:
            if tail.slots[0] not in known:
                known[tail.slots[0]] = _naive(model, by_row, tail)
        wrong = _try(model, sample, [known[tail.slots[0]] for tail in tails], ways)
        if wrong is None:
            exact = Ways(*(on and used for on, used in zip(ways, _exercised(sample), strict=True)))
            logger.debug("%s shares prefixes: %s %s", type(base_of(model)).__name__, exact, reason)
            return exact
        reason = wrong
    if model not in _WARNED:
        _WARNED.add(model)
        logger.warning("%s cannot share %s (%s): %s", type(base_of(model)).__name__, what[0], reason, what[1])
    return PLAIN


def score_items(
    model: Any,
    encoded: Sequence[EncodedQuestion],
    *,
    batch_size: int | None = None,
    statistics: bool = False,
    progress: Callable[[int], None] | None = None,
) -> Iterator[tuple[list[tuple[int, int]], Measures]]:
    """Scores all answers of all rows, in any order.

    Answers that share nothing are rows of right-padded batches. The others follow one pass over what they share.

    Args:
        model: in eval mode, without gradients.
        encoded: as `chat.encode` made them.
        batch_size: at most so many sequences in one forward pass.
        statistics: as `passes.measure`.
        progress: called with the number of distinct answers done so far.

    Yields:
        (the places (row, answer) that want it, measures of the answer's tokens).
    """
    limit = batch_limit(model, batch_size)
    placeholder = placeholder_of(model)
    kinds: dict[tuple, list[Item]] = defaultdict(list)
    for row, item in enumerate(encoded):
        kinds[item.prompt.kind].append((row, item))
    done = 0
    for items in kinds.values():
        ways = ways_of(model, items)
        contexts = plan(items, ways, placeholder)
        shared = _shareable(contexts) if ways.shared else []
        whole = [context for context in contexts if not ways.shared or len(context.tails) == 1]
        for pairs in whole_batches(whole, limit):
            for (_, tail), values in zip(pairs, score_whole(model, pairs, statistics=statistics), strict=True):
                yield tail.slots, values
            done += len(pairs)
            if progress is not None:
                progress(done)
        for chunk in prefix_batches(shared, limit, several=ways.several):
            results = score_shared(model, chunk, limit, packed=ways.packed, statistics=statistics)
            for context, result in zip(chunk, results, strict=True):
                yield from ((tail.slots, values) for tail, values in zip(context.tails, result, strict=True))
                done += len(result)
            if progress is not None:
                progress(done)
