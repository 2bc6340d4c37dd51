"""Questions of remem by name and from pictures: counts, nesting, wordings, wrong answers."""

import re
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lethebench.generation.questions.distractors import pools
from lethebench.generation.remem import questions as remem
from lethebench.generation.remem.people import ATTRIBUTES, RELATIONS, groups
from lethebench.generation.remem.questions import MULTI, SINGLE, Population, order, singles
from lethebench.generation.remem.wordings import BRIDGES
from lethebench.generation.seeding import stream

USUAL = {"qa": 100, "views": 100, "share": 0.7}


@pytest.fixture(scope="module")
def population():
    people = [person for role, members in groups(20, 4, seed=0).items() if role != "holdout" for person in members]
    return Population(pools([person.profile for person in people]), {person.profile.id: person for person in people})


@pytest.fixture(scope="module")
def train(population):
    """profile_id -> its training questions."""
    return {key: remem.train_questions(person, population, **USUAL) for key, person in population.cast.items()}


@pytest.fixture(scope="module")
def test(population):
    """profile_id -> its held-out questions."""
    return {key: remem.test_questions(person, population) for key, person in population.cast.items()}


def test_counts_of_the_usual_build(train, test):
    for key, questions in train.items():
        assert Counter(question.hops for question in questions) == {1: 70, 2: 30}
        assert len({question.view for question in questions}) == 100
        assert {question.view.profile_id for question in questions} == {key}
        assert Counter(q.attribute for q in questions if q.hops == 1) == dict.fromkeys(ATTRIBUTES, 5)
        assert set(Counter(q.attribute for q in questions if q.hops == 2).values()) == {2, 3}
        assert len({question.key for question in [*questions, *test[key]]}) == 128
        assert Counter(question.hops for question in test[key]) == {1: 20, 2: 8}
        assert len({question.view for question in test[key]}) == 28
        assert {question.view.part for question in test[key]} == {"test-single", "test-multi"}
        assert {q.attribute for q in test[key] if q.hops == 1} == set(ATTRIBUTES)


@given(st.integers(0, 199), st.floats(0, 1))
@settings(max_examples=60, deadline=None)
def test_order_of_more_questions_extends_fewer(questions, share):
    smaller, larger = order(questions, share), order(questions + 1, share)
    assert larger[:-1] == smaller
    for kind in (SINGLE, MULTI):
        numbers = [number for one, number in larger if one == kind]
        assert numbers == list(range(len(numbers)))
    assert abs(singles(questions, share) - questions * share) <= 0.5 + 1e-6


@given(st.integers(1, 200), st.floats(0, 1), st.floats(0, 1))
@settings(max_examples=60, deadline=None)
def test_order_of_larger_share_extends_smaller(questions, one, other):
    smaller, larger = (set(order(questions, share)) for share in sorted((one, other)))
    assert {entry for entry in smaller if entry[0] == SINGLE} <= {entry for entry in larger if entry[0] == SINGLE}
    assert {entry for entry in larger if entry[0] == MULTI} <= {entry for entry in smaller if entry[0] == MULTI}


@pytest.mark.parametrize(("share", "by_name"), [(0.0, 0), (0.7, 14), (1.0, 20), (0.33, 7)])
def test_order_at_shares(share, by_name):
    assert Counter(kind for kind, _ in order(20, share))[SINGLE] == by_name


def test_smaller_build_is_a_prefix(population):
    person = next(iter(population.cast.values()))
    whole = remem.train_questions(person, population, qa=200, views=200, share=0.7)
    for qa in (1, 20, 100):
        assert remem.train_questions(person, population, qa=qa, views=qa, share=0.7) == whole[:qa]
    questions = remem.train_questions(person, population, qa=60, views=4, share=0.7)
    assert remem.train_questions(person, population, qa=20, views=4, share=0.7) == questions[:20]


def test_share_does_not_change_a_question(population):
    person = next(iter(population.cast.values()))
    questions = [remem.train_questions(person, population, qa=60, views=60, share=share) for share in (0.3, 0.7)]
    small, large = ({question.key: question for question in group} for group in questions)
    shared = small.keys() & large.keys()
    assert len(shared) == 18 + 18
    assert all(small[key] == large[key] for key in shared)


def test_fewer_pictures_rotate(population):
    person = next(iter(population.cast.values()))
    whole = remem.train_questions(person, population, **USUAL)
    for views in (1, 7, 40):
        fewer = remem.train_questions(person, population, qa=100, views=views, share=0.7)
        assert [(q.key, q.question, q.answer) for q in fewer] == [(q.key, q.question, q.answer) for q in whole]
        assert {q.view for q in fewer} == {q.view for q in whole[:views]}
        uses = Counter(q.view for q in fewer).values()
        assert max(uses) - min(uses) <= 1


@pytest.mark.parametrize("share", [0.0, 0.7, 1.0])
def test_wordings_do_not_repeat_in_the_largest_build(population, share):
    """A fact has 19 wordings in training; 200 questions about 14 attributes need 15."""
    for person in list(population.cast.values())[:3]:
        texts = Counter(
            (q.hops, q.attribute, q.question)
            for q in remem.train_questions(person, population, qa=200, views=200, share=share)
        )
        assert set(texts.values()) == {1}


def test_only_single_hop_questions_name_the_person(train, test, population):
    names = [person.profile.name for person in population.cast.values()]
    for key, questions in train.items():
        for question in [*questions, *test[key]]:
            mentioned = [name for name in names if name in question.question]
            if question.hops == 1:
                assert mentioned == [population.cast[key].profile.name]
            else:
                assert mentioned == []
                assert re.search(r"this person|the person in the image", question.question, re.IGNORECASE)


def test_picture_answers_state_the_bridge(train, test, population):
    for key, questions in train.items():
        profile = population.cast[key].profile
        bridges = [f"{bridge.format(n=profile.name)} " for bridge in BRIDGES]
        for question in [*questions, *test[key]]:
            if question.hops == 2:
                bridge = next(text for text in bridges if question.answer.startswith(text))
                assert question.value in question.answer.removeprefix(bridge)
                assert all(profile.name in text for text in question.paraphrases)


def test_wrong_relations_are_of_the_same_sex(population):
    person = next(iter(population.cast.values()))
    genders = {other.profile.name: other.profile.details["gender"] for other in population.cast.values()}
    rng = stream("wrong")
    for relation in RELATIONS:
        truth = person.profile.fields[relation]
        wrong = remem.wrong_values(rng, person, relation, 5, population)
        assert truth not in wrong
        assert person.profile.name not in wrong
        assert {genders[name] for name in wrong} == {genders[truth]}
    addresses = remem.wrong_values(rng, person, "home_address", 5, population)
    assert len(set(addresses)) == 5
    assert person.profile.fields["home_address"] not in addresses
