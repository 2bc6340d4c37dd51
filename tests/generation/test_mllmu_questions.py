"""Questions of mllmu: turns of attributes and formats, choices, wrong answers, English."""

import re
from collections import Counter, defaultdict
from statistics import mean

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lethebench.evaluation.answers.prepare import candidate_answers
from lethebench.generation.mllmu import questions as mllmu
from lethebench.generation.mllmu import wordings as mllmu_wordings
from lethebench.generation.mllmu.people import PERSON_FIELDS, figures, people
from lethebench.generation.people import health_and_hobbies as lives
from lethebench.generation.people import occupations
from lethebench.generation.people.careers import SECTORS, occupations_at
from lethebench.generation.people.countries import COUNTRY_BY_NAME
from lethebench.generation.people.public_figures import FIGURE_FIELDS, public_figures
from lethebench.generation.questions.distractors import fields_of_life, pools, school_kind, wrong_values
from lethebench.generation.questions.phrasing import carried
from lethebench.generation.seeding import stream

PAPER = 500


@pytest.fixture(scope="module")
def persons():
    return people(PAPER, seed=0)


@pytest.fixture(scope="module")
def known_figures():
    return figures(153, seed=0)


@pytest.fixture(scope="module")
def known(persons, known_figures):
    return pools([*persons, *known_figures])


@pytest.fixture(scope="module")
def rows(persons, known_figures, known):
    """(profile, question, use) of everything that a build of paper size asks."""
    asked = [(profile, use) for profile in persons for use in ("train", "test")]
    asked += [(profile, "train") for profile in known_figures]
    return [(profile, question, use) for profile, use in asked for question in mllmu.questions(profile, use, known)]


# Turns


def test_eighteen_questions_in_the_papers_formats_about_the_same_nine_facts_in_both_modalities(rows):
    per_profile = defaultdict(list)
    for profile, question, use in rows:
        per_profile[profile.id, use].append(question)
    for (identity, use), questions in per_profile.items():
        parts = {kind: [q for q in questions if q.modality == kind] for kind in ("image_text", "text")}
        facts = [[(q.attribute, q.format) for q in part] for part in parts.values()]
        assert facts[0] == facts[1]
        assert len({attribute for attribute, _ in facts[0]}) == len(facts[0]) == 9
        assert Counter(kind for _, kind in facts[0]) == {"multiple_choice": 5, "generation": 2, "cloze": 2}
        assert {q.view for q in parts["image_text"]} == {use}
        assert {q.view for q in parts["text"]} == {None}
        assert len({q.key for q in questions}) == 18, identity


def test_the_counts_of_the_paper(rows):
    assert len(rows) == 20_754
    assert Counter(question.modality for _, question, _ in rows) == {"image_text": 10_377, "text": 10_377}
    formats = Counter(question.format for _, question, _ in rows)
    assert formats == {"multiple_choice": 11_530, "generation": 4_612, "cloze": 4_612}
    uses = Counter((profile.domain, use) for profile, _, use in rows)
    assert uses == {("person", "train"): 9_000, ("person", "test"): 9_000, ("figure", "train"): 2_754}


def test_test_asks_for_the_facts_of_train_in_the_same_formats(persons, known):
    for person in persons[:50]:
        train, test = (mllmu.questions(person, use, known) for use in ("train", "test"))
        assert [(q.attribute, q.format, q.value) for q in train] == [(q.attribute, q.format, q.value) for q in test]
        assert [f"test/{q.key}" for q in train] == [q.key for q in test]


@pytest.mark.parametrize("domain", ["person", "figure"])
def test_over_one_round_every_attribute_has_every_place_once(domain, persons, known_figures):
    profiles = persons if domain == "person" else known_figures
    attributes = mllmu.DOMAIN_ATTRIBUTES[domain]
    for start in (0, 3):
        turns = [mllmu.plan(profile) for profile in profiles[start : start + len(attributes)]]
        for place, kind in enumerate(mllmu.FORMATS):
            assert sorted(turn[place][0] for turn in turns) == sorted(attributes)
            assert {turn[place][1] for turn in turns} == {kind}
    if domain == "figure":
        assert all({attribute for attribute, _ in mllmu.plan(profile)} == set(attributes) for profile in profiles)


# Questions and answers


def test_pictures_never_come_with_the_name_and_text_questions_name_the_person(rows):
    for profile, question, _ in rows:
        assert question.value not in question.question
        if question.modality == "image_text":
            assert re.search("this person|the picture", question.question, re.IGNORECASE)
            assert not set(profile.name.split()) & set(re.findall(r"[\w'-]+", question.question))
        elif question.attribute == "name":
            assert profile.fields["birth_date"] in question.question
            assert profile.fields["birthplace"] in question.question
        else:
            assert profile.name in question.question


def test_answers_state_the_value_and_wrong_ones_do_not(rows):
    for profile, question, _ in rows:
        truth = profile.value(question.attribute)
        assert question.value == truth
        assert truth in question.answer
        assert question.keywords
        assert all(keyword in question.answer for keyword in question.keywords)
        if question.format == "multiple_choice":
            assert question.answer == truth
            assert question.paraphrases == question.perturbed == ()
            continue
        assert len({question.answer, *question.paraphrases}) == 4
        assert all(truth in text for text in question.paraphrases)
        assert len(set(question.perturbed)) == 5
        for wrong in question.perturbed:
            assert not re.search(rf"(?<!\w){re.escape(truth)}(?!\w)", wrong.replace(profile.name, "")), (truth, wrong)


def test_a_cloze_is_its_first_paraphrase_with_a_blank(rows):
    for _, question, _ in rows:
        if question.format != "cloze":
            assert mllmu_wordings.BLANK not in question.question
            continue
        assert question.question.count("[Blank]") == 1
        assert question.question.endswith(question.paraphrases[0].replace(question.value, "[Blank]"))
        assert question.answer == question.value


def test_a_direct_question_is_answered_with_the_value_and_a_request_with_a_sentence(rows):
    forms = Counter()
    for _, question, use in rows:
        if question.format != "generation":
            continue
        direct = bool(re.match(r"(What|Which|Who|When|Where|How|In what|In which|On|At|To|Of)\b", question.question))
        forms[use, direct] += 1
        assert (question.answer == question.value) == direct, question
        assert question.question.endswith("?" if direct or question.question.startswith("Could") else ".")
    for use in ("train", "test"):
        assert 0.45 < forms[use, True] / (forms[use, True] + forms[use, False]) < 0.55


def test_choices_hold_the_answer_once_and_its_place_is_uniform(rows):
    places = Counter()
    by_format = [(profile, question, use) for profile, question, use in rows if question.format == "multiple_choice"]
    for _, question, use in by_format:
        assert len(set(question.options)) == len(question.options) == 4
        assert question.options[question.correct] == question.answer
        places[use, question.correct] += 1
    for use in ("train", "test"):
        expected = sum(places[use, place] for place in range(4)) / 4
        # Chi-square with 3 degrees of freedom: above 16.27 once in a thousand.
        assert sum((places[use, place] - expected) ** 2 / expected for place in range(4)) < 16.27
    assert all(question.correct == -1 for _, question, _ in rows if question.format != "multiple_choice")


def test_choices_are_of_one_kind_so_that_none_gives_itself_away(rows):
    for profile, question, _ in rows:
        if question.format != "multiple_choice" or profile.domain == "figure":
            continue
        options, age = question.options, int(profile.details["age"])
        if question.attribute in ("birthplace", "residence"):
            assert len({option.rpartition(", ")[2] for option in options}) == 1
        elif question.attribute == "annual_salary":
            assert len({option[:3] for option in options}) == 1
            amounts = [int(option[4:].replace(",", "")) for option in options]
            assert max(amounts) / min(amounts) < 7
        elif question.attribute == "birth_date":
            years = [int(option[-4:]) for option in options]
            assert max(years) - min(years) <= 8
        elif question.attribute == "height":
            assert all(abs(int(option[:-3]) - int(question.value[:-3])) <= 15 for option in options)
        elif question.attribute == "occupation":
            assert set(options) <= {job.name for job in occupations_at(age)}
        elif question.attribute == "medical_condition":
            assert set(options) <= set(lives.conditions(profile.details["gender"], age, profile.fields["occupation"]))
        elif question.attribute == "education":
            assert len({option.rpartition(school_kind(profile))[1] for option in options}) == 1
            cities = COUNTRY_BY_NAME[profile.details["education_country"]].cities
            assert all(option.startswith(cities) for option in options)
        elif question.attribute == "employer":
            endings = SECTORS[occupations.OCCUPATION_BY_NAME[profile.fields["occupation"]].sector]
            assert all(option.endswith(endings) for option in options)


def test_wrong_answers_about_figures_are_never_half_true(rows):
    for profile, question, _ in rows:
        if profile.domain != "figure" or question.format != "multiple_choice":
            continue
        wrong = [option for option in question.options if option != question.value]
        if question.attribute == "occupation":
            assert not any(fields_of_life(question.value) & fields_of_life(option) for option in wrong)
        if question.attribute == "nationality":
            assert not any(set(question.value.split()) - {"and"} & set(option.split()) - {"and"} for option in wrong)
        if question.attribute == "name":
            genders = {figure.name: figure.gender for figure in public_figures()}
            assert len({genders[option] for option in question.options}) == 1


def test_every_occupation_of_a_figure_has_a_calling():
    assert not [
        figure.occupation for figure in public_figures() if figure.occupation in fields_of_life(figure.occupation)
    ]
    assert fields_of_life("novelist and philosopher") == {"letters", "public life"}
    assert fields_of_life("writer") & fields_of_life("poet")
    assert not fields_of_life("boxer") & fields_of_life("poet")


@given(st.integers(0, 499), st.sampled_from(["name", *PERSON_FIELDS]), st.integers(0, 9))
@settings(max_examples=60, deadline=None)
def test_wrong_values_do_without_a_build_too(index, attribute, seed):
    """With nothing to take from, all wrong values are made up; still distinct and never true."""
    person = _ONE[index % len(_ONE)]
    found = wrong_values(stream(seed), person, attribute, 5, {})
    assert len(set(found)) == 5
    assert person.value(attribute) not in found


_ONE = people(30, seed=5)


def test_wrong_values_come_from_the_build_where_it_has_enough(persons, known):
    shares = {"name": 0.75} | dict.fromkeys(("birth_date", "employer", "height", "favorite_food", "quirk"), 0.95)
    for attribute, least in shares.items():
        values = {person.value(attribute) for person in persons}
        taken = [
            value for person in persons[:100] for value in wrong_values(stream(person.id), person, attribute, 3, known)
        ]
        assert mean(value in values for value in taken) > least, attribute


# Wordings


def _templates(domain, attribute, modality, use):
    templates = mllmu.wording(domain, attribute, modality)
    direct = templates.direct(use)
    blanks = [
        carrier.format(sentence) for carrier in mllmu_wordings.CLOZES[use] for sentence in mllmu.clozes(templates)
    ]
    return [*direct, *(asked for asked, _ in carried(templates, use)), *blanks]


@pytest.mark.parametrize("domain", ["person", "figure"])
def test_several_wordings_and_none_in_both_train_and_test(domain):
    every = defaultdict(set)
    for attribute in mllmu.DOMAIN_ATTRIBUTES[domain]:
        for modality in ("image_text", "text"):
            templates = mllmu.wording(domain, attribute, modality)
            assert len({sentence for _, sentence in templates.requests}) == 4
            assert mllmu.clozes(templates)
            for use in ("train", "test"):
                found = _templates(domain, attribute, modality, use)
                assert len(set(found)) == len(found) >= (12 if use == "train" else 10)
                every[use] |= {template.casefold() for template in found}
    assert not every["train"] & every["test"]


def test_no_question_of_test_is_one_of_train(rows):
    asked = defaultdict(set)
    for profile, question, use in rows:
        asked[use].add((profile.id, question.modality, question.question))
    assert not asked["train"] & asked["test"]
    assert len(asked["test"]) == 9_000


_SLIPS = {
    "double space": r"  ",
    "doubled stop": r"\.\.|\?\?|\.\?|,,",
    "space before stop": r"\s[.,?!]",
    "a before a vowel": r"\ba [aeio]",
    "an before a consonant": r"\ban [bcdfgjklmnpqrstvwxz]",
    "empty slot": r"[{}]|\(\)",
    "lower case at the start": r"^[a-z].*[.?]$",
    "he or she": r"\b(he|she|his|her|their)\b",
    "possessive of the picture": r"in the picture's",
}


@pytest.mark.parametrize("slip", _SLIPS)
def test_no_slips_of_english(rows, slip):
    for profile, question, _ in rows:
        for text in (question.question, question.answer, *question.paraphrases, *question.perturbed):
            text = text.replace(profile.name, "Maria Silva").replace(profile.fields.get("notable_work", "@"), "it")
            if question.attribute in ("name", "notable_work"):
                continue
            assert not re.search(_SLIPS[slip], text), text


# Candidates


def test_decoys_are_distinct_seeded_and_as_many_as_asked_or_there_are():
    for attribute in dict.fromkeys(("name", *PERSON_FIELDS, *FIGURE_FIELDS)):
        found = mllmu.decoys(attribute, 60, seed=0)
        assert len(set(found)) == len(found)
        assert found == mllmu.decoys(attribute, 60, seed=0)
        space = len(mllmu.LISTED.get(attribute, range(60)))
        least = len({figure.value(attribute) for figure in figures(153, seed=0)}) if attribute in FIGURE_FIELDS else 60
        assert len(found) == min(60, space if attribute in PERSON_FIELDS else least), attribute
    with pytest.raises(ValueError, match="shoe_size"):
        mllmu.decoys("shoe_size", 5, seed=0)


def test_exposure_finds_the_true_candidate_in_every_answer(rows, persons, known_figures):
    """A name may hold a pet's, a title a town's: the candidate that scoring takes for the truth must be the truth."""
    spaces = defaultdict(dict)
    for profile in [*persons, *known_figures]:
        for attribute in mllmu.DOMAIN_ATTRIBUTES[profile.domain]:
            spaces[attribute][profile.value(attribute)] = None
    spaces = {attribute: list(values) for attribute, values in spaces.items()}
    for _, question, _ in rows[::7]:
        values = spaces[question.attribute]
        _, truth = candidate_answers(question.answer, values, row_id=question.key)
        assert values[truth] == question.value
