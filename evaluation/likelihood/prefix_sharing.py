"""What several answers have in common, and which of them go through the model together."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import NamedTuple

from lethebench.contract.tokens import EncodedQuestion, Prompt, common_length

SAVING = 16  # tokens that one more prefix must save to be worth its pass
HEAD = 256  # tokens of answers, at most, that are scored with their prefix: each is a row of logits


class Ways(NamedTuple):
    """Which savings are exact for a model; without `shared` every answer is a whole sequence.

    Attributes:
        shared: answers follow one pass over their prefix.
        grouped: rows about the same pictures share these.
        packed: answers that begin alike share their beginning, as a trie in one sequence.
        several: prefixes of one length stand in one batch.
    """

    shared: bool = True
    grouped: bool = True
    packed: bool = True
    several: bool = True


@dataclass(frozen=True)
class BatchLimit:
    """How much goes through the model together.

    Attributes:
        tokens: in one forward pass, prefixes included. On a CPU 4,000 to 8,000 were fastest for 1 M parameters.
        kept: rows of logits, each as wide as the vocabulary, in one forward pass.
        rows: at most so many sequences; None for no other limit.
    """

    tokens: int = 8_192
    kept: int = 8_192
    rows: int | None = None

    def of_length(self, length: int, kept: int = 1) -> int:
        """How many sequences of `length` tokens with `kept` rows of logits each, at least one."""
        rows = max(1, min(self.tokens // length, self.kept // max(kept, 1)))
        return rows if self.rows is None else max(1, min(rows, self.rows))


class Tail(NamedTuple):
    """What follows a context: `ids`, of which the first `skip` belong to a prompt; `slots` want its score."""

    ids: tuple[int, ...]
    skip: int
    slots: list[tuple[int, int]]


@dataclass
class Context:
    """What several answers have in common, and what they go on with.

    Attributes:
        prompt: where the pictures are.
        ids: tokens of the prompt, all or as many as rows share, then the answers' common beginning.
        head: how many of `ids`, at the end, belong to the answers and are scored.
        tails: the distinct continuations, none of them empty.
    """

    prompt: Prompt
    ids: tuple[int, ...]
    head: int
    tails: list[Tail] = field(default_factory=list)

    @property
    def grouped(self) -> bool:
        """Whether its tails begin with what is left of their prompts."""
        return any(tail.skip for tail in self.tails)

    def scored(self, tail: Tail) -> int:
        """How many tokens are scored with this tail."""
        return self.head + len(tail.ids) - tail.skip

    def inputs(self, extra: int = 0, follow: dict[str, int] | None = None) -> dict[str, list[int]]:
        """Per-token inputs of the context and `extra` tokens more; an answer's tokens get `follow`, 0 where absent."""
        start, total = len(self.ids) - self.head, len(self.ids) + extra
        return {
            name: [*value[:start], *[(follow or {}).get(name, 0)] * (total - start)]
            for name, value in self.prompt.per_token.items()
        }


def plan(items: Sequence[tuple[int, EncodedQuestion]], ways: Ways, placeholder: int | None = None) -> list[Context]:
    """Contexts for (row, its tokens): one per prompt, fewer or more where that saves passes.

    Args:
        items: rows of one kind with their numbers.
        ways: `grouped` lets rows about the same pictures share them; without `packed`, a beginning that enough answers
            of a row share becomes a context of its own.
        placeholder: the token that stands for a picture in a prompt; without it no pictures are shared.
    """
    contexts = []
    by_pictures: dict[tuple, list[tuple[int, EncodedQuestion]]] = defaultdict(list)
    for row, item in items:
        if item.answers:
            by_pictures[item.prompt.pictures or (row,)].append((row, item))
    for group in by_pictures.values():
        shared = _grouped(group, ways, placeholder) if ways.grouped and len(group) > 1 else None
        contexts += [shared] if shared is not None else [one for row, item in group for one in _single(row, item, ways)]
    return contexts


def _grouped(group: list[tuple[int, EncodedQuestion]], ways: Ways, placeholder: int | None) -> Context | None:
    """One context for rows about the same pictures; None where it saves nothing or pictures stand behind it."""
    prompts = [item.prompt.ids for _, item in group]
    common = common_length(min(prompts), max(prompts))
    common = min(common, *(answer.start for _, item in group for answer in item.answers))
    if common < 1 or placeholder is None or any(placeholder in ids[common:] for ids in prompts):
        return None
    again = 0 if ways.packed else sum((len(i.answers) - 1) * (len(i.prompt.ids) - common) for _, i in group)
    if (len(group) - 1) * common <= again:
        return None
    tails: dict[tuple, Tail] = {}
    for row, item in group:
        for place, answer in enumerate(item.answers):
            ids, skip = (*item.prompt.ids[common : answer.start], *answer.ids), answer.start - common
            tails.setdefault((ids, skip), Tail(ids, skip, [])).slots.append((row, place))
    if len(tails) < 2:
        return None
    prompt = group[0][1].prompt
    return Context(prompt, prompt.ids[:common], 0, list(tails.values()))


def _single(row: int, item: EncodedQuestion, ways: Ways) -> Iterator[Context]:
    wanted: dict[int, dict[tuple[int, ...], list]] = defaultdict(lambda: defaultdict(list))
    for place, answer in enumerate(item.answers):
        wanted[answer.start][answer.ids].append((row, place))
    for start, slots in wanted.items():
        prefix = item.prompt.ids[:start]
        for head, members in shared_heads(list(slots), None if ways.packed else len(prefix)):
            tails = [Tail(ids[len(head) :], 0, slots[ids]) for ids in members]
            yield Context(item.prompt, prefix + head, len(head), tails)


def shared_heads(
    answers: list[tuple[int, ...]], prefix: int | None
) -> list[tuple[tuple[int, ...], list[tuple[int, ...]]]]:
    """Splits distinct answers into groups with a common beginning, where that saves more tokens than another prefix.

    Args:
        answers: distinct sequences of tokens, none empty.
        prefix: tokens that another context costs; None: only what all answers share is split off.

    Returns:
        (beginning, the answers that have it and go on), every answer in one group.
    """
    answers = sorted(answers)
    groups = []
    while len(answers) > 1:
        length, first, last = _best_head(answers)
        whole = first == 0 and last == len(answers)
        if not length or not (whole or (prefix is not None and (last - first - 1) * length > prefix + SAVING)):
            break
        groups.append((answers[first][:length], answers[first:last]))
        answers = answers[:first] + answers[last:]
    return [*groups, ((), answers)] if answers else groups


def _best_head(answers: list[tuple[int, ...]]) -> tuple[int, int, int]:
    """The beginning of sorted answers that saves most tokens as (its length, first answer, last answer + 1).

    It is the largest rectangle under the neighbours' common lengths; answers that end with the beginning are no part.
    """
    heights = [min(common_length(one, two), len(one) - 1, len(two) - 1) for one, two in pairwise(answers)]
    best, found = 0, (0, 0, 0)
    open_: list[tuple[int, int]] = []  # (where it begins, height), heights rising
    for at, height in enumerate([*heights, 0]):
        begin = at
        while open_ and open_[-1][1] >= height:
            begin, tall = open_.pop()
            if (at - begin) * min(tall, HEAD) > best:
                best, found = (at - begin) * min(tall, HEAD), (min(tall, HEAD), begin, at + 1)
        open_.append((begin, height))
    return found


def whole_batches(contexts: Sequence[Context], limit: BatchLimit) -> Iterator[list[tuple[Context, Tail]]]:
    """All answers as (context, tail), the longest first, in batches of similar length."""

    def length(pair: tuple[Context, Tail]) -> int:
        return len(pair[0].ids) + len(pair[1].ids)

    pairs = sorted(((c, tail) for c in contexts for tail in c.tails), key=length, reverse=True)
    at = 0
    while at < len(pairs):
        rows = limit.of_length(length(pairs[at]), pairs[at][0].scored(pairs[at][1]))
        yield pairs[at : at + rows]
        at += rows


def prefix_batches(contexts: Sequence[Context], limit: BatchLimit, *, several: bool) -> Iterator[list[Context]]:
    """Runs of contexts of one length whose answers together fill about one batch; one each without `several`."""
    chunk: list[Context] = []
    filled = head = 0
    for context in sorted(contexts, key=lambda context: len(context.ids)):
        rows = limit.of_length(len(context.ids) + max(len(tail.ids) for tail in context.tails))
        head = max(head, context.head + 1)
        full = not several or filled + len(context.tails) > rows or (len(chunk) + 1) * head > limit.kept
        if chunk and (full or len(context.ids) != len(chunk[0].ids)):
            yield chunk
            chunk, filled, head = [], 0, context.head + 1
        chunk.append(context)
        filled += len(context.tails)
    if chunk:
        yield chunk
