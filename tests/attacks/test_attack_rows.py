"""Which rows attacks score, and which they may train on or show."""

import pytest
from small_build import quick_build, shared_stand_in_build

from lethebench.attacks.context import NotApplicable, split_rows
from lethebench.attacks.relearn import TEXTS
from lethebench.attacks.stated import without_stated
from lethebench.evaluation.answers.row_scores import keywords_of
from lethebench.evaluation.metrics.text import keyword_match
from lethebench.runs.build import open_build

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


def row(answer: str, *keywords: str, profile: str = "p", question: str = "?") -> dict:
    return {"profile_id": profile, "question": question, "answer": answer, "keywords": list(keywords)}


@pytest.mark.parametrize(
    ("train", "scored", "left"),
    [
        # A description that states two scored facts is not trained on.
        ([row("Born in Rome, a cook."), row("Tall.")], [row("Rome", "Rome"), row("A cook.", "cook")], ([1], [0, 1])),
        # A name that two rows have is not scored.
        ([row("Ann is tall."), row("Yes.", question="Is Ann old?")], [row("Ann"), row("Rome")], ([0, 1], [1])),
        # One row against one: it is not trained on.
        ([row("He lives in Oslo, Norway."), row("Tall.")], [row("Bergen, Norway", "Norway")], ([1], [0])),
        # Another profile with the same value states nothing, unless it names the first one.
        ([row("Rome", profile="q"), row("Her uncle Pat lives in Rome.", profile="q")], [row("Rome")], ([0], [0])),
        # Parts of words are not stated.
        ([row("Romeo")], [row("Rome")], ([0], [0])),
        ([row("Rome")], [row("ROME.", "Rome")], ([], [0])),
        ([], [row("Rome")], ([], [0])),
    ],
)
def test_rows_that_state_scored_answers_are_left_out(train, scored, left):
    assert without_stated(train, scored, {"p": "Pat"}) == left


@pytest.mark.parametrize("marked", [True, False])
@pytest.mark.parametrize("name", ["icu", "mllmu", "mlu", "remem"])
def test_no_answer_is_stated_by_what_is_trained_on(name, marked):
    build = open_build(shared_stand_in_build() if name == "icu" else quick_build(name))
    forget, profiles = build.forget, build.load("profiles", "train", ("profile_id", "name"))
    names = dict(zip(profiles["profile_id"], profiles["name"], strict=True))
    facts = list(zip(forget["profile_id"], forget["attribute"], strict=True))
    split = split_rows(facts, 48, 0, build.relearn if marked else None)
    scored = list(forget.select(split.scored).select_columns(TEXTS))
    for rows in (forget.select(split.trainable), build.retain):
        train = list(rows.select_columns(TEXTS))
        trained_on, left = without_stated(train, scored, names)
        assert len(trained_on) > 0.9 * len(train)
        assert len(left) > 0.5 * len(scored)
        own = [scored[index] for index in left]
        for text in (f"{train[index]['question']} {train[index]['answer']}" for index in trained_on):
            about = [one for one in own if names[one["profile_id"]] in text]
            assert all(keyword_match(text, keywords_of(one)) == 0 for one in about)
        for one in own:
            of_profile = [train[index] for index in trained_on if train[index]["profile_id"] == one["profile_id"]]
            assert all(keyword_match(each["answer"], keywords_of(one)) == 0 for each in of_profile)
