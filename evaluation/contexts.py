"""What several answers have in common, and which of them go through the model together."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from lethebench.evaluation.chat import Encoded, Prompt


@dataclass(frozen=True)
class BatchLimit:
    """How much goes through the model together.

    Attributes:
        tokens: in one forward pass, prefixes included. On a CPU 4,000 to 8,000 were fastest for 1 M parameters.
        rows: at most so many sequences; None for no other limit.
    """

    tokens: int = 8_192
    rows: int | None = None

    def of_length(self, length: int) -> int:
        """How many sequences of `length` tokens, at least one."""
        rows = max(1, self.tokens // length)
        return rows if self.rows is None else max(1, min(rows, self.rows))


@dataclass
class Context:
    """What several answers have in common, and what they go on with.

    Attributes:
        prompt: where the pictures are.
        ids: the prompt's tokens up to the answers, then the answers' common beginning.
        head: how many of `ids`, at the end, belong to the answers and are scored.
        tails: the distinct continuations, none of them empty.
        slots: for each tail the places (row, answer) that want its score.
    """

    prompt: Prompt
    ids: tuple[int, ...]
    head: int
    tails: list[tuple[int, ...]] = field(default_factory=list)
    slots: list[list[tuple[int, int]]] = field(default_factory=list)

    @property
    def lengths(self) -> list[int]:
        """The number of scored tokens of each answer."""
        return [self.head + len(tail) for tail in self.tails]

    def inputs(self, extra: int = 0) -> dict[str, list[int]]:
        """Per-token inputs of the context followed by `extra` answer tokens."""
        start, total = len(self.ids) - self.head, len(self.ids) + extra
        return {name: [*value[:start], *[0] * (total - start)] for name, value in self.prompt.per_token.items()}


def plan(encoded: Sequence[Encoded]) -> list[Context]:
    """Contexts for all rows: one per prompt, and one more for each beginning that enough of its answers share."""
    contexts = []
    for row, item in enumerate(encoded):
        wanted: dict[int, dict[tuple[int, ...], list]] = defaultdict(lambda: defaultdict(list))
        for place, answer in enumerate(item.answers):
            wanted[answer.start][answer.ids].append((row, place))
        for start, slots in wanted.items():
            prefix = item.prompt.ids[:start]
            for head, members in _shared_heads(list(slots), len(prefix)):
                context = Context(item.prompt, prefix + head, len(head))
                context.tails = [ids[len(head) :] for ids in members]
                context.slots = [slots[ids] for ids in members]
                contexts.append(context)
    return contexts


def _shared_heads(answers: list[tuple[int, ...]], prefix: int) -> list[tuple[tuple[int, ...], list[tuple[int, ...]]]]:
    """Splits distinct answers into groups with a common beginning, where that saves more tokens than another prefix."""
    groups = []
    while len(answers) > 1:
        counts = Counter(ids[:length] for ids in answers for length in range(1, len(ids)))
        if not counts:
            break
        head, count = max(counts.items(), key=lambda item: ((item[1] - 1) * len(item[0]), item[0]))
        if count < 2 or (count - 1) * len(head) <= (0 if count == len(answers) else prefix + 16):
            break
        groups.append((head, [ids for ids in answers if ids[: len(head)] == head and len(ids) > len(head)]))
        members = set(groups[-1][1])
        answers = [ids for ids in answers if ids not in members]
    return [*groups, ((), answers)] if answers else groups


def longest_run(contexts: Sequence[Context]) -> list[Context]:
    """The contexts of the commonest length."""
    runs: dict[int, list[Context]] = defaultdict(list)
    for context in contexts:
        runs[len(context.ids)].append(context)
    return max(runs.values(), key=len)


def batches(contexts: Sequence[Context], limit: BatchLimit) -> Iterator[list[tuple[Context, int]]]:
    """All answers as (context, number of the tail), the longest first, in batches of similar length."""

    def length(pair: tuple[Context, int]) -> int:
        return len(pair[0].ids) + len(pair[0].tails[pair[1]])

    pairs = sorted(((c, tail) for c in contexts for tail in range(len(c.tails))), key=length, reverse=True)
    at = 0
    while at < len(pairs):
        rows = limit.of_length(length(pairs[at]))
        yield pairs[at : at + rows]
        at += rows


def shared_batches(contexts: Sequence[Context], limit: BatchLimit, *, alone: bool = False) -> Iterator[list[Context]]:
    """Runs of contexts of one length whose answers together fill about one batch; `alone`: one context each."""
    chunk: list[Context] = []
    filled = 0
    for context in sorted(contexts, key=lambda context: len(context.ids)):
        rows = limit.of_length(len(context.ids) + max(map(len, context.tails)))
        full = alone or filled + len(context.tails) > rows
        if chunk and (full or len(context.ids) != len(chunk[0].ids)):
            yield chunk
            chunk, filled = [], 0
        chunk.append(context)
        filled += len(context.tails)
    if chunk:
        yield chunk
