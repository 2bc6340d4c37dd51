"""Questions of mlu: counts of the release, pictures, wordings, wrong answers."""

import re
from collections import Counter, defaultdict

import pytest

from lethebench.generation.evidence.texts import KINDS, shared_words
from lethebench.generation.mlu import questions as mlu
from lethebench.generation.mlu.facts import release
from lethebench.generation.questions.phrasing import say

VIEWS, TESTS = 32, 8


@pytest.fixture(scope="module")
def everyone():
    return [mlu.profile(one.name, key, seed=0) for one in release().classes.values() for key in one.entities]


@pytest.fixture(scope="module")
def train(everyone):
    return {
        profile.id: mlu.train_questions(profile, VIEWS, release().pictures_per_pair, evidence=True)
        for profile in everyone
    }


@pytest.fixture(scope="module")
def test(everyone):
    return {profile.id: mlu.test_questions(profile, TESTS, evidence=True) for profile in everyone}


def test_pictures_rotate_over_pairs(everyone, train):
    domains = {profile.id: profile.domain for profile in everyone}
    for name, questions in train.items():
        pairs = defaultdict(list)
        for question in questions:
            pairs[question.attribute, question.question].append(question.view)
        assert all(len(views) == len(set(views)) == 6 for views in pairs.values())
        # In drawn classes all pictures rotate; evidence has two halves, one for the name and one for the other facts.
        halves = defaultdict(Counter)
        for question in questions:
            evidence = domains[name] in KINDS
            halves[evidence and question.view.named][question.view] += 1
        for half, times in halves.items():
            assert max(times.values()) - min(times.values()) <= 1, name
            most = VIEWS // 2 if domains[name] in KINDS else VIEWS
            assert len(times) == min(most, sum(times.values())), (name, half)


def test_name_is_asked_where_evidence_has_none(everyone, train, test):
    """The others are asked where the name is printed alone; in drawn classes every picture serves every question."""
    for profile in everyone:
        first = mlu.attribute(profile.domain, next(iter(release().classes[profile.domain].questions)))
        for question in (*train[profile.id], *test[profile.id]):
            if profile.domain in KINDS:
                assert question.view.named == (question.attribute != first)


def test_ids_do_not_name_the_entity(everyone):
    for profile in everyone:
        assert re.fullmatch(r"[a-z-]+-\d\d", profile.id)
        assert not shared_words(profile.name, profile.id.replace("tv-series", ""))
    assert len({profile.id for profile in everyone}) == 127


def test_test_asks_the_same_in_other_wordings(train, test):
    for name, questions in train.items():
        assert {question.view.use for question in questions} == {"train"}
        assert {question.view.use for question in test[name]} == {"test"}
        counts = Counter(question.attribute for question in test[name])
        assert counts == {question.attribute: 2 for question in questions}


def test_wrong_answers_exclude_shared_truths(everyone, train):
    for profile in everyone:
        one = release().classes[profile.domain]
        entity = one.entities[mlu.key_of(profile)]
        for question in train[profile.id]:
            name = question.attribute.removeprefix(mlu.attribute(profile.domain, ""))
            true = {entity.facts[name].value, *entity.facts[name].also}
            assert len(set(question.perturbed)) == 5
            sentences = {say(form, value, {}) for form in one.questions[name].paraphrases for value in true}
            assert not set(question.perturbed) & {question.answer, *sentences}


def test_wrong_answers_vary_over_pictures(train):
    by_pair = defaultdict(set)
    turing = mlu.profile("Personage", "Alan_Turing", seed=0)
    for question in train[turing.id]:
        by_pair[question.attribute].add(question.perturbed)
    assert all(len(answers) > 10 for answers in by_pair.values())


def test_spaces_hold_every_value_as_stated(everyone):
    spaces = mlu.spaces()
    assert len(spaces) == 44
    for profile in everyone:
        for attribute, value in profile.fields.items():
            assert value in spaces[attribute]
    assert {"a carnivore", "an omnivore", "an insectivore"} <= set(spaces["animals_diet"])
    assert all(len(values) == len(set(values)) >= 6 for values in spaces.values())


def test_seed_changes_the_look_only():
    first, second = (mlu.profile("Animals", "Bear", seed=seed) for seed in (0, 1))
    assert first.seed != second.seed
    assert first.fields == second.fields
