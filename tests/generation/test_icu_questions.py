"""Questions of icu: wordings, answers, wrong answers and decoys."""

import re
from collections import defaultdict

import pytest

from lethebench.generation.icu import distractors
from lethebench.generation.icu import profiles as icu_profiles
from lethebench.generation.icu import questions as icu
from lethebench.generation.questions import phrasing
from lethebench.generation.questions.records import View
from lethebench.generation.seeding import stream

DOMAINS = tuple(icu_profiles.DOMAINS)


def gather(*lists):
    values = defaultdict(list)
    for profile in (profile for one in lists for profile in one):
        values["name"].append(profile.name)
        for attribute, value in profile.fields.items():
            values[attribute].append(value)
    return values


@pytest.fixture(scope="module")
def people():
    return {domain: icu_profiles.profiles(domain, 200, seed=0) for domain in DOMAINS}


@pytest.fixture(scope="module")
def rows(people):
    """(profile, question, use) of profiles of both domains."""
    values = gather(*people.values())
    rows = []
    for profiles in people.values():
        for profile in profiles[:60]:
            rows += [(profile, question, "train") for question in icu.train_questions(profile, values)]
            rows += [(profile, question, "test") for question in icu.test_questions(profile, values)]
    return rows


def test_questions_have_the_planned_keys_and_views(rows):
    per_profile = defaultdict(list)
    for profile, question, use in rows:
        per_profile[profile.id, use].append(question)
    for (identity, use), questions in per_profile.items():
        attributes = icu_profiles.DOMAINS[identity.split("-")[0]]
        prefix, scan = ("", 0) if use == "train" else ("test/", 1)
        expected = {f"{prefix}vqa/{a}": View((a,), scan) for a in attributes}
        expected |= {f"{prefix}text/{a}": None for a in attributes}
        expected[f"{prefix}vqa/name"] = View(("name", *attributes), scan)
        if use == "test":
            expected["test/vqa_full/name"] = View()
        assert {question.key: question.view for question in questions} == expected
        assert len(questions) == len(expected)


def test_questions_do_not_contain_the_answer(rows):
    for profile, question, _ in rows:
        assert question.value not in question.question
        if question.modality == "image_text":
            assert question.view is not None
            assert not set(profile.name.split()) & set(re.findall(r"[\w'-]+", question.question))
        else:
            assert profile.name in question.question


def test_wrong_answers_come_from_the_build(people):
    values = gather(*people.values())
    for profiles in people.values():
        for profile in profiles[:10]:
            for question in icu.train_questions(profile, values):
                if question.attribute in distractors.PATTERNED:
                    continue
                pool = {other.casefold() for other in values[question.attribute]} - {question.value.casefold()}
                for wrong in question.perturbed:
                    assert any(other in wrong.casefold() for other in pool)


@pytest.mark.parametrize("values", [{}, "tiny"])
def test_small_builds_have_enough_wrong_answers(values):
    profiles = [profile for domain in DOMAINS for profile in icu_profiles.profiles(domain, 3, seed=6)]
    values = gather(profiles) if values else values
    for profile in profiles:
        for question in icu.train_questions(profile, values) + icu.test_questions(profile, values):
            assert len(set(question.perturbed) - {question.answer}) == 5, question.key


def test_wrong_values_skip_repeated_truths():
    wrong = distractors.wrong_values(stream(0), "diagnosis", "gout", ["gout"] * 300 + ["asthma"])
    assert len(wrong) == 5
    assert "gout" not in wrong


def test_questions_use_many_wordings(rows):
    shapes = defaultdict(set)
    for profile, question, use in rows:
        shapes[question.attribute, question.modality, use].add(question.question.replace(profile.name, "@"))
    for (attribute, modality, use), texts in shapes.items():
        assert len(texts) >= 8, (attribute, modality, use, texts)


def test_articles_and_possessives():
    assert phrasing.with_article("accountant") == "an accountant"
    assert phrasing.with_article("usability researcher") == "a usability researcher"
    assert phrasing.with_article("help desk agent") == "a help desk agent"
    assert phrasing.possessive("James Ross") == "James Ross's"
