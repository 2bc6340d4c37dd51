"""Questions of mlu: counts of the release, pictures, wordings, wrong answers."""

from collections import Counter, defaultdict

import pytest

from lethebench.generation.mlu import questions as mlu
from lethebench.generation.mlu.facts import release
from lethebench.generation.questions.phrasing import say

VIEWS, TESTS = 32, 8


@pytest.fixture(scope="module")
def everyone():
    return [mlu.profile(one.name, key, seed=0) for one in release().classes.values() for key in one.entities]


@pytest.fixture(scope="module")
def train(everyone):
    return {profile.id: mlu.train_questions(profile, VIEWS, release().pictures_per_pair) for profile in everyone}


@pytest.fixture(scope="module")
def test(everyone):
    return {profile.id: mlu.test_questions(profile, TESTS) for profile in everyone}


def test_pictures_rotate_over_pairs(train):
    for name, questions in train.items():
        pairs = defaultdict(list)
        for question in questions:
            pairs[question.attribute, question.question].append(question.view)
        assert all(len(views) == len(set(views)) == 6 for views in pairs.values())
        times = Counter(question.view for question in questions)
        assert max(times.values()) - min(times.values()) <= 1, name
        assert len(times) == min(VIEWS, len(questions))


def test_test_asks_the_same_in_other_wordings(train, test):
    for name, questions in train.items():
        assert {question.view.use for question in questions} == {"train"}
        assert {question.view.use for question in test[name]} == {"test"}
        counts = Counter(question.attribute for question in test[name])
        assert counts == {question.attribute: 2 for question in questions}


def test_wrong_answers_exclude_shared_truths(everyone, train):
    for profile in everyone:
        one = release().classes[profile.domain]
        entity = one.entities[profile.id.partition("/")[2]]
        for question in train[profile.id]:
            name = question.attribute.removeprefix(mlu.attribute(profile.domain, ""))
            true = {entity.facts[name].value, *entity.facts[name].also}
            assert len(set(question.perturbed)) == 5
            sentences = {say(form, value, {}) for form in one.questions[name].paraphrases for value in true}
            assert not set(question.perturbed) & {question.answer, *sentences}


def test_wrong_answers_vary_over_pictures(train):
    by_pair = defaultdict(set)
    for question in train["Personage/Alan_Turing"]:
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
