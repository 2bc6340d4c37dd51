"""Candidates scored by branch and bound: ranks are those of whole scoring, and little probability is left out."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from tiny_architectures import ARCHITECTURES

from lethebench.evaluation.likelihood import forward, ranking
from lethebench.evaluation.likelihood.api import score_encoded
from lethebench.evaluation.likelihood.prefix_sharing import Branches, plan_rows
from lethebench.evaluation.likelihood.ranking import LEFT, RankedRow
from lethebench.evaluation.metrics.exposure import exposure_rank
from lethebench.evaluation.metrics.tables import distributions

WORDS = range(10, 400)
FIRST_RANKED = 3
"""The true answer and two others are scored to their end."""


def greedy_ids(tiny, item, length: int) -> tuple[int, ...]:
    ids: tuple[int, ...] = ()
    for _ in range(length):
        logits = tiny.logits(item, ids)[-1]
        ids = (*ids, int(logits[WORDS.start : WORDS.stop].argmax()) + WORDS.start)
    return ids


def candidates(before: tuple[int, ...], true: tuple[int, ...]) -> list[tuple[int, ...]]:
    """Values of one to four tokens after the same words, some of them prefixes of others, and one without words."""
    draw = np.random.default_rng(0)
    values = [tuple(draw.choice(WORDS, size=size).tolist()) for size in draw.integers(1, 5, size=60)]
    values += [(*true, 17), true[:-1], (*true[:1], 23, 24), *((*values[0], word) for word in (11, 12, 13))]
    return [(*before, *value) for value in dict.fromkeys(values) if value != true] + [(19,)]


def questions(tiny, truth: str):
    """Two questions about a picture and one without, and the true answer of each: likely, random or unlikely."""
    items = []
    for seeds, words in (([1], (30, 31, 32)), ([1], (40, 41)), ([], (50, 51, 52))):
        before = (60, 61)
        likely = greedy_ids(tiny, tiny.encoded(seeds, words, [()]), 4)
        if truth == "likely":
            before, true = likely[:2], likely[2:]
        else:
            true = (70, 71) if truth == "random" else (300, 301, 302, 303, 304, 305)
        answers = [(*before, *true), (*before, 80, 81), (90, 91), *candidates(before, true)]
        item = tiny.encoded(seeds, words, answers)
        items.append(replace(item, ranked=tuple(range(FIRST_RANKED, len(answers)))))
    return items


def sums(scores) -> list[list[float]]:
    return [[score.logprob for score in row] for row in scores]


@pytest.mark.parametrize("truth", ["likely", "random", "unlikely"])
@pytest.mark.parametrize("name", ["llava", "qwen3_vl", "idefics3"])
def test_bounded_ranks_equal_those_of_whole_scoring(name, truth):
    tiny = ARCHITECTURES[name](torch.float32, "sdpa")
    items = questions(tiny, truth)
    whole = sums(score_encoded(tiny.model, items))
    bounded = score_encoded(tiny.model, items, plans=plan_rows(items, ranks=True))
    assert [[score.num_tokens for score in row] for row in bounded] == [
        [len(answer.ids) for answer in item.answers] for item in items
    ]
    for expected, values in zip(whole, sums(bounded), strict=True):
        assert values[:FIRST_RANKED] == pytest.approx(expected[:FIRST_RANKED], abs=1e-3)
        ranked = [values[0], *values[FIRST_RANKED:]], [expected[0], *expected[FIRST_RANKED:]]
        assert exposure_rank(ranked[0], 0) == exposure_rank(ranked[1], 0)
        shares = distributions(ranked)
        assert np.abs(shares[0] - shares[1]).sum() / 2 <= LEFT + 1e-4


def test_likely_answer_leaves_most_candidates(monkeypatch):
    tiny = ARCHITECTURES["llava"](torch.float64, "sdpa")
    items = questions(tiny, "likely")
    with torch.no_grad():  # probabilities near 0 and 1, as of a memorized answer
        tiny.model.lm_head.weight.mul_(4)
    counts = []
    for module in (forward, ranking):
        monkeypatch.setattr(module, "run_tries", counting(module.run_tries, counts))
    expected = sums(score_encoded(tiny.model, items))
    num_whole = sum(counts)
    bounded = sums(score_encoded(tiny.model, items, plans=plan_rows(items, ranks=True)))
    pairs = zip(np.concatenate(bounded), np.concatenate(expected), strict=True)
    assert sum(abs(one - two) > 1e-6 for one, two in pairs) > 100
    assert sum(counts) - num_whole < 0.5 * num_whole


def counting(run_tries, counts: list[int]):
    """Return the function, which then adds up of how many nodes logits are computed."""

    def counted(model, prefix, tries, **options):
        counts.extend(len({node for nodes in trie.nodes for node in nodes}) for trie in tries)
        return run_tries(model, prefix, tries, **options)

    return counted


def test_ties_with_the_true_answer_keep_their_mid_rank():
    tiny = ARCHITECTURES["llava"](torch.float32, "sdpa")
    with torch.no_grad():
        tiny.model.lm_head.weight.zero_()  # each token is as likely as any other
    items = questions(tiny, "random")
    bounded = sums(score_encoded(tiny.model, items, plans=plan_rows(items, ranks=True)))
    for item, values in zip(items, bounded, strict=True):
        lengths = [len(answer.ids) for answer in item.answers]
        ranked = [0, *item.ranked]
        shorter = sum(lengths[index] < lengths[0] for index in ranked)
        tied = sum(lengths[index] == lengths[0] for index in ranked)
        assert tied > 5
        assert exposure_rank([values[index] for index in ranked], 0) == shorter + (tied + 1) / 2


@pytest.mark.parametrize(("below", "kept"), [(1e-4, True), (4e-3, True), (0.1, False)])
def test_branch_within_rounding_of_the_true_answer_is_continued(below, kept):
    item = questions(ARCHITECTURES["llava"](torch.float32, "sdpa"), "random")[0]
    row = RankedRow(0, Branches(0, item, (), 0), slack=(5e-3, 2e-5))
    truth = np.array([[-1.0, -2.0], [0.0, 0.0]])
    row.begin(truth, [-3.0, 100.0])  # another candidate holds all probability
    row.add(ranking.Branch((60, 61, 17), item.ranked[:1], (truth,), -3.0 - below))
    assert bool(row.take(last=True)) is kept


def test_model_without_exact_tries_scores_all_candidates():
    tiny = ARCHITECTURES["llava"](torch.float64, "eager")
    items = questions(tiny, "likely")
    assert score_encoded(tiny.model, items, plans=plan_rows(items, ranks=True)) == score_encoded(tiny.model, items)
