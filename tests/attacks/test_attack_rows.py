"""Which rows attacks score, and which they may train on or show."""

import pytest

from lethebench.attacks.context import NotApplicable, split_rows

FACTS = [(f"p{p}", f"a{a}") for p in range(6) for a in range(8) for _ in range(1 + p % 2)]


@pytest.mark.parametrize("most", [3, 12, 24, 500])
@pytest.mark.parametrize("seed", [0, 1])
def test_no_scored_fact_is_trained_on(most, seed):
    split = split_rows(FACTS, most, seed)
    scored = [FACTS[index] for index in split.scored]
    assert not set(scored) & {FACTS[index] for index in split.trainable}
    assert len(scored) == len(set(scored)) == min(most, 6 * 4)
    assert set(split.trainable) == {index for index, one in enumerate(FACTS) if one not in scored}


def test_rows_are_spread_over_profiles():
    split = split_rows(FACTS, 12, 0)
    assert sorted(FACTS[index][0] for index in split.scored) == sorted([f"p{p}" for p in range(6)] * 2)


def test_seed_decides_the_rows():
    assert split_rows(FACTS, 12, 0) == split_rows(FACTS, 12, 0)
    assert split_rows(FACTS, 12, 0) != split_rows(FACTS, 12, 1)


def test_released_facts_alone_are_trained_on():
    released = frozenset({("p0", "a0"), ("p1", "a1")})
    split = split_rows(FACTS, 500, 0, released)
    assert {FACTS[index] for index in split.trainable} == released
    assert len(split.scored) == 6 * 8 - 2


def test_nothing_to_score_is_refused():
    with pytest.raises(NotApplicable, match="no forget row"):
        split_rows([("p", "a")], 8, 0, frozenset({("p", "a")}))


def test_single_fact_is_scored():
    assert split_rows([("p", "a")], 8, 0).scored == [0]
