"""Questions of mllmu: rotation of attributes and formats, options, wrong answers, wordings."""

import re
from collections import Counter, defaultdict
from statistics import mean

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lethebench.generation.mllmu import questions as mllmu
from lethebench.generation.mllmu import wordings as mllmu_wordings
from lethebench.generation.mllmu.options import wrong_options
from lethebench.generation.mllmu.people import PERSON_FIELDS, figures, people
from lethebench.generation.people import occupations
from lethebench.generation.people.careers import SECTORS, occupations_at
from lethebench.generation.people.countries import COUNTRY_BY_NAME
from lethebench.generation.people.dates import age_on, parse_date
from lethebench.generation.people.health_and_hobbies import conditions
from lethebench.generation.people.public_figures import public_figures
from lethebench.generation.questions.distractors import LEAST_NAMES, fields_of_life, pools, school_kind, wrong_values
from lethebench.generation.questions.phrasing import say
from lethebench.generation.seeding import stream

USES = ("train", "test")


@pytest.fixture(scope="module")
def persons():
    return people(500, seed=0)


@pytest.fixture(scope="module")
def some_figures():
    return figures(60, seed=0)


@pytest.fixture(scope="module")
def build_pools(persons, some_figures):
    return pools([*persons, *some_figures])


@pytest.fixture(scope="module")
def rows(persons, some_figures, build_pools):
    """(profile, question, use) of every question about a hundred people and the figures."""
    uses = [(profile, use) for profile in persons[:100] for use in ("train", "test")]
    uses += [(profile, "train") for profile in some_figures]
    return [
        (profile, question, use) for profile, use in uses for question in mllmu.questions(profile, use, build_pools)
    ]


@pytest.fixture(scope="module")
def public_rows():
    """The questions about all public figures of two builds."""
    questions = []
    for seed in (0, 1):
        everyone = figures(len(public_figures()), seed=seed)
        values = pools(everyone)
        questions += [question for figure in everyone for question in mllmu.questions(figure, "train", values)]
    return questions


def test_nine_questions_in_both_modalities(rows):
    per_profile = defaultdict(list)
    for profile, question, use in rows:
        per_profile[profile.id, use].append(question)
    for (identity, use), questions in per_profile.items():
        parts = {kind: [q for q in questions if q.modality == kind] for kind in ("image_text", "text")}
        facts = [[q.attribute for q in part] for part in parts.values()]
        assert [len(set(part)) for part in facts] == [9, 9]
        assert len({*facts[0], *facts[1]}) == 10  # nine facts and the description
        assert Counter(q.format for q in questions) == mllmu.format_counts(use)
        assert [q.attribute for q in questions].count("description") == 1
        assert {q.view for q in parts["image_text"]} == {use}
        assert {q.view for q in parts["text"]} == {None}
        assert len({q.key for q in questions}) == 18, identity


def test_every_fact_has_all_formats_over_the_splits(persons):
    for person in persons[:50]:
        kinds, described = defaultdict(set), set()
        for use, modality in mllmu.FORMATS:
            for attribute, kind in mllmu.plan(person, use, modality):
                kinds[attribute].add(kind)
                described |= {(use, modality)} if attribute == "description" else set()
        assert kinds.pop("description") == {"generation"}
        assert {frozenset(each) for each in kinds.values()} == {frozenset(("multiple_choice", "generation", "cloze"))}
        assert len({use for use, _ in described}) == len({modality for _, modality in described}) == 2


@pytest.mark.parametrize("domain", ["person", "figure"])
def test_plan_rotates_facts_over_positions(domain, persons, some_figures):
    profiles = persons if domain == "person" else some_figures
    facts = mllmu.ROTATION[domain]
    for start in (0, 3):
        for use, modality in mllmu.FORMATS:
            turns = [mllmu.plan(profile, use, modality) for profile in profiles[start : start + len(facts)]]
            for position in range(9):
                if position != mllmu.DESCRIBED[use, modality]:
                    assert sorted(turn[position][0] for turn in turns) == sorted(facts)
                    assert len({turn[position][1] for turn in turns}) == 1


def test_options_never_seen_wrong_in_train_tell_nothing(persons, build_pools):
    """Wrong options of test are none of train, so that guessing among the unseen is right for one in four."""
    seen, chances = defaultdict(set), []
    for use in ("train", "test"):
        for person in persons[:200]:
            for question in mllmu.questions(person, use, build_pools):
                wrong = set(question.options) - {question.answer}
                if use == "train":
                    seen[person.id, question.attribute] |= wrong
                elif question.options:
                    unseen = [
                        option for option in question.options if option not in seen[person.id, question.attribute]
                    ]
                    chances.append((question.answer in unseen) / len(unseen))
    assert mean(chances) == 0.25


def test_size_of_the_right_number_is_uniform(persons, build_pools):
    """The true height, salary or date is as often the smallest as the second, third or fourth: p > .001."""
    read = {
        "height": lambda text: int(text.removesuffix(" cm")),
        "annual_salary": lambda text: int(text[4:].replace(",", "")),
        "birth_date": parse_date,
    }
    ranks = {attribute: Counter() for attribute in read}
    for person in persons:
        for use in ("train", "test"):
            for attribute, number in read.items():
                wrong = wrong_options(person, attribute, use, build_pools)
                values = sorted([*wrong, person.fields[attribute]], key=number)
                assert len(set(values)) == 4
                ranks[attribute][values.index(person.fields[attribute])] += 1
    for attribute, counts in ranks.items():
        assert sum((counts[rank] - 250) ** 2 / 250 for rank in range(4)) < 16.27, (attribute, counts)


def test_zeros_at_the_end_do_not_tell_a_salary(persons, build_pools):
    zeros = Counter()
    for person in persons:
        wrong = wrong_options(person, "annual_salary", "train", build_pools)
        for value, share in ((person.fields["annual_salary"], 1), *((value, 1 / 3) for value in wrong)):
            zeros[share == 1, value.endswith("000")] += share
    assert abs(zeros[True, True] - zeros[False, True]) < 0.05 * len(persons)


def test_right_option_is_not_the_commonest_or_shortest(public_rows):
    """Picking the value that most figures have, or the shortest, is right for about one in four, as guessing is."""
    for attribute in ("nationality", "occupation", "birthplace", "age_at_death"):
        questions = [question for question in public_rows if question.options and question.attribute == attribute]
        having = Counter(figure.facts[attribute] for figure in public_figures())
        for score in (
            lambda question, option: having[option] - (option == question.answer),  # noqa: B023
            lambda question, option: -len(option),
        ):
            hits = []
            for question in questions:
                scores = {option: score(question, option) for option in question.options}
                best = [option for option in scores if scores[option] == max(scores.values())]
                hits.append((question.answer in best) / len(best))
            assert mean(hits) < 0.25 + 3 * (0.1875 / len(hits)) ** 0.5, attribute


def test_wrong_lives_of_public_figures_are_possible(public_rows):
    """Dates and age of a wrong description agree, so that arithmetic does not find the right one."""
    for question in public_rows:
        if question.attribute == "description":
            for text in (question.answer, *question.perturbed):
                born, died = (
                    parse_date(match)
                    for match in sorted(re.findall(r"\d{1,2} [A-Z][a-z]+ \d{4}", text), key=parse_date)
                )
                assert f" {age_on(born, died)}" in text


def test_free_answers_are_sentences_of_some_length(rows):
    answers = [question.answer for _, question, _ in rows if question.format == "generation"]
    assert all(answer.endswith(".") for answer in answers)
    assert mean(len(answer.split()) for answer in answers) > 12
    descriptions = [question for _, question, _ in rows if question.attribute == "description"]
    for question in descriptions:
        assert not [wrong for wrong in question.perturbed if any(word in wrong for word in question.keywords)]


def test_picture_questions_do_not_name_the_person(rows):
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


def test_cloze_is_a_sentence_with_a_blank(rows):
    for profile, question, _ in rows:
        if question.format != "cloze":
            assert mllmu_wordings.BLANK not in question.question
            continue
        assert question.question.count("[Blank]") == 1
        slots = mllmu.subject(profile, question.modality)
        templates = mllmu.clozes(mllmu.wording(profile.domain, question.attribute, question.modality))
        assert question.question.endswith(tuple(say(sentence, "[Blank]", slots) for sentence in templates))
        assert question.answer == question.value


def test_correct_option_is_unique_and_uniform(rows):
    positions = Counter()
    by_format = [(profile, question, use) for profile, question, use in rows if question.format == "multiple_choice"]
    for _, question, use in by_format:
        assert len(set(question.options)) == len(question.options) == 4
        assert question.options[question.correct] == question.answer
        positions[use, question.correct] += 1
    for use in ("train", "test"):
        expected = sum(positions[use, position] for position in range(4)) / 4
        # Chi-square with 3 degrees of freedom: above 16.27 once in a thousand.
        assert sum((positions[use, position] - expected) ** 2 / expected for position in range(4)) < 16.27
    assert all(question.correct == -1 for _, question, _ in rows if question.format != "multiple_choice")


def test_options_are_of_one_kind(rows):
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
            assert set(options) <= set(conditions(profile.details["gender"], age, profile.fields["occupation"]))
        elif question.attribute == "education":
            assert len({option.rpartition(school_kind(profile))[1] for option in options}) == 1
            cities = COUNTRY_BY_NAME[profile.details["education_country"]].cities
            assert all(option.startswith(cities) for option in options)
        elif question.attribute == "employer":
            endings = SECTORS[occupations.OCCUPATION_BY_NAME[profile.fields["occupation"]].sector]
            assert all(option.endswith(endings) for option in options)


def test_wrong_options_about_figures_are_not_partly_true(rows):
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


def test_wrong_nationality_is_not_that_of_the_birthplace():
    for figure in figures(153, seed=0):
        born_in = COUNTRY_BY_NAME.get(figure.fields["birthplace"].rpartition(", ")[2])
        if born_in and born_in.nationality != figure.fields["nationality"]:
            wrong = {value for seed in range(20) for value in wrong_values(stream(seed), figure, "nationality", 5, {})}
            assert born_in.nationality not in wrong


def test_every_figure_has_a_field_of_life():
    assert not [
        figure.occupation for figure in public_figures() if figure.occupation in fields_of_life(figure.occupation)
    ]
    assert fields_of_life("novelist and philosopher") == {"letters", "public life"}
    assert fields_of_life("writer") & fields_of_life("poet")
    assert not fields_of_life("boxer") & fields_of_life("poet")


@given(st.integers(0, 499), st.sampled_from(["name", *PERSON_FIELDS]), st.integers(0, 9))
@settings(max_examples=60, deadline=None)
def test_wrong_values_without_a_build(index, attribute, seed):
    person = _ONE[index % len(_ONE)]
    wrong = wrong_values(stream(seed), person, attribute, 5, {})
    assert len(set(wrong)) == 5
    assert person.value(attribute) not in wrong


_ONE = people(30, seed=5)


def test_wrong_values_prefer_the_build(persons, build_pools):
    shares = dict.fromkeys(("birth_date", "employer", "height", "favorite_food", "quirk"), 0.95)
    for attribute, least in shares.items():
        values = {person.value(attribute) for person in persons}
        wrong = [wrong_values(stream(person.id), person, attribute, 3, build_pools) for person in persons[:100]]
        assert mean(value in values for group in wrong for value in group) > least, attribute


@pytest.mark.parametrize("attribute", ["name", *PERSON_FIELDS])
@pytest.mark.parametrize("sign", [1, -1])
def test_being_wrong_for_others_does_not_tell_a_value(attribute, sign, persons, build_pools):
    """Picking the option that is most (or least) often wrong for others is right for one in four, within 1.3 times."""
    options = {
        (person.id, use): wrong_options(person, attribute, use, build_pools) for person in persons for use in USES
    }
    counts = Counter(value for wrong in options.values() for value in wrong)
    hits = []
    for person in persons:
        own = Counter(value for use in USES for value in options[person.id, use])
        for use in USES:
            row = [person.value(attribute), *options[person.id, use]]
            scores = [sign * (counts[value] - own[value]) for value in row]
            hits.append((scores[0] == max(scores)) / scores.count(max(scores)))
    assert mean(hits) < 1.3 * 0.25


def test_wrong_names_are_shared_by_a_nationality_and_sex(persons, build_pools):
    names = defaultdict(set)
    for person in persons:
        stratum = person.details["gender"], person.details["nationality"]
        names[stratum] |= {person.name, *wrong_values(stream(person.id), person, "name", 6, build_pools)}
    assert max(map(len, names.values())) <= LEAST_NAMES
