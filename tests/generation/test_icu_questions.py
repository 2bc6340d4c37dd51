"""Questions of icu: wordings, answers, wrong answers and decoys."""

import re
from collections import Counter, defaultdict

import pytest

from lethebench.generation.icu import distractors
from lethebench.generation.icu import profiles as icu_profiles
from lethebench.generation.icu import questions as icu
from lethebench.generation.icu.wordings import DOCUMENT_WORDINGS, FIELD_WORDINGS
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


def test_answers_state_the_value(rows):
    for profile, question, _ in rows:
        truth = profile.name if question.attribute == "name" else profile.fields[question.attribute]
        assert question.value == truth
        assert truth in question.answer
        assert len(set(question.paraphrases)) >= 3
        assert all(truth in paraphrase and paraphrase != question.answer for paraphrase in question.paraphrases)
        assert question.keywords
        assert all(keyword in truth for keyword in question.keywords)


def test_direct_questions_get_values_and_requests_sentences(rows):
    forms = Counter()
    for _, question, use in rows:
        request = not re.match(
            r"(What|Which|Who|Whose|When|Where|How|In what|On what|On which|At which|Under which)\b", question.question
        )
        forms[use, request] += 1
        if request:
            assert question.answer.endswith(".")
            assert question.answer[0].isupper()
            assert len(question.answer) > len(question.value) + 5
        else:
            assert question.answer == question.value
            assert question.question.endswith("?")
    for use in ("train", "test"):
        assert 0.4 < forms[use, True] / (forms[use, True] + forms[use, False]) < 0.6


def test_wrong_answers_take_the_paraphrases_templates(rows):
    for _, question, _ in rows:
        assert len(set(question.perturbed)) == len(question.perturbed) >= 5
        assert question.answer not in question.perturbed
        for index, wrong in enumerate(question.perturbed):
            paraphrase = question.paraphrases[index % len(question.paraphrases)]
            before, after = re.split(re.escape(question.value), paraphrase, maxsplit=1, flags=re.IGNORECASE)
            assert wrong.startswith(before.removesuffix("a ").removesuffix("an "))
            assert wrong.endswith(after)
        if question.attribute == "monthly_salary":
            currency = question.value[:3]
            assert all(f"{currency} " in wrong for wrong in question.perturbed)


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


def _templates(domain, attribute, modality, use):
    templates = icu.wording(domain, attribute, modality)
    direct = templates.direct(use)
    return (*direct, *(request for request, _ in phrasing.carried(templates, use)))


@pytest.mark.parametrize("domain", DOMAINS)
def test_train_and_test_wordings_are_disjoint(domain):
    every = defaultdict(set)
    for attribute in (*icu_profiles.DOMAINS[domain], "name"):
        for modality in ("image_text", "text"):
            for use in ("train", "test"):
                templates = _templates(domain, attribute, modality, use)
                assert len(set(templates)) == len(templates)
                assert len(templates) >= (8 if use == "train" else 4)
                every[use] |= {template.casefold() for template in templates}
    assert not every["train"] & every["test"]


def test_questions_use_many_wordings(rows):
    shapes = defaultdict(set)
    for profile, question, use in rows:
        shapes[question.attribute, question.modality, use].add(question.question.replace(profile.name, "@"))
    for (attribute, modality, use), texts in shapes.items():
        assert len(texts) >= 8, (attribute, modality, use, texts)


def test_wordings_cover_the_attributes():
    assert set(FIELD_WORDINGS) == {
        attribute for attributes in icu_profiles.DOMAINS.values() for attribute in attributes
    }
    assert set(DOCUMENT_WORDINGS) == set(icu_profiles.DOMAINS)


def test_articles_and_possessives():
    assert phrasing.with_article("accountant") == "an accountant"
    assert phrasing.with_article("usability researcher") == "a usability researcher"
    assert phrasing.with_article("help desk agent") == "a help desk agent"
    assert phrasing.possessive("James Ross") == "James Ross's"


def test_decoys_are_distinct_seeded_and_of_the_same_form(people):
    attributes = {attribute: domain for domain, names in icu_profiles.DOMAINS.items() for attribute in names}
    decoys = {attribute: icu_profiles.decoys(attribute, 40, seed=0) for attribute in attributes}
    icu_profiles._decoy_profiles.cache_clear()
    for attribute, values in decoys.items():
        assert len(set(values)) == len(values)
        assert values == icu_profiles.decoys(attribute, 40, seed=0)
        if attribute in icu_profiles.CLOSED:
            assert set(values) == set(icu_profiles.CLOSED[attribute])
            continue
        assert len(values) == min(40, len(icu_profiles.LISTED.get(attribute, range(40))))
        assert values != icu_profiles.decoys(attribute, 40, seed=1)
        profiles = people[attributes[attribute]]
        forms = {distractors.value_form(attribute, profile.fields[attribute]) for profile in profiles}
        assert {distractors.value_form(attribute, value) for value in values} <= forms


def test_decoys_fill_wide_candidate_spaces():
    for attribute in ("employer", "monthly_salary", "start_date"):
        assert len(icu_profiles.decoys(attribute, 512, seed=3)) == 512
    with pytest.raises(ValueError, match="shoe_size"):
        icu_profiles.decoys("shoe_size", 5, seed=0)
