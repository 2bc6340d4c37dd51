"""People and figures of mllmu: consistent facts, and no value that dominates."""

import re
from collections import Counter, defaultdict
from statistics import mean

import pytest

from lethebench.generation.mllmu import questions as mllmu
from lethebench.generation.mllmu.descriptions import FACTS, describe
from lethebench.generation.mllmu.people import OLDEST, PERSON_FIELDS, YOUNGEST, figure_profile, figures, people
from lethebench.generation.people import health_and_hobbies, occupations
from lethebench.generation.people.countries import COUNTRY_BY_NAME
from lethebench.generation.people.dates import TODAY, age_on, format_date, parse_date
from lethebench.generation.people.names import plain
from lethebench.generation.people.public_figures import FIGURE_FIELDS, public_figures
from lethebench.generation.questions.distractors import school_kind

PAPER = 500


@pytest.fixture(scope="module")
def persons():
    return people(PAPER, seed=0)


@pytest.fixture(scope="module")
def every_figure():
    return figures(153, seed=0)


def test_fewer_people_are_a_prefix(persons):
    assert people(20, seed=0) == persons[:20]
    assert people(20, seed=1) != persons[:20]


def test_names_employers_and_births_are_unique(persons):
    famous = {plain(figure.name) for figure in public_figures()}
    assert len({plain(person.name) for person in persons}) == PAPER
    assert not famous & {plain(person.name) for person in persons}
    assert len({person.fields["employer"] for person in persons}) == PAPER
    assert len({(person.fields["birth_date"], person.fields["birthplace"]) for person in persons}) == PAPER


def test_ages_are_adult_and_fit_the_birth_date(persons):
    births = [parse_date(person.fields["birth_date"]) for person in persons]
    ages = [age_on(birth, TODAY) for birth in births]
    assert [str(age) for age in ages] == [person.details["age"] for person in persons]
    assert min(ages) == YOUNGEST
    assert max(ages) == OLDEST
    assert {birth.year // 10 * 10 for birth in births} == {1950, 1960, 1970, 1980, 1990, 2000}


def test_occupation_fits_age_and_graduation(persons):
    for person in persons:
        job = occupations.OCCUPATION_BY_NAME[person.fields["occupation"]]
        born = parse_date(person.fields["birth_date"]).year
        graduated = int(person.details["graduation_year"])
        assert job.youngest <= int(person.details["age"])
        assert person.details["degree"] == job.education
        assert graduated <= TODAY.year - 1
        if job.education.startswith("doctorate"):
            assert graduated - born >= 27
        elif "degree" in job.education:
            assert graduated - born >= 21
        else:
            assert 18 <= graduated - born <= 20
        assert graduated - born <= job.youngest


def test_school_fits_degree_and_country(persons):
    for person in persons:
        kind = school_kind(person)
        homes = {person.fields[where].rpartition(", ")[2] for where in ("birthplace", "residence")}
        assert person.details["education_country"] in homes
        degree = "degree" in person.details["degree"] or "doctorate" in person.details["degree"]
        assert degree != (kind in ("High School", "Secondary School", "Vocational College", "Trade School",
                                   "Technical College")), (kind, person.details["degree"])  # fmt: skip


def test_salary_fits_residence_and_occupation(persons):
    for person in persons:
        home = COUNTRY_BY_NAME[person.fields["residence"].rpartition(", ")[2]]
        currency, amount = person.fields["annual_salary"].split(" ")
        usual = 12 * home.wage * occupations.OCCUPATION_BY_NAME[person.fields["occupation"]].pay
        assert currency == home.currency
        assert 0.88 < int(amount.replace(",", "")) / usual < 1.45


def test_half_of_the_people_live_abroad(persons):
    for person in persons:
        for where in ("birthplace", "residence"):
            city, country = person.fields[where].split(", ")
            assert city in COUNTRY_BY_NAME[country].cities
        assert person.details["nationality"] == COUNTRY_BY_NAME[person.fields["birthplace"].split(", ")[1]].nationality
    abroad = mean(p.fields["birthplace"].split(", ")[1] != p.fields["residence"].split(", ")[1] for p in persons)
    assert 0.4 < abroad < 0.6


def test_conditions_fit_age_sex_and_occupation(persons):
    table = {entry.name: entry for entry in health_and_hobbies.CONDITIONS}
    for person in persons:
        entry = table[person.fields["medical_condition"]]
        assert entry.sex in ("-", person.details["gender"][0])
        assert entry.youngest <= int(person.details["age"]) <= entry.oldest
        assert entry.name not in health_and_hobbies.UNFIT.get(person.fields["occupation"], ())
    for job, unfit in health_and_hobbies.UNFIT.items():
        assert job in occupations.OCCUPATION_BY_NAME
        assert set(unfit) <= set(table)


def test_no_value_dominates_at_paper_size(persons):
    countries = {person.details["nationality"] for person in persons}
    places = {person.fields[where] for person in persons for where in ("birthplace", "residence")}
    assert len(countries) >= 70
    assert len(places) >= 240
    assert len({person.fields["occupation"] for person in persons}) >= 145
    assert Counter(person.details["gender"] for person in persons) == {"female": 250, "male": 250}
    for attribute in PERSON_FIELDS:
        counts = Counter(person.fields[attribute] for person in persons)
        assert counts.most_common(1)[0][1] <= 0.15 * PAPER, attribute


def test_heights_by_sex(persons):
    heights = defaultdict(list)
    for person in persons:
        heights[person.details["gender"]].append(int(person.fields["height"].removesuffix(" cm")))
    assert 162 < mean(heights["female"]) < 166
    assert 175 < mean(heights["male"]) < 179
    assert all(148 <= one <= 180 for one in heights["female"])


def test_description_states_the_fields(persons, every_figure):
    for profile in [*persons, *every_figure]:
        facts = PERSON_FIELDS if profile.domain == "person" else FIGURE_FIELDS
        assert tuple(profile.fields) == (*facts, "description")
        assert ("name", *profile.fields) == mllmu.DOMAIN_ATTRIBUTES[profile.domain]
        assert "gender" not in profile.fields
        for description in describe(profile.domain, profile.name, profile.fields, profile.details):
            assert all(profile.fields[fact] in description for fact in FACTS[profile.domain] if fact != "occupation")
            assert profile.fields["occupation"].casefold() in description.casefold()
            for value in (profile.name, *(profile.fields[fact] for fact in FACTS[profile.domain])):
                description = description.replace(value, "x")  # no periods of initials and titles
            assert 2 <= f"{description} ".count(". ") <= 4


@pytest.mark.parametrize("values", [*mllmu.LISTED.values()], ids=[*mllmu.LISTED])
def test_no_listed_value_contains_another(values):
    assert len(set(values)) == len(values)
    for one in values:
        assert not [other for other in values if other != one and f" {one} " in f" {other} "], one


def test_drawn_figures_keep_the_order_of_the_file(every_figure):
    assert [figure.name for figure in every_figure] == [figure.name for figure in public_figures()]
    assert len({figure.id for figure in every_figure}) == 153
    assert all(re.fullmatch(r"[a-z0-9-]+", figure.id) for figure in every_figure)
    first, others = figures(12, seed=0), figures(12, seed=1)
    assert [figure.turn for figure in first] == list(range(12))
    assert [figure.id for figure in first] != [figure.id for figure in others]
    places = [[figure.id for figure in every_figure].index(figure.id) for figure in first]
    assert places == sorted(places)


def test_figure_profile_age_at_death():
    lovelace = next(figure for figure in public_figures() if figure.name == "Ada Lovelace")
    profile = figure_profile(lovelace, 0, 0)
    assert (lovelace.birth_date, lovelace.death_date) == ("10 December 1815", "27 November 1852")
    assert profile.fields["age_at_death"] == "36"
    assert profile.id == "figure-0002"


def test_parse_date_inverts_format_date():
    for text in ("1 January 1950", "29 February 2000", "31 December 1999"):
        assert format_date(parse_date(text)) == text
    with pytest.raises(ValueError, match="not in"):
        parse_date("1 Brumaire 1799")
