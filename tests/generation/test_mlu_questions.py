"""The questions of mlu: as many as the release kept, true, and never the same wording in training and testing."""

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
def learnt(everyone):
    return {profile.id: mlu.train_questions(profile, VIEWS, release().pictures_per_pair) for profile in everyone}


@pytest.fixture(scope="module")
def tested(everyone):
    return {profile.id: mlu.test_questions(profile, TESTS) for profile in everyone}


def test_as_many_questions_as_the_release_kept(everyone, learnt):
    assert len(everyone) == 127
    assert sum(map(len, learnt.values())) == 15_414
    rows = Counter()
    for profile in everyone:
        rows[profile.domain] += len(learnt[profile.id])
    assert rows == {
        "Animals": 2130, "Astronomy": 312, "Buildings": 1200, "Cartoon": 1674, "Corporation": 654, "Movies": 2400,
        "Personage": 3930, "Plants": 1680, "TV series": 1434,
    }  # fmt: skip


def test_a_pair_has_six_different_pictures_and_pictures_take_turns(learnt):
    for name, questions in learnt.items():
        pairs = defaultdict(list)
        for question in questions:
            pairs[question.attribute, question.question].append(question.view)
        assert all(len(views) == len(set(views)) == 6 for views in pairs.values())
        times = Counter(question.view for question in questions)
        assert max(times.values()) - min(times.values()) <= 1, name
        assert len(times) == min(VIEWS, len(questions))


def test_keys_are_unique_and_uses_do_not_mix(learnt, tested):
    for name, questions in learnt.items():
        both = [*questions, *tested[name]]
        assert len({question.key for question in both}) == len(both)
        assert {question.view.use for question in questions} == {"train"}
        assert {question.view.use for question in tested[name]} == {"test"}


def test_test_asks_what_was_learnt_and_in_no_wording_of_training(learnt, tested):
    for name, questions in learnt.items():
        asked = {question.question for question in questions}
        assert not asked & {question.question for question in tested[name]}
        known = Counter(question.attribute for question in tested[name])
        assert known == {question.attribute: 2 for question in questions}


def test_every_answer_states_the_value_of_the_profile(everyone, learnt, tested):
    for profile in everyone:
        for question in (*learnt[profile.id], *tested[profile.id]):
            assert question.value == profile.fields[question.attribute]
            assert question.value.casefold() in question.answer.casefold()
            assert question.modality == "image_text"
            for text in (question.answer, *question.paraphrases):
                assert all(word.casefold() in text.casefold() for word in question.keywords)


def test_no_wrong_answer_is_true_even_of_what_the_entity_shares_with_others(everyone, learnt):
    for profile in everyone:
        one = release().classes[profile.domain]
        entity = one.entities[profile.id.partition("/")[2]]
        for question in learnt[profile.id]:
            name = question.attribute.removeprefix(mlu.attribute(profile.domain, ""))
            true = {entity.facts[name].value, *entity.facts[name].also}
            assert len(set(question.perturbed)) == 5
            said = {say(form, value, {}) for form in one.questions[name].paraphrases for value in true}
            assert not set(question.perturbed) & {question.answer, *said}


def test_wrong_answers_differ_between_rows_of_one_pair(learnt):
    by_pair = defaultdict(set)
    for question in learnt["Personage/Alan_Turing"]:
        by_pair[question.attribute].add(question.perturbed)
    assert all(len(found) > 10 for found in by_pair.values())


def test_spaces_hold_every_value_with_the_article_that_its_answer_has(everyone):
    spaces = mlu.spaces()
    assert len(spaces) == 44
    for profile in everyone:
        for attribute, value in profile.fields.items():
            assert value in spaces[attribute]
    assert {"a carnivore", "an omnivore", "an insectivore"} <= set(spaces["animals_diet"])
    assert all(len(values) == len(set(values)) >= 6 for values in spaces.values())


def test_looks_follow_the_seed_and_facts_do_not():
    first, second = (mlu.profile("Animals", "Bear", seed=seed) for seed in (0, 1))
    assert first.seed != second.seed
    assert first.fields == second.fields
