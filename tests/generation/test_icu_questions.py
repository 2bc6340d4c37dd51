"""Questions of icu: wordings, answers, wrong answers and decoys."""

import math
import re
from collections import Counter, defaultdict

import pytest

from lethebench.generation.icu import distractors
from lethebench.generation.icu import profiles as icu_profiles
from lethebench.generation.icu import questions as icu
from lethebench.generation.questions import phrasing
from lethebench.generation.questions.records import View
from lethebench.generation.seeding import stream

DOMAINS = tuple(icu_profiles.DOMAINS)


@pytest.fixture(scope="module")
def people():
    return {domain: icu_profiles.profiles(domain, 200, seed=0) for domain in DOMAINS}


@pytest.fixture(scope="module")
def rows(people):
    """(profile, question, use) of profiles of both domains."""
    values = distractors.pools([profile for members in people.values() for profile in members])
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
    """All of them do where the build has enough values of the form, as many as it has where it has fewer."""
    values = distractors.pools([profile for members in people.values() for profile in members])
    for profiles in people.values():
        for profile in profiles[:10]:
            for attribute in ("name", *profile.fields):
                pool = set(values[attribute][distractors.value_form(profile, attribute)]) - {profile.value(attribute)}
                if attribute in ("diagnosis", "position"):  # others are too young or old for some
                    continue
                wrong = distractors.wrong_values(stream(profile.seed), profile, attribute, values)
                assert len(pool & set(wrong)) == min(5, len(pool))


@pytest.mark.parametrize("values", [{}, "tiny"])
def test_small_builds_have_enough_wrong_answers(values):
    profiles = [profile for domain in DOMAINS for profile in icu_profiles.profiles(domain, 3, seed=6)]
    values = distractors.pools(profiles) if values else values
    for profile in profiles:
        for question in icu.train_questions(profile, values) + icu.test_questions(profile, values):
            assert len(set(question.perturbed) - {question.answer}) == 5, question.key


def test_wrong_values_skip_repeated_truths():
    profile = next(p for p in icu_profiles.profiles("medical", 400, seed=0) if p.fields["diagnosis"] == "gout")
    wrong = distractors.wrong_values(stream(0), profile, "diagnosis", {"diagnosis": {"": ["gout"] * 300 + ["asthma"]}})
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


def grams(attribute, value):
    """Return what a value consists of: words, codes of letters, runs of digits by length; the size of an amount."""
    found = set(re.findall(r"[^\W\d]+", value)) | {re.sub(r"\d", "0", word) for word in value.split()}
    if attribute == "monthly_salary":
        found.add(f"{2 * math.log2(int(value[4:].replace(',', ''))):.0f}")
    return found


def picked_by_nationality(domain, wrong_values):
    """Return attribute -> how often naive Bayes, of the words of values in another universe, picks the right of 6."""
    others = icu_profiles.profiles(domain, 1500, seed=4)
    members = icu_profiles.profiles(domain, 500, seed=3)
    shares = {}
    for attribute in ("name", *icu_profiles.DOMAINS[domain]):
        overall, local = Counter(), defaultdict(Counter)
        for profile in others:
            words = grams(attribute, profile.value(attribute))
            overall.update(words)
            local[profile.details["nationality"]].update(words)

        def score(profile, attribute, value, local=local, overall=overall):
            here, words = local[profile.details["nationality"]], grams(attribute, value)
            return sum(math.log((here[word] + 0.1) / (overall[word] + 3.0)) for word in words) / len(words)

        right = 0.0
        for profile in members:
            truth, *wrong = (
                score(profile, attribute, value)
                for value in (profile.value(attribute), *wrong_values(profile, attribute))
            )
            right += (truth >= max(wrong)) / (1 + wrong.count(truth))
        shares[attribute] = right / len(members)
    return shares


@pytest.mark.parametrize("domain", DOMAINS)
def test_nationality_does_not_tell_the_right_answer(domain):
    everyone = [profile for name in DOMAINS for profile in icu_profiles.profiles(name, 500, seed=3)]
    values = distractors.pools(everyone)
    shares = picked_by_nationality(
        domain, lambda profile, attribute: distractors.wrong_values(stream(profile.seed), profile, attribute, values)
    )
    assert all(share <= 1.3 / 6 + 0.035 for share in shares.values()), shares  # two standard errors of 500 picks
