"""Which beginnings several answers share, and which answers go through the model together."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import NamedTuple

from lethebench.contract.prompts import Prompt
from lethebench.contract.tokens import EncodedQuestion, common_length

MOST_KEPT = 32  # answers to a question whose contexts are kept; those of hundreds of candidates take too much memory
MIN_SAVING = 16  # tokens that one more context must save to be worth its pass
MAX_HEAD = 256  # tokens of answers that are scored with their context, at most: each is a row of logits

Item = tuple[int, EncodedQuestion]
"""The index of a row and its tokens."""
TokenIds = tuple[int, ...]


class SharingMode(NamedTuple):
    """Which savings are exact for a model; without `shared` every answer is a whole sequence.

    Attributes:
        shared: answers follow one pass over their context.
        grouped: rows about the same pictures share these.
        tries: answers that begin alike share their beginning, as a trie in one sequence.
        batched: contexts of equal length share a batch.
    """

    shared: bool = True
    grouped: bool = True
    tries: bool = True
    batched: bool = True


@dataclass(frozen=True)
class BatchLimit:
    """The size of one forward pass.

    Attributes:
        tokens: number of tokens, contexts included. On a CPU 4,000 to 8,000 were fastest for 1 M parameters.
        logits: number of rows of logits, each as wide as the vocabulary.
        rows: maximum number of sequences; None for no limit besides these.
    """

    tokens: int = 8_192
    logits: int = 8_192
    rows: int | None = None

    def num_rows(self, length: int, logits: int = 1) -> int:
        """Return how many sequences of `length` tokens with `logits` rows of logits each fit; at least one."""
        rows = max(1, min(self.tokens // length, self.logits // max(logits, 1)))
        return rows if self.rows is None else max(1, min(rows, self.rows))


class Tail(NamedTuple):
    """Tokens after a context: the first `skip` of `ids` belong to a prompt; `slots` are the (row, answer) it scores."""

    ids: TokenIds
    skip: int
    slots: list[tuple[int, int]]


class Branches(NamedTuple):
    """Answers to a question that are only ranked against its first one.

    Attributes:
        row: index of the question.
        question: the question.
        before: tokens of its prompt between the context and its answers.
        tail: number of the context's tail that is its first answer.
    """

    row: int
    question: EncodedQuestion
    before: TokenIds
    tail: int


@dataclass
class Context:
    """The common beginning of several answers, and their continuations.

    Attributes:
        prompt: holds the pictures.
        ids: tokens of the prompt, or of the part of it that rows share, then the answers' common beginning.
        head: how many of `ids`, at the end, belong to the answers and are scored.
        tails: the distinct continuations, none of them empty.
        branches: for each row with answers that are only ranked, where they follow the context.
        tries: maximum number of nodes -> the tails as tries, kept by `context_tries`.
    """

    prompt: Prompt
    ids: TokenIds
    head: int
    tails: list[Tail] = field(default_factory=list)
    branches: list["Branches"] = field(default_factory=list)
    tries: dict[int, list] = field(default_factory=dict, compare=False, repr=False)

    @property
    def grouped(self) -> bool:
        """Whether tails begin with the ends of their prompts."""
        return any(tail.skip for tail in self.tails)

    def num_scored(self, tail: Tail) -> int:
        """Return how many tokens are scored with this tail."""
        return self.head + len(tail.ids) - tail.skip

    def per_token(self, num_more: int = 0, answer_values: Mapping[str, int] | None = None) -> dict[str, list[int]]:
        """Return per-token inputs of the context and `num_more` tokens; answers get `answer_values`, by default 0."""
        start, total = len(self.ids) - self.head, len(self.ids) + num_more
        return {
            name: [*values[:start], *[(answer_values or {}).get(name, 0)] * (total - start)]
            for name, values in self.prompt.per_token.items()
        }


class RowPlan:
    """Rows of one kind, and their contexts, planned once per way of sharing them.

    Args:
        items: the rows.
        ranks: whether `EncodedQuestion.ranked` answers are only ranked, where tries are exact.
    """

    def __init__(self, items: Sequence[Item], *, ranks: bool = False) -> None:
        self.items = items
        self.ranks = ranks
        self._contexts: dict[tuple, list[Context]] = {}

    def contexts(self, mode: SharingMode, placeholder: int | None, *, sample: bool = False) -> list[Context]:
        """Return what `plan_contexts` does; it must not be changed. A sample leaves out answers that are ranked."""
        ranks = self.ranks and (mode.tries or sample)
        key = mode.grouped, mode.tries, placeholder, ranks
        if key not in self._contexts:
            self._contexts[key] = plan_contexts(self.items, mode, placeholder, ranks)
        return self._contexts[key]


def plan_rows(encoded: Sequence[EncodedQuestion], *, ranks: bool = False) -> list[RowPlan]:
    """Return the rows grouped by kind, to be scored by any number of models with the same processor.

    With `ranks`, answers that are only ranked are not scored further than that takes.
    """
    kinds: dict[tuple, list[Item]] = defaultdict(list)
    for row, question in enumerate(encoded):
        kinds[question.prompt.kind].append((row, question))
    return [RowPlan(items, ranks=ranks) for items in kinds.values()]


def plan_contexts(
    items: Sequence[Item], mode: SharingMode, placeholder: int | None = None, ranks: bool = False
) -> list[Context]:
    """Return the contexts of rows of one kind: one per prompt, fewer or more where that saves passes.

    With `mode.grouped` rows about the same pictures share them, if `placeholder`, the token that stands for a picture,
    is known; without `mode.tries`, a beginning that enough answers of a row share becomes a context of its own. With
    `ranks`, answers that are only ranked are branches of their contexts, not tails.
    """
    contexts: list[Context] = []
    by_pictures: dict[tuple, list[Item]] = defaultdict(list)
    for row, question in items:
        if question.answers:
            by_pictures[question.prompt.pictures or (row,)].append((row, question))
    for group in by_pictures.values():
        context = _grouped_context(group, mode, placeholder, ranks) if mode.grouped and len(group) > 1 else None
        if context is not None:
            contexts.append(context)
        else:
            contexts += [single for row, question in group for single in _row_contexts(row, question, mode, ranks)]
    return contexts


def _split_answers(question: EncodedQuestion, ranks: bool) -> tuple[Sequence[int], bool]:
    """The answers that are scored to their end, at least two, and whether others are only ranked."""
    every = range(len(question.answers))
    if not ranks or not question.ranked:
        return every, False
    if "split" not in question.kept:
        ranked = set(question.ranked)
        whole = [index for index in every if index not in ranked]
        if len(whole) < 2:
            whole.append(question.ranked[0])
        alike = len({answer.start for answer in question.answers}) == 1 and len(whole) < len(question.answers)
        question.kept["split"] = (whole, True) if alike else (every, False)
    return question.kept["split"]


def _grouped_context(
    group: list[Item], mode: SharingMode, placeholder: int | None, ranks: bool = False
) -> Context | None:
    """One context for rows about the same pictures; None if it saves nothing or pictures follow it."""
    prompts = [question.prompt.ids for _, question in group]
    common = common_length(min(prompts), max(prompts))
    scored = [(row, question, *_split_answers(question, ranks)) for row, question in group]
    common = min(common, *(question.answers[index].start for _, question, whole, _ in scored for index in whole))
    if common < 1 or placeholder is None or any(placeholder in ids[common:] for ids in prompts):
        return None
    repeated = 0  # tokens of questions that run again before each further answer
    if not mode.tries:
        repeated = sum((len(item.answers) - 1) * (len(item.prompt.ids) - common) for _, item in group)
    if (len(group) - 1) * common <= repeated:
        return None
    tails: dict[tuple, Tail] = {}
    branches = []
    numbers: dict[tuple, int] = {}
    for row, question, whole, has_branches in scored:
        for index in whole:
            answer = question.answers[index]
            ids, skip = (*question.prompt.ids[common : answer.start], *answer.ids), answer.start - common
            numbers.setdefault((ids, skip), len(numbers))
            tails.setdefault((ids, skip), Tail(ids, skip, [])).slots.append((row, index))
            if index == 0 and has_branches:
                branches.append(Branches(row, question, ids[:skip], numbers[ids, skip]))
    if len(tails) < 2:
        return None
    prompt = group[0][1].prompt
    return Context(prompt, prompt.ids[:common], 0, list(tails.values()), branches)


def _row_contexts(row: int, question: EncodedQuestion, mode: SharingMode, ranks: bool = False) -> Iterator[Context]:
    whole, has_branches = _split_answers(question, ranks)
    if has_branches:
        answers: dict[TokenIds, Tail] = {}
        for index in whole:
            ids = question.answers[index].ids
            answers.setdefault(ids, Tail(ids, 0, [])).slots.append((row, index))
        prefix = question.prompt.ids[: question.answers[0].start]
        yield Context(question.prompt, prefix, 0, list(answers.values()), [Branches(row, question, (), 0)])
        return
    heads = question.kept.get(mode.tries)
    if heads is None:
        heads = list(_heads(question, tries=mode.tries))
        if len(question.answers) <= MOST_KEPT:
            question.kept[mode.tries] = heads
    for ids, head, groups, tries in heads:
        tails = [Tail(own, 0, [(row, index) for index in indices]) for own, indices in groups]
        yield Context(question.prompt, ids, head, tails, tries)


def _heads(question: EncodedQuestion, *, tries: bool) -> Iterator[tuple[TokenIds, int, list, dict[int, list]]]:
    """Yield `ids` and `head` of each context, its distinct continuations with the answers they end, and its tries."""
    by_start: dict[int, dict[TokenIds, list[int]]] = defaultdict(lambda: defaultdict(list))
    for index, answer in enumerate(question.answers):
        by_start[answer.start][answer.ids].append(index)
    for start, indices in by_start.items():
        prefix = question.prompt.ids[:start]
        for head, answers in shared_heads(list(indices), None if tries else len(prefix)):
            yield prefix + head, len(head), [(ids[len(head) :], indices[ids]) for ids in answers], {}


def shared_heads(answers: list[TokenIds], prefix: int | None) -> list[tuple[TokenIds, list[TokenIds]]]:
    """Split distinct answers into groups with a common beginning, where that saves more tokens than another context.

    Returns (beginning, the answers that have it and continue), every answer in one group. Another context costs
    `prefix` tokens; with None only the beginning of all answers is split off.
    """
    answers = sorted(answers)
    groups = []
    while len(answers) > 1:
        length, first, last = _best_head(answers)
        whole = first == 0 and last == len(answers)
        if not length or not (whole or (prefix is not None and (last - first - 1) * length > prefix + MIN_SAVING)):
            break
        groups.append((answers[first][:length], answers[first:last]))
        answers = answers[:first] + answers[last:]
    return [*groups, ((), answers)] if answers else groups


def _best_head(answers: list[TokenIds]) -> tuple[int, int, int]:
    """The beginning of sorted answers that saves most tokens as (its length, first answer, last answer + 1).

    It is the largest rectangle under the neighbors' common lengths; answers that end with the beginning are excluded.
    """
    heights = [min(common_length(one, two), len(one) - 1, len(two) - 1) for one, two in pairwise(answers)]
    best_area, best = 0, (0, 0, 0)
    rising: list[tuple[int, int]] = []  # (start, height) of open rectangles
    for index, height in enumerate([*heights, 0]):
        start = index
        while rising and rising[-1][1] >= height:
            start, tall = rising.pop()
            area = (index - start) * min(tall, MAX_HEAD)
            if area > best_area:
                best_area, best = area, (min(tall, MAX_HEAD), start, index + 1)
        rising.append((start, height))
    return best


def whole_batches(contexts: Sequence[Context], limit: BatchLimit) -> Iterator[list[tuple[Context, Tail]]]:
    """Yield all answers as (context, tail), the longest first, in batches of similar length."""

    def length(pair: tuple[Context, Tail]) -> int:
        return len(pair[0].ids) + len(pair[1].ids)

    pairs = sorted(((context, tail) for context in contexts for tail in context.tails), key=length, reverse=True)
    start = 0
    while start < len(pairs):
        context, tail = pairs[start]
        rows = limit.num_rows(length(pairs[start]), context.num_scored(tail))
        yield pairs[start : start + rows]
        start += rows


def context_batches(contexts: Sequence[Context], limit: BatchLimit, *, batched: bool) -> Iterator[list[Context]]:
    """Yield contexts of equal length whose answers together fill about one batch; one by one without `batched`."""
    batch: list[Context] = []
    num_tails = logits = 0
    for context in sorted(contexts, key=lambda context: len(context.ids)):
        rows = limit.num_rows(len(context.ids) + max(len(tail.ids) for tail in context.tails))
        logits = max(logits, context.head + 1)
        full = not batched or num_tails + len(context.tails) > rows or (len(batch) + 1) * logits > limit.logits
        if batch and (full or len(context.ids) != len(batch[0].ids)):
            yield batch
            batch, num_tails, logits = [], 0, context.head + 1
        batch.append(context)
        num_tails += len(context.tails)
    if batch:
        yield batch
