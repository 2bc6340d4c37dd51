"""Profiles of icu: identities and consistent facts."""

import os
import re
import subprocess
import sys
from collections import Counter
from datetime import datetime

import pytest

from lethebench.generation.icu import labor, medical
from lethebench.generation.icu import profiles as icu
from lethebench.generation.icu.diagnoses import ALLERGIES, DIAGNOSES, SPECIALISTS
from lethebench.generation.icu.person import Person
from lethebench.generation.people.careers import SECTORS
from lethebench.generation.people.countries import COUNTRIES
from lethebench.generation.people.dates import add_months, age_on, draw_birth_date
from lethebench.generation.people.names import name_lists, plain, romanize
from lethebench.generation.people.occupations import POSITIONS

PAPER, MANY = 500, 2_000
DOMAINS = tuple(icu.DOMAINS)


def day(text):
    return datetime.strptime(text, "%d %B %Y").date()


@pytest.fixture(scope="module")
def people():
    return {domain: icu.profiles(domain, PAPER, seed=0) for domain in DOMAINS}


@pytest.fixture(scope="module")
def many_profiles():
    """Enough profiles for independent draws to collide."""
    return {domain: icu.profiles(domain, MANY, seed=3) for domain in DOMAINS}


def test_names_are_unique_over_domains_and_staff(many_profiles):
    profiles = [profile for members in many_profiles.values() for profile in members]
    names = {plain(profile.name) for profile in profiles}
    staff = {profile.fields.get("attending_physician") or profile.details["signatory"] for profile in profiles}
    assert len(names) == len(DOMAINS) * MANY
    assert not names & {plain(name.removeprefix("Dr. ")) for name in staff}


def test_names_are_latin_and_fit_gender_and_country(people):
    locales = {country.nationality: country.locale for country in COUNTRIES}
    for profile in (profile for profiles in people.values() for profile in profiles):
        first, last = profile.name.split(" ")
        for word in (first, last):
            assert word[0].isupper()
            assert all(ord(letter) < 0x250 for letter in word), profile.name
            assert word.casefold() not in {"dr", "mr", "mrs", "jr", "sr", "mba", "phd", "doe"}
        lists = name_lists(locales[profile.details["nationality"]])
        other = "male" if profile.details["gender"] == "female" else "female"
        assert first in lists[profile.details["gender"]][0]
        assert first not in lists[other][0]
        assert last in lists[profile.details["gender"]][1]


def test_every_country_has_a_thousand_names_per_gender():
    for country in COUNTRIES:
        for first, last in name_lists(country.locale).values():
            assert len(first) * len(last) > 1_000, country.name


def test_romanize_ukrainian():
    names = {
        "Згурський": "Zghurskyi",
        "Юлія": "Yuliia",
        "Щербань": "Shcherban",
        "Демʼянчук": "Demianchuk",
        "Anna": "Anna",
    }
    assert {name: romanize(name) for name in names} == names


@pytest.mark.parametrize("overlap", [0.0, 0.4])
@pytest.mark.parametrize("domain", DOMAINS)
def test_fewer_profiles_are_a_prefix(domain, overlap):
    assert icu.profiles(domain, 30, seed=1, overlap=overlap) == icu.profiles(domain, 90, seed=1, overlap=overlap)[:30]


def test_seeds_and_domains_differ():
    assert icu.profiles("medical", 5, seed=1) != icu.profiles("medical", 5, seed=2)
    seeds = [profile.seed for domain in DOMAINS for profile in icu.profiles(domain, 300, seed=1)]
    assert len(set(seeds)) == 600
    assert all(0 <= seed < 2**63 for seed in seeds)


@pytest.mark.slow
def test_profiles_are_equal_in_every_process():
    code = (
        "from lethebench.generation.icu import profiles as icu, questions\n"
        "for domain in icu.DOMAINS:\n"
        "    for p in icu.profiles(domain, 8, seed=5, overlap=0.5):\n"
        "        print(p, questions.train_questions(p, {}), questions.test_questions(p, {}))\n"
        "print(icu.decoys('employer', 5, seed=2), icu.decoys('position', 5, seed=2))\n"
    )
    outputs = {
        subprocess.run(
            [sys.executable, "-c", code], env=os.environ | {"PYTHONHASHSEED": seed}, capture_output=True, check=True
        ).stdout
        for seed in ("1", "77")
    }
    assert len(outputs) == 1
    assert len(outputs.pop()) > 10_000


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"domain": "legal", "count": 1}, "legal"),
        ({"domain": "labor", "count": -1}, "-1"),
        ({"domain": "labor", "count": 1, "overlap": 1.2}, "1.2"),
    ],
)
def test_invalid_arguments_raise(arguments, message):
    with pytest.raises(ValueError, match=message):
        icu.profiles(**arguments, seed=0)


def test_fields_and_age_at_the_reference_day(people):
    for domain, profiles in people.items():
        assert all(tuple(profile.fields) == icu.DOMAINS[domain] for profile in profiles)
        assert not set(icu.DOMAINS[domain]) & set(profiles[0].details)
        key = "admission_date" if domain == "medical" else "start_date"
        for profile in profiles:
            age = age_on(day(profile.details["birth_date"]), day(profile.fields[key]))
            assert str(age) == profile.details["age"]
            assert 18 <= age <= 86


def test_medical_facts_fit_the_patient(people):
    table = {entry.name: entry for entry in DIAGNOSES}
    for profile in people["medical"]:
        entry = table[profile.fields["diagnosis"]]
        assert profile.fields["medication"] in entry.medications
        assert profile.details["department"] == entry.department
        assert profile.details["specialty"] == SPECIALISTS[entry.department]
        assert entry.youngest <= int(profile.details["age"]) <= entry.oldest
        assert entry.sex in ("-", profile.details["gender"][0])
        assert re.fullmatch(r"Dr\. \S+ \S+", profile.fields["attending_physician"])
        assert day(profile.details["discharge_date"]) > day(profile.fields["admission_date"])


def test_allergies_exclude_the_medication(people):
    for profile in people["medical"]:
        assert profile.fields["medication"] not in ALLERGIES[profile.fields["allergy"]]
    assert set(medical.allergies_with("amoxicillin")) == set(ALLERGIES) - {"penicillin", "cefuroxime"}
    drugs = {drug for entry in DIAGNOSES for drug in entry.medications}
    assert all(forbidden <= drugs for forbidden in ALLERGIES.values()), "a misspelled drug"
    assert not drugs & set(ALLERGIES)


def test_every_age_has_ten_diagnoses_and_positions():
    for age in range(18, 87):
        for gender in ("female", "male"):
            birth, today = day("1 January 1980"), day("1 January 2024")
            person = Person("Maria Silva", gender, COUNTRIES[0], birth, today, age)
            assert len(medical.diagnoses_of(person)) >= 10, (age, gender)
    assert all(len(labor.positions_at(age)) >= 10 for age in range(20, 64))
    assert len(DIAGNOSES) >= 60
    assert len(POSITIONS) >= 80


def test_contract_term_fits_start_and_end(people):
    for profile in people["labor"]:
        start, months = day(profile.fields["start_date"]), labor.CONTRACT_TERMS[profile.fields["contract_term"]]
        assert start.weekday() < 5
        assert day(profile.details["signing_date"]) < start
        if months is None:
            assert profile.details["end_date"] == "open-ended"
        else:
            end = day(profile.details["end_date"])
            whole = (end.year - start.year) * 12 + end.month - start.month
            assert whole in (months, months - 1)
            assert 0 <= (start.day - 1 - end.day) % 31 <= 3  # the day before, or the last of a shorter month


def test_position_fits_age_education_and_employer(people):
    table = {entry.name: entry for entry in POSITIONS}
    for profile in people["labor"]:
        entry = table[profile.fields["position"]]
        assert int(profile.details["age"]) >= entry.youngest
        assert profile.details["education"] == entry.education
        assert profile.fields["employer"].split(" ")[1] in SECTORS[entry.sector]


def test_salary_fits_country_and_position(people):
    countries = {country.nationality: country for country in COUNTRIES}
    table = {entry.name: entry for entry in POSITIONS}
    for profile in people["labor"]:
        country = countries[profile.details["nationality"]]
        currency, amount = profile.fields["monthly_salary"].split(" ")
        assert currency == country.currency == profile.details["currency"]
        assert 0.85 < int(amount.replace(",", "")) / (country.wage * table[profile.fields["position"]].pay) < 1.45


def test_addresses_and_accounts_fit_the_country(people):
    countries = {country.nationality: country for country in COUNTRIES}
    for profile in people["medical"]:
        country = countries[profile.details["nationality"]]
        line, _, city = profile.fields["home_address"].rpartition(", ")
        assert city in country.cities
        assert any(street in line for street in country.streets)
    for profile in people["labor"]:
        country = countries[profile.details["nationality"]]
        account = profile.fields["bank_account"]
        assert account.startswith(f"{country.code}00 " if country.iban else "000-")


def test_values_are_short(people):
    longest = {"home_address": 40, "attending_physician": 32, "diagnosis": 32, "employer": 28, "position": 28}
    for profile in (profile for profiles in people.values() for profile in profiles):
        for attribute, value in profile.fields.items():
            assert len(value) <= longest.get(attribute, 20), value
            assert value == value.strip()
            assert "." not in value[-1]


def test_no_value_dominates(people):
    for domain, profiles in people.items():
        for attribute in icu.DOMAINS[domain]:
            counts = Counter(profile.fields[attribute] for profile in profiles)
            top = counts.most_common(1)[0][1] / PAPER
            if attribute in icu.CLOSED:
                assert set(counts) == set(icu.CLOSED[attribute])
                assert top <= 1 / len(icu.CLOSED[attribute]) + 0.10
            else:
                assert top <= 0.15, attribute
        nationalities = Counter(profile.details["nationality"] for profile in profiles)
        assert len(nationalities) >= 30
        assert nationalities.most_common(1)[0][1] <= 0.05 * PAPER


def test_numbers_addresses_and_employers_are_unique(many_profiles):
    unique = {
        "medical": ("insurance_number", "home_address", "attending_physician"),
        "labor": ("bank_account", "national_id", "employer"),
    }
    for domain, attributes in unique.items():
        for attribute in attributes:
            assert len({profile.fields[attribute] for profile in many_profiles[domain]}) == MANY, attribute


def test_no_listed_value_contains_another():
    for space in (*icu.LISTED.values(), *icu.CLOSED.values()):
        assert len(set(space)) == len(space)
        for one in space:
            assert not [other for other in space if other != one and f" {one} " in f" {other} "], one


@pytest.mark.parametrize("overlap", [0.25, 0.5, 1.0])
def test_overlap_is_the_share_of_profiles_that_share(people, overlap):
    for domain, attribute in (("medical", "attending_physician"), ("labor", "employer")):
        profiles = icu.profiles(domain, PAPER, seed=0, overlap=overlap)
        counts = Counter(profile.fields[attribute] for profile in profiles)
        sharing = sum(count for count in counts.values() if count > 1) / PAPER
        assert sharing == pytest.approx(overlap, abs=0.06)
        assert counts.most_common(1)[0][1] <= 0.15 * PAPER
        assert [profile.name for profile in profiles] == [profile.name for profile in people[domain]]
        key = "hospital_address" if domain == "medical" else "employer_address"
        addresses = {(profile.fields[attribute], profile.details[key]) for profile in profiles}
        assert len(addresses) == len(counts), "a doctor or employer with two addresses"


@pytest.mark.parametrize("domain", icu.DOMAINS)
def test_shares_names_what_is_shared_and_with_whom(domain):
    profiles = {profile.id: profile for profile in icu.profiles(domain, 200, seed=2, overlap=1.0)}
    related = [profile for profile in profiles.values() if "shares" in profile.details]
    assert len(related) > 100
    for profile in related:
        attributes, _, other = profile.details["shares"].partition(" with ")
        assert all(profile.fields[name] == profiles[other].fields[name] for name in attributes.split(", "))
    assert not any("shares" in profile.details for profile in icu.profiles(domain, 50, seed=2))


def test_shared_doctors_fit_their_patients():
    table = {entry.name: entry for entry in DIAGNOSES}
    profiles = icu.profiles("medical", 300, seed=4, overlap=1.0)
    departments = {(profile.fields["attending_physician"], profile.details["department"]) for profile in profiles}
    assert len(departments) == len({doctor for doctor, _ in departments})
    for profile in profiles:
        entry = table[profile.fields["diagnosis"]]
        assert entry.department == profile.details["department"]
        assert entry.sex in ("-", profile.details["gender"][0])


def test_add_months_at_month_ends():
    assert add_months(day("31 January 2024"), 1) == day("29 February 2024")
    assert add_months(day("15 December 2023"), 12) == day("15 December 2024")
    assert add_months(day("31 August 2023"), 18) == day("28 February 2025")


def test_draw_birth_date_at_both_bounds():
    class Ends:
        def __init__(self, last):
            self.last = last

        def randint(self, low, high):
            return high if self.last else low

    for reference in ("29 February 2024", "1 January 2025", "31 December 2023"):
        for last in (False, True):
            assert age_on(draw_birth_date(Ends(last), 40, day(reference)), day(reference)) == 40
