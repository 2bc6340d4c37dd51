"""Scores all answers of all rows, sharing prefixes as far as a test on the model shows that to be exact.

Before a model's first shared pass, a few of the very answers are scored as whole sequences, one by one, and in the
shared way; the widest sharing mode that agrees is remembered for that model.
"""

import logging
import weakref
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np

from lethebench.contract.encoder_decoder import is_encoder_decoder
from lethebench.contract.models import base_of, keeps_pictures_apart, placeholder_of
from lethebench.contract.tokens import EncodedQuestion
from lethebench.evaluation.likelihood.batching import attention_of, batch_limit, dtype_of, rounding, run_alone
from lethebench.evaluation.likelihood.forward import Measures, score_shared, score_whole
from lethebench.evaluation.likelihood.prefix_sharing import (
    BatchLimit,
    Context,
    RowPlan,
    SharingMode,
    Tail,
    context_batches,
    whole_batches,
)
from lethebench.evaluation.likelihood.ranking import score_ranked

logger = logging.getLogger(__name__)
MODES = [SharingMode(True, *rest) for rest in sorted(product((False, True), repeat=3), key=sum, reverse=True)]
"""Sharing modes, the widest first."""
NO_SHARING = SharingMode(False, False, False, False)
RANKED_TOGETHER = 4
"""Contexts with ranked answers that are scored together, in batches of others: their passes are small."""
SMALL = 1_024
"""Layers times width up to which as many other contexts are scored together: equal tries are found for less padding."""
_EXACT_MODES: weakref.WeakKeyDictionary = weakref.WeakKeyDictionary()  # model -> {situation: its widest exact mode}
_WARNED: weakref.WeakSet = weakref.WeakSet()  # models whose fallback was logged


def _largest_gap(model: Any, shared: Sequence[Measures], whole: Sequence[Measures]) -> float | None:
    """The largest difference of sums of log-probabilities in nats; None if all are equal up to rounding."""
    absolute, relative = rounding(model)
    largest = 0.0
    for one, two in zip(shared, whole, strict=True):
        first, second = one[0].sum(), two[0].sum()
        # A sum that is not finite is reported later, with its row.
        if np.isfinite(first) and abs(first - second) > absolute + relative * abs(second):
            largest = max(largest, abs(first - second))
    return largest or None


def _sample(contexts: Sequence[Context]) -> list[list[Context]]:
    """Contexts to test, in groups of one length: some in which rows share, and two together, where there are any."""
    by_length: dict[int, list[Context]] = defaultdict(list)
    for context in sorted(contexts, key=lambda context: (-context.grouped, -len(context.tails))):
        by_length[len(context.ids)].append(context)
    group = max(by_length.values(), key=lambda group: (group[0].grouped, min(len(group), 2), len(group[0].tails)))
    sample = [[_with_few_tails(group[0], 3), *(_with_few_tails(context, 2) for context in group[1:2])]]
    largest = max(by_length.values(), key=len)
    if len(group) < 2 <= len(largest):
        sample.append([_with_few_tails(largest[0], 2), _with_few_tails(largest[1], 1)])
    return sample


def _with_few_tails(context: Context, count: int) -> Context:
    """The context with up to three of its tails, of unequal length."""
    tails = sorted(context.tails, key=lambda tail: len(tail.ids))
    tails = [tails[0], tails[-1], tails[len(tails) // 2]][: min(count, len(tails))]
    return Context(context.prompt, context.ids, context.head, tails)


def _score_alone(model: Any, questions: dict[int, EncodedQuestion], tail: Tail) -> Measures:
    """Measures of a tail's answer, scored as one whole sequence."""
    row, index = tail.slots[0]
    question, answer = questions[row], questions[row].answers[index]
    context = Context(question.prompt, question.prompt.ids[: answer.start], 0)
    return score_whole(model, [(context, Tail(answer.ids, 0, tail.slots))])[0]


def _mismatch(model: Any, sample: list[list[Context]], whole: Sequence[Measures], mode: SharingMode) -> str | None:
    """The reason why shared passes over the sample do not give the numbers of whole ones; None if they do."""
    groups = sample if mode.batched else [[context] for group in sample for context in group]
    limit = BatchLimit(rows=8)
    try:
        shared = [
            values
            for group in groups
            for result in score_shared(model, group, limit, tries=mode.tries)
            for values in result
        ]
    except Exception as error:  # any architecture may fail here in its own way; the reason is logged
        return f"{type(error).__name__}: {error}"
    gap = _largest_gap(model, shared, whole)
    return None if gap is None else f"sums differ by {gap:.3g} nats"


def _shareable(contexts: Sequence[Context]) -> list[Context]:
    return [context for context in contexts if len(context.tails) > 1 or context.branches]


def _exercised(sample: list[list[Context]]) -> SharingMode:
    """The savings that a sample uses if all are on."""
    first = sample[0][0]
    batched = max(map(len, sample)) > 1
    return SharingMode(True, first.grouped, sum(len(tail.ids) > 1 for tail in first.tails) > 1, batched)


def sharing_mode(model: Any, plan: RowPlan) -> SharingMode:
    """Return the widest mode that is exact for a model on rows of one kind; tested once per model and situation."""
    items, placeholder = plan.items, placeholder_of(model)
    if is_encoder_decoder(base_of(model)) or keeps_pictures_apart(model) or items[0][1].prompt.masks:
        return NO_SHARING  # answers see pictures that are outside the sequence and its cache
    samples = []
    for mode in (SharingMode(), SharingMode(tries=False)):
        contexts = _shareable(plan.contexts(mode, placeholder, sample=True))
        if not contexts:
            return NO_SHARING
        samples.append(_sample(contexts))
    situation = str(
        (
            attention_of(model),
            dtype_of(model),
            sum(1 for _ in model.modules()),
            sorted(items[0][1].prompt.per_row),
            sorted(items[0][1].prompt.per_token),
            *map(_exercised, samples),
            max(len(tail.ids) for tail in samples[0][0][0].tails) > 2,
            len(samples[0][0][0].ids).bit_length(),  # a sliding window may be shorter than one context, not another
        )
    )
    modes = _EXACT_MODES.setdefault(model, {})
    if situation not in modes:
        modes[situation] = _widest_exact_mode(model, plan, placeholder)
    return modes[situation]


def _widest_exact_mode(model: Any, plan: RowPlan, placeholder: int | None) -> SharingMode:
    questions = dict(plan.items)
    whole: dict[tuple[int, int], Measures] = {}
    reason = ""
    unshared, fallback = "pictures between questions", "each question is run by itself"
    for mode in MODES:
        contexts = _shareable(plan.contexts(mode, placeholder, sample=True))
        if not contexts:
            continue
        if not mode.grouped:
            unshared, fallback = "a prefix", "every answer is scored as a whole"
        sample = _sample(contexts)
        tails = [tail for group in sample for context in group for tail in context.tails]
        for tail in tails:
            if tail.slots[0] not in whole:
                whole[tail.slots[0]] = _score_alone(model, questions, tail)
        mismatch = _mismatch(model, sample, [whole[tail.slots[0]] for tail in tails], mode)
        if mismatch is None:
            exact = SharingMode(*(on and used for on, used in zip(mode, _exercised(sample), strict=True)))
            logger.debug("%s shares prefixes: %s %s", type(base_of(model)).__name__, exact, reason)
            return exact
        reason = mismatch
    if model not in _WARNED:
        _WARNED.add(model)
        logger.warning("%s cannot share %s (%s): %s", type(base_of(model)).__name__, unshared, reason, fallback)
    return NO_SHARING


def _is_small(model: Any) -> bool:
    """Whether keys and values of a whole chunk of contexts take little memory."""
    config = base_of(model).config.get_text_config()
    layers, width = getattr(config, "num_hidden_layers", None), getattr(config, "hidden_size", None)
    return bool(layers and width and layers * width <= SMALL)


def score_items(
    model: Any,
    plans: Sequence[RowPlan],
    *,
    batch_size: int | None = None,
    statistics: bool = False,
    progress: Callable[[int], None] | None = None,
) -> Iterator[tuple[list[tuple[int, int]], Measures]]:
    """Score all answers of the rows of `plan_rows`, in any order; the model is in eval mode, without gradients.

    Answers that share nothing are rows of right-padded batches. The others follow one pass over what they share.
    Yields (the (row, answer) indices of equal answers, measures of the answer's tokens). `progress` is called with the
    number of distinct answers scored so far.
    """
    limit = batch_limit(model, batch_size)
    placeholder = placeholder_of(model)
    done = 0
    for plan in plans:
        mode, whole_limit = sharing_mode(model, plan), limit
        if run_alone(model, plan.items[0][1].prompt):
            mode, whole_limit = mode._replace(batched=False), replace(limit, rows=1)
        contexts = plan.contexts(mode, placeholder)
        shared = _shareable(contexts) if mode.shared else []
        whole = [context for context in contexts if not mode.shared or not _shareable([context])]
        for pairs in whole_batches(whole, whole_limit):
            for (_, tail), values in zip(pairs, score_whole(model, pairs, statistics=statistics), strict=True):
                yield tail.slots, values
            done += len(pairs)
            if progress is not None:
                progress(done)
        ranked = [context for context in shared if context.branches]
        wide = replace(limit, tokens=RANKED_TOGETHER * limit.tokens)
        for batch in context_batches(ranked, wide, batched=mode.batched):
            for slots, values in score_ranked(model, batch, limit):
                yield slots, values
                done += 1
            if progress is not None:
                progress(done)
        shared = [context for context in shared if not context.branches]
        for batch in context_batches(shared, wide if _is_small(model) else limit, batched=mode.batched):
            results = score_shared(model, batch, limit, tries=mode.tries, statistics=statistics)
            for context, result in zip(batch, results, strict=True):
                yield from ((tail.slots, values) for tail, values in zip(context.tails, result, strict=True))
                done += len(result)
            if progress is not None:
                progress(done)
