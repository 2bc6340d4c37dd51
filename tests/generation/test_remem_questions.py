"""Questions of remem by name and from pictures: counts, nesting, wordings, bridges, wrong answers, English."""

import re
from collections import Counter, defaultdict

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lethebench.builders import BENCHMARKS
from lethebench.evaluation.answers.prepare import candidate_answers
from lethebench.generation.questions.distractors import pools
from lethebench.generation.questions.phrasing import carried
from lethebench.generation.remem import questions as remem
from lethebench.generation.remem.people import ATTRIBUTES, RELATIONS, groups
from lethebench.generation.remem.questions import MULTI, SINGLE, Population, order, singles
from lethebench.generation.remem.wordings import WORDINGS
from lethebench.generation.seeding import stream

USUAL = {"qa": 100, "views": 100, "share": 0.7}


@pytest.fixture(scope="module")
def known():
    people = [person for role, members in groups(20, 4, seed=0).items() if role != "holdout" for person in members]
    return Population(pools([person.profile for person in people]), {person.profile.id: person for person in people})


@pytest.fixture(scope="module")
def train(known):
    """profile_id -> its training questions."""
    return {key: remem.train_questions(person, known, **USUAL) for key, person in known.cast.items()}


@pytest.fixture(scope="module")
def test(known):
    """profile_id -> its held-out questions."""
    return {key: remem.test_questions(person, known) for key, person in known.cast.items()}


# -- how many, and which come first


def test_a_hundred_each_seven_in_ten_by_name_and_every_picture_once(train, test):
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
@settings(max_examples=200, deadline=None)
def test_one_question_more_is_one_of_a_kind_more_and_what_was_there_stays(questions, share):
    smaller, larger = order(questions, share), order(questions + 1, share)
    assert larger[:-1] == smaller
    for kind in (SINGLE, MULTI):
        numbers = [number for one, number in larger if one == kind]
        assert numbers == list(range(len(numbers)))
    assert abs(singles(questions, share) - questions * share) <= 0.5 + 1e-6


@given(st.integers(1, 200), st.floats(0, 1), st.floats(0, 1))
@settings(max_examples=200, deadline=None)
def test_a_larger_share_by_name_has_the_questions_by_name_of_a_smaller_one(questions, one, other):
    few, many = (set(order(questions, share)) for share in sorted((one, other)))
    assert {entry for entry in few if entry[0] == SINGLE} <= {entry for entry in many if entry[0] == SINGLE}
    assert {entry for entry in many if entry[0] == MULTI} <= {entry for entry in few if entry[0] == MULTI}


@pytest.mark.parametrize(("share", "by_name"), [(0.0, 0), (0.7, 14), (1.0, 20), (0.33, 7)])
def test_shares_at_both_ends_and_between(share, by_name):
    assert Counter(kind for kind, _ in order(20, share))[SINGLE] == by_name


def test_questions_of_a_smaller_build_are_those_of_a_larger_one_with_their_pictures(known):
    person = next(iter(known.cast.values()))
    whole = remem.train_questions(person, known, qa=200, views=200, share=0.7)
    for qa in (1, 20, 100):
        assert remem.train_questions(person, known, qa=qa, views=qa, share=0.7) == whole[:qa]
    few = remem.train_questions(person, known, qa=60, views=4, share=0.7)
    assert remem.train_questions(person, known, qa=20, views=4, share=0.7) == few[:20]
    few = remem.train_questions(person, known, qa=60, views=4, share=0.7)
    assert remem.train_questions(person, known, qa=20, views=4, share=0.7) == few[:20]


def test_another_share_gives_the_same_question_the_same_text_and_picture(known):
    person = next(iter(known.cast.values()))
    builds = [
        {q.key: q for q in remem.train_questions(person, known, qa=60, views=60, share=share)} for share in (0.3, 0.7)
    ]
    shared = builds[0].keys() & builds[1].keys()
    assert len(shared) == 18 + 18
    assert all(builds[0][key] == builds[1][key] for key in shared)


def test_fewer_pictures_are_the_first_ones_and_go_round_evenly(known):
    person = next(iter(known.cast.values()))
    whole = remem.train_questions(person, known, **USUAL)
    for views in (1, 7, 40):
        fewer = remem.train_questions(person, known, qa=100, views=views, share=0.7)
        assert [(q.key, q.question, q.answer) for q in fewer] == [(q.key, q.question, q.answer) for q in whole]
        assert {q.view for q in fewer} == {q.view for q in whole[:views]}
        uses = Counter(q.view for q in fewer).values()
        assert max(uses) - min(uses) <= 1


# -- wordings


@pytest.mark.parametrize("share", [0.0, 0.7, 1.0])
def test_nobody_is_asked_for_one_thing_twice_in_one_wording_even_at_the_most(known, share):
    """A fact has 19 wordings in training; 200 questions about 14 attributes need 15."""
    for person in list(known.cast.values())[:6]:
        asked = Counter(
            (q.hops, q.attribute, q.question)
            for q in remem.train_questions(person, known, qa=200, views=200, share=share)
        )
        assert set(asked.values()) == {1}


def test_no_wording_is_both_in_training_and_held_out(train, test):
    templates = {use: set() for use in ("train", "test")}
    for wording in WORDINGS.values():
        templates["train"] |= {*wording.train, *(asked for asked, _ in carried(wording, "train"))}
        templates["test"] |= {*wording.test, *(asked for asked, _ in carried(wording, "test"))}
    assert not templates["train"] & templates["test"]
    for key, questions in train.items():
        assert not {q.question for q in questions} & {q.question for q in test[key]}


def test_single_hop_questions_name_the_person_and_multi_hop_questions_nobody(train, test, known):
    names = [person.profile.name for person in known.cast.values()]
    for key, questions in train.items():
        for question in [*questions, *test[key]]:
            mentioned = [name for name in names if name in question.question]
            if question.hops == 1:
                assert mentioned == [known.cast[key].profile.name]
            else:
                assert mentioned == []
                assert re.search(r"this person|the person in the image", question.question, re.IGNORECASE)


# -- answers


def test_answers_from_pictures_state_the_bridge_and_direct_ones_by_name_the_value_alone(train, test, known):
    direct = 0
    for key, questions in train.items():
        profile = known.cast[key].profile
        for question in [*questions, *test[key]]:
            value = profile.fields[question.attribute]
            assert question.value == value
            assert value in question.answer
            if question.hops == 2:
                bridge = f"The person in the image is {profile.name}. "
                assert question.answer.startswith(bridge)
                assert value in question.answer.removeprefix(bridge)
                assert all(text.count(profile.name) >= 1 and text != question.answer for text in question.paraphrases)
                continue
            asks = bool(re.match(r"(What|Which|Who|When|Where|How|In which|On|At|To)\b", question.question))
            assert (question.answer == value) == asks, question.question
            direct += asks
    assert 0.4 < direct / (20 * 90) < 0.65


def test_every_answer_has_paraphrases_and_wrong_ones_in_their_form(train, test, known):
    for key, questions in train.items():
        for question in [*questions[::7], *test[key]]:
            assert len({question.answer, *question.paraphrases}) == 4
            assert len(set(question.perturbed)) == 5
            assert all(word in text for text in (question.answer, *question.paraphrases) for word in question.keywords)
            for wrong, form in zip(question.perturbed, question.paraphrases * 2, strict=False):
                said = wrong.replace(known.cast[key].profile.name, "")
                assert not re.search(rf"(?<!\w){re.escape(question.value)}(?!\w)", said)
                head, _, tail = form.partition(question.value)
                assert wrong.startswith(re.split(r"\ban? $", head)[0])
                assert wrong.endswith(tail)


def test_wrong_relatives_are_of_the_same_sex_and_wrong_addresses_in_the_same_form(known):
    person = next(iter(known.cast.values()))
    genders = {other.profile.name: other.profile.details["gender"] for other in known.cast.values()}
    rng = stream("wrong")
    for relation in RELATIONS:
        truth = person.profile.fields[relation]
        wrong = remem.wrong_values(rng, person, relation, 5, known)
        assert truth not in wrong
        assert person.profile.name not in wrong
        assert {genders[name] for name in wrong} == {genders[truth]}
    addresses = remem.wrong_values(rng, person, "home_address", 5, known)
    assert len(set(addresses)) == 5
    assert person.profile.fields["home_address"] not in addresses


_SLIPS = {
    "double space": r"  ",
    "doubled stop": r"\.\.|\?\?|\.\?|,,",
    "space before stop": r"\s[.,?!]",
    "a before a vowel": r"\ba [aeio]",
    "an before a consonant": r"\ban [bcdfgjklmnpqrstvwxz]",
    "empty slot": r"[{}]|\(\)",
    "no stop at the end": r"(?<!St)\. [^.?]*[^.?]$",
    "small letter after a stop": r"\. [a-z]",
    "he or she": r"\b(he|she|his|her|their)\b",
    "possessive of the image": r"in the image's",
}


@pytest.mark.parametrize("slip", _SLIPS)
def test_no_slips_of_english(train, test, known, slip):
    names = {person.profile.name for person in known.cast.values()}
    for key, questions in train.items():
        for question in [*questions[::3], *test[key]]:
            if question.attribute == "home_address":
                continue
            for text in (question.question, question.answer, *question.paraphrases, *question.perturbed):
                for name in (name for name in names if name in text):
                    text = text.replace(name, "Maria Silva")
                assert not re.search(_SLIPS[slip], text), text


def test_exposure_finds_the_true_candidate_though_answers_name_the_person_too(train, test):
    benchmark = BENCHMARKS["remem"]
    spaces = benchmark.plan(20, seed=0, options=benchmark.OPTIONS().resolve(20)).candidates
    for questions in [*train.values(), *test.values()]:
        for question in questions[::2]:
            values = spaces[question.attribute]
            answers, truth = candidate_answers(question.answer, values, row_id=question.key, keywords=question.keywords)
            assert values[truth] == question.value
            assert answers[truth] == question.answer


def test_decoys_are_distinct_and_as_many_as_asked():
    for attribute in ("name", *ATTRIBUTES):
        found = remem.decoys(attribute, 40, seed=3)
        assert len(set(found)) == len(found) == 40, attribute
        assert found == remem.decoys(attribute, 40, seed=3)


def test_every_value_of_anybody_is_a_candidate_and_there_are_two_dozen_of_each():
    benchmark = BENCHMARKS["remem"]
    plan = benchmark.plan(20, seed=0, options=benchmark.OPTIONS().resolve(20))
    held = defaultdict(set)
    for place in plan.shared.members.values():
        for attribute, value in {"name": place.person.profile.name, **place.person.profile.fields}.items():
            held[attribute].add(value)
    assert set(plan.candidates) == set(held) == {"name", *ATTRIBUTES}
    for attribute, values in held.items():
        assert values <= set(plan.candidates[attribute])
        assert len(set(plan.candidates[attribute])) == len(plan.candidates[attribute]) >= 24
