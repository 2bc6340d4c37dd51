"""Questions of mlu: counts of the release, pictures, wordings, wrong answers."""

import math
import random
import re
from collections import Counter, defaultdict

import pytest

from lethebench.generation.evidence.texts import KINDS, shared_words
from lethebench.generation.mlu import questions as mlu
from lethebench.generation.mlu.facts import carries, release
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


# -- audits of the texts, in figures


def words(text):
    return re.findall(r"\w+", text.lower())


@pytest.fixture(scope="module")
def train_rows(train):
    return [question for questions in train.values() for question in questions]


@pytest.fixture(scope="module")
def long_rows(train_rows):
    return [question for question in train_rows if question.question.endswith(mlu.LONG["train"])]


def test_half_of_the_answers_are_long(train_rows, long_rows):
    assert 0.5 <= len(long_rows) / len(train_rows) <= 0.55
    for question in long_rows:
        for text in (question.answer, *question.paraphrases, *question.perturbed):
            assert 2 <= len(re.findall(r"\w[.?!](?= [A-Z\"]|$)", text)) <= 5, text


def test_long_answers_reach_the_length_and_vocabulary_of_the_release(long_rows):
    """The released MLUBench has 31.5 words an answer and 3,453 words in 2,000 answers; 70 % of both are asked for."""
    answers = [question.answer for question in random.Random(0).sample(long_rows, 2000)]
    assert sum(len(words(answer)) for answer in answers) / len(answers) >= 22
    assert len({word for answer in answers for word in words(answer)}) >= 2417


def test_sentences_repeat_one_another_little(train_rows):
    """Self-BLEU-3 of distinct answers in sentences is at most 0.80."""
    sentences = sorted({question.answer for question in train_rows if question.answer.endswith(".")})
    assert self_bleu(random.Random(0).sample(sentences, 300)) <= 0.80


def self_bleu(texts):
    grams = [{n: Counter(zip(*(words(text)[i:] for i in range(n)), strict=False)) for n in (1, 2, 3)} for text in texts]
    most = {n: defaultdict(lambda: [(0, -1), (0, -1)]) for n in (1, 2, 3)}  # the two highest counts, and whose
    for index, counters in enumerate(grams):
        for n, counter in counters.items():
            for gram, count in counter.items():
                most[n][gram] = sorted([*most[n][gram], (count, index)], reverse=True)[:2]
    scores = []
    for index, counters in enumerate(grams):
        logs = 0.0
        for n, counter in counters.items():
            elsewhere = {gram: next(count for count, owner in most[n][gram] if owner != index) for gram in counter}
            matches = sum(min(count, elsewhere[gram]) for gram, count in counter.items())
            logs += math.log(matches / counter.total()) if matches else -math.inf
        scores.append(math.exp(logs / 3))
    return sum(scores) / len(scores)


def test_no_wrong_answer_or_question_carries_a_keyword(train, test):
    for question in (question for part in (train, test) for questions in part.values() for question in questions):
        assert not any(carries(text, question.keywords) for text in (question.question, *question.perturbed)), question
        assert all(carries(question.answer, [keyword]) for keyword in question.keywords)
        folded = [keyword.casefold() for keyword in question.keywords]
        assert len(set(folded)) == len(folded)


def test_long_wrong_answers_are_those_of_other_entities(everyone, train):
    """Only classes with fewer than six fitting entities lend their sentences to other wrong values."""
    for profile in everyone:
        one = release().classes[profile.domain]
        for question in train[profile.id]:
            if question.question.endswith(mlu.LONG["train"]):
                name = question.attribute.removeprefix(mlu.attribute(profile.domain, ""))
                whole, _ = one.wrong_stories(mlu.key_of(profile), name)
                complete = [
                    wrong
                    for wrong in question.perturbed
                    if any(value.casefold() in wrong.casefold() and wrong.endswith(more) for value, more in whole)
                ]
                assert len(complete) == min(5, len(whole)), question


def test_held_out_entities_are_not_in_the_release():
    held_out = [mlu.profile(one.name, key, seed=0) for one in release().classes.values() for key in one.held_out]
    names = {entity.name for one in release().classes.values() for entity in one.entities.values()}
    assert len(held_out) == len({profile.id for profile in held_out}) == 17
    assert not names & {profile.name for profile in held_out}
    fewer = {"Gladiator": 15, "Freddie Mercury": 15, "Nelson Mandela": 15, "The Sopranos": 20}
    for profile in held_out:
        assert len(mlu.train_questions(profile, 12, 6, evidence=True)) == 6 * fewer.get(profile.name, 25)
