"""Candidates of a row scored by branch and bound: each only as far as its rank and its share of probability need.

The log-probability of an answer's first tokens is an upper bound of that of the whole answer, since each further token
adds at most 0. The first answer, the true one, is scored to its end. Of the others, a branch of the trie is left where
its bound is below the true answer, so that the rank is exact, and all left branches together hold at most `LEFT` of the
candidates' probability. A left branch is worth its bound, in equal parts for the answers in it.
"""

import math
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from lethebench.contract.tokens import common_length
from lethebench.evaluation.likelihood.batching import rounding
from lethebench.evaluation.likelihood.forward import Measures, check_tries, measure, run_contexts, run_tries
from lethebench.evaluation.likelihood.prefix_sharing import BatchLimit, Branches, Context, Tail, TokenIds
from lethebench.evaluation.likelihood.tries import MAX_NODES, Trie, build_tries, context_tries, trie_batches

LEFT = 5e-3
"""Most probability, as a share of that of all candidates, in branches that are left."""
STEPS: tuple[int | None, ...] = (1, None)
"""Tokens by which branches that are not left are continued, one round after another; None: to the end."""
SHORTEST = 0.75
"""Tries of one pass are at least this share of its longest: few nodes of many tries are padding."""
Stub = tuple[TokenIds, tuple[int, ...]]
"""The first tokens of some answers, up to the first that the true answer does not have, and these answers."""


class Branch(NamedTuple):
    """Answers of a row that begin alike.

    Attributes:
        ids: the tokens they begin with.
        members: indices of the answers.
        measures: of these tokens, in parts.
        bound: sum of their log-probabilities.
    """

    ids: TokenIds
    members: tuple[int, ...]
    measures: tuple[Measures, ...]
    bound: float


class RankedRow:
    """The candidates of a row during one scoring.

    Args:
        context: index of the row's context in its batch.
        branches: its candidates.
        slack: by how much a sum may be rounded, absolute and relative.
    """

    def __init__(self, context: int, branches: Branches, slack: tuple[float, float]) -> None:
        self.context = context
        self.row = branches.row
        self.before = branches.before
        self.tail = branches.tail
        self.question = branches.question
        self.slack = slack
        self.truth: Measures = np.zeros((2, 0))
        self.lowest = math.nan
        self.open: list[Branch] = []
        self.finished: dict[int, tuple[Measures, ...]] = {}
        self.sums: list[float] = []

    @property
    def stubs(self) -> list[Stub]:
        """The branches that leave the true answer, kept with the question."""
        if "stubs" not in self.question.kept:
            answers = self.question.answers
            groups: dict[TokenIds, list[int]] = defaultdict(list)
            for index in self.question.ranked:
                ids = answers[index].ids
                groups[ids[: common_length(answers[0].ids, ids[:-1]) + 1]].append(index)
            self.question.kept["stubs"] = [(ids, tuple(members)) for ids, members in groups.items()]
        return self.question.kept["stubs"]

    def begin(self, truth: Measures, scored: Sequence[float]) -> None:
        """Set the measures of the true answer, and the sums of all candidates that are scored to their end."""
        self.truth = truth
        total = float(truth[0].sum())
        self.lowest = total - self.slack[0] - self.slack[1] * abs(total)
        self.sums = list(scored)

    def add(self, branch: Branch) -> None:
        """Add a branch; its answers that have no more tokens are finished."""
        going = []
        for index in branch.members:
            if len(self.question.answers[index].ids) > len(branch.ids):
                going.append(index)
            else:
                self.finished[index] = branch.measures
                self.sums.append(branch.bound)
        if going:
            self.open.append(branch if len(going) == len(branch.members) else branch._replace(members=tuple(going)))

    def take(self, *, last: bool) -> list[Branch]:
        """Remove and return the branches to continue; before the last round, open ones count as what they may hold."""
        self.open.sort(key=lambda branch: branch.bound)
        sums = self.sums if last else [*self.sums, *(branch.bound for branch in self.open)]
        top = max(sums)
        most = LEFT * sum(math.exp(value - top) for value in sums)
        left, held = 0, 0.0
        for branch in self.open:
            held += math.exp(min(branch.bound - top, 700.0))
            if not (branch.bound < self.lowest and held <= most):
                break
            left += 1
        taken, self.open = self.open[left:], self.open[:left]
        return taken

    def children(self, branch: Branch, steps: int | None) -> list[Stub]:
        """Return the branches into which a branch divides after some tokens."""
        groups: dict[TokenIds, list[int]] = defaultdict(list)
        for index in branch.members:
            ids = self.question.answers[index].ids
            groups[ids if steps is None else ids[: len(branch.ids) + steps]].append(index)
        return [(ids, tuple(members)) for ids, members in groups.items()]

    def results(self) -> Iterator[tuple[list[tuple[int, int]], Measures]]:
        """Yield the row and index of each ranked answer, and its measures; a left one has its share of the bound."""
        for index, parts in self.finished.items():
            yield [(self.row, index)], np.concatenate(parts, axis=1)
        for branch in self.open:
            length, measures = len(branch.ids), np.concatenate(branch.measures, axis=1)
            for index in branch.members:
                values = np.zeros((2, len(self.question.answers[index].ids)))
                values[:, :length] = measures
                values[0, length] = -math.log(len(branch.members))
                yield [(self.row, index)], values


def score_ranked(
    model: Any, contexts: Sequence[Context], limit: BatchLimit
) -> Iterator[tuple[list[tuple[int, int]], Measures]]:
    """Score all tails of contexts of one length and kind to their end, and their branches as far as is needed.

    Yields (the (row, answer) indices of equal answers, measures of the answer's tokens).
    """
    check_tries(model)
    max_nodes = min(MAX_NODES, limit.logits)
    prefix, logits = run_contexts(model, contexts, 1)
    slack = rounding(model)
    rows = [RankedRow(index, one, slack) for index, context in enumerate(contexts) for one in context.branches]

    def run(tries: list[Trie]) -> Iterator[tuple[Trie, int, Measures]]:
        """Yield the trie, number and measures of each member of tries."""
        for batch in trie_batches(tries, prefix.length, limit, SHORTEST):
            for trie, measures in zip(batch, run_tries(model, prefix, batch, statistics=False), strict=True):
                for number, values in zip(trie.members, measures, strict=True):
                    yield trie, number, values

    def advance(last: bool, steps: int | None) -> None:
        """Continue the branches that are not left by some tokens."""
        chosen: dict[int, list[tuple[RankedRow, Branch, Stub]]] = defaultdict(list)
        for row in rows:
            for branch in row.take(last=last):
                chosen[row.context] += [(row, branch, child) for child in row.children(branch, steps)]
        tries = []
        for context, parts in chosen.items():
            tails = (Tail(row.before + ids, len(row.before) + len(branch.ids), []) for row, branch, (ids, _) in parts)
            tries += [replace(trie, context=context) for trie in build_tries(enumerate(tails), max_nodes)]
        for trie, number, values in run(tries):
            row, branch, child = chosen[trie.context][number]
            row.add(Branch(*child, (*branch.measures, values), branch.bound + sum(values[0].tolist())))

    tries = [trie for index, context in enumerate(contexts) for trie in context_tries(context, index, max_nodes)]
    tails = [(index, number) for index, context in enumerate(contexts) for number in range(len(context.tails))]
    parts: dict[tuple[int, int], list[Measures]] = {tail: [] for tail in tails}
    begun = [tail for tail in tails if not contexts[tail[0]].tails[tail[1]].skip]
    targets = [contexts[index].tails[number].ids[0] for index, number in begun]
    at_once = [(row, stub) for row in rows if not row.before for stub in row.stubs if len(stub[0]) == 1]
    where = [*(index for index, _ in begun), *(row.context for row, _ in at_once)]
    first = measure(logits, where, [*targets, *(stub[0][0] for _, stub in at_once)], statistics=False)
    for column, tail in enumerate(begun):
        parts[tail].append(first[:, column : column + 1])
    bounds: dict[tuple[int, TokenIds], Measures] = {
        (row.row, stub[0]): first[:, [len(begun) + number]] for number, (row, stub) in enumerate(at_once)
    }
    tries, readings = _with_stubs(tries, rows, contexts)
    for trie, number, values in run(tries):
        if number < 0:
            bounds[readings[-1 - number]] = values
        else:
            parts[trie.context, number].append(values)
    tail_measures = {tail: np.concatenate(values, axis=1) for tail, values in parts.items()}
    for (index, number), values in tail_measures.items():
        yield contexts[index].tails[number].slots, values

    for row in rows:
        ranked = set(row.question.ranked)
        whole = [
            float(tail_measures[row.context, number][0].sum())
            for number, tail in enumerate(contexts[row.context].tails)
            if any(slot[0] == row.row and (slot[1] == 0 or slot[1] in ranked) for slot in tail.slots)
        ]
        scored = {slot[1] for tail in contexts[row.context].tails for slot in tail.slots if slot[0] == row.row}
        row.begin(tail_measures[row.context, row.tail], whole)
        truth_logprobs = row.truth[0].tolist()
        for ids, members in row.stubs:
            if members := tuple(index for index in members if index not in scored):
                measures = (row.truth[:, : len(ids) - 1], bounds[row.row, ids])
                row.add(Branch(ids, members, measures, sum(truth_logprobs[: len(ids) - 1]) + float(measures[1][0, 0])))
    for steps in STEPS:
        advance(False, steps)
    advance(True, None)
    for row in rows:
        yield from row.results()


def _with_stubs(
    tries: Sequence[Trie], rows: Sequence[RankedRow], contexts: Sequence[Context]
) -> tuple[list[Trie], list[tuple[int, TokenIds]]]:
    """Tries that also measure the last token of each stub, as member -1 - its index in the returned list."""
    by_tail = defaultdict(list)
    for row in rows:
        by_tail[row.context, row.tail].append(row)
    readings: list[tuple[int, TokenIds]] = []
    extended = []
    for trie in tries:
        placed_rows = [
            (place, row) for place, number in enumerate(trie.members) for row in by_tail.get((trie.context, number), ())
        ]
        if placed_rows:
            trie = replace(trie, members=list(trie.members), nodes=list(trie.nodes), targets=list(trie.targets))
        for place, row in placed_rows:
            skip = contexts[row.context].tails[row.tail].skip
            for ids, _ in row.stubs:
                node = skip + len(ids) - 1 - max(skip, 1)
                if node >= 0:
                    readings.append((row.row, ids))
                    trie.members.append(-len(readings))
                    trie.nodes.append([trie.nodes[place][node]])
                    trie.targets.append(ids[-1:])
        extended.append(trie)
    return extended, readings
