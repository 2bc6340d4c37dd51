"""Profiles of icu: who is in it, and whether the facts fit one another."""

import os
import re
import subprocess
import sys
import time
from collections import Counter, defaultdict
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

PAPER = 500
DOMAINS = tuple(icu.DOMAINS)


def day(text):
    return datetime.strptime(text, "%d %B %Y").date()


def gather(*lists):
    values = defaultdict(list)
    for profile in (profile for one in lists for profile in one):
        values["name"].append(profile.name)
        for attribute, value in profile.fields.items():
            values[attribute].append(value)
    return values


@pytest.fixture(scope="module")
def people():
    return {domain: icu.profiles(domain, PAPER, seed=0) for domain in DOMAINS}


# Profiles: identity


def test_names_are_unique_over_the_universe_of_a_seed():
    start = time.perf_counter()
    names, staff = [], []
    for domain in DOMAINS:
        for profile in icu.profiles(domain, 6_200, seed=3):
            names.append(plain(profile.name))
            staff.append(
                plain(profile.fields.get("attending_physician", profile.details.get("signatory")).removeprefix("Dr. "))
            )
    assert len(set(names)) == 12_400
    assert not set(names) & set(staff)
    assert time.perf_counter() - start < 40


def test_names_have_two_words_in_latin_letters_without_titles(people):
    for profile in (profile for profiles in people.values() for profile in profiles):
        first, last = profile.name.split(" ")
        for word in (first, last):
            assert word[0].isupper()
            assert all(ord(letter) < 0x250 for letter in word), profile.name
            assert word.casefold() not in {"dr", "mr", "mrs", "jr", "sr", "mba", "phd", "doe"}


def test_first_names_fit_gender_and_country(people):
    locales = {country.nationality: country.locale for country in COUNTRIES}
    for profile in (profile for profiles in people.values() for profile in profiles):
        first, last = profile.name.split(" ")
        mine = name_lists(locales[profile.details["nationality"]])
        other = "male" if profile.details["gender"] == "female" else "female"
        assert first in mine[profile.details["gender"]][0]
        assert first not in mine[other][0]
        assert last in mine[profile.details["gender"]][1]


def test_every_country_has_names_of_both_genders_for_thousands():
    for country in COUNTRIES:
        for first, last in name_lists(country.locale).values():
            assert len(first) * len(last) > 1_000, country.name


def test_romanization_of_ukrainian():
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
def test_a_smaller_build_is_a_prefix(domain, overlap):
    assert icu.profiles(domain, 30, seed=1, overlap=overlap) == icu.profiles(domain, 90, seed=1, overlap=overlap)[:30]


def test_seeds_and_domains_differ():
    assert icu.profiles("medical", 5, seed=1) != icu.profiles("medical", 5, seed=2)
    seeds = [profile.seed for domain in DOMAINS for profile in icu.profiles(domain, 300, seed=1)]
    assert len(set(seeds)) == 600
    assert all(0 <= seed < 2**63 for seed in seeds)


@pytest.mark.slow
def test_the_same_in_every_process():
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
def test_wrong_use_is_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        icu.profiles(**arguments, seed=0)


# Profiles: facts


def test_fields_are_the_maskable_attributes_in_order(people):
    for domain, profiles in people.items():
        assert all(tuple(profile.fields) == icu.DOMAINS[domain] for profile in profiles)
        assert not set(icu.DOMAINS[domain]) & set(profiles[0].details)


def test_age_birth_and_the_day_of_the_document_agree(people):
    for domain, profiles in people.items():
        key = "admission_date" if domain == "medical" else "start_date"
        for profile in profiles:
            age = age_on(day(profile.details["birth_date"]), day(profile.fields[key]))
            assert str(age) == profile.details["age"]
            assert 18 <= age <= 86


def test_diagnosis_medication_physician_and_patient_agree(people):
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


def test_nobody_is_allergic_to_what_is_prescribed(people):
    for profile in people["medical"]:
        assert profile.fields["medication"] not in ALLERGIES[profile.fields["allergy"]]
    assert set(medical.allergies_with("amoxicillin")) == set(ALLERGIES) - {"penicillin", "cefuroxime"}
    drugs = {drug for entry in DIAGNOSES for drug in entry.medications}
    assert all(forbidden <= drugs for forbidden in ALLERGIES.values()), "a drug that nobody gets, misspelt?"
    assert not drugs & set(ALLERGIES)


def test_every_adult_has_a_plausible_diagnosis_and_job():
    for age in range(18, 87):
        for gender in ("female", "male"):
            birth, today = day("1 January 1980"), day("1 January 2024")
            person = Person("Maria Silva", gender, COUNTRIES[0], birth, today, age)
            assert len(medical.diagnoses_of(person)) >= 10, (age, gender)
    assert all(len(labor.positions_at(age)) >= 10 for age in range(20, 64))
    assert len(DIAGNOSES) >= 60
    assert len(POSITIONS) >= 80


def test_contract_dates_and_terms_add_up(people):
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


def test_position_schooling_and_employer_agree(people):
    table = {entry.name: entry for entry in POSITIONS}
    for profile in people["labor"]:
        entry = table[profile.fields["position"]]
        assert int(profile.details["age"]) >= entry.youngest
        assert profile.details["education"] == entry.education
        assert profile.fields["employer"].split(" ")[1] in SECTORS[entry.sector]


def test_salary_is_in_the_money_of_the_place_and_in_reach(people):
    countries = {country.nationality: country for country in COUNTRIES}
    table = {entry.name: entry for entry in POSITIONS}
    for profile in people["labor"]:
        country = countries[profile.details["nationality"]]
        currency, amount = profile.fields["monthly_salary"].split(" ")
        assert currency == country.currency == profile.details["currency"]
        assert 0.85 < int(amount.replace(",", "")) / (country.wage * table[profile.fields["position"]].pay) < 1.45


def test_addresses_and_accounts_belong_to_the_country(people):
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


def test_shares_at_paper_size(people):
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


def test_numbers_and_addresses_are_nobody_elses():
    medical_values, labor_values = (gather(icu.profiles(domain, 3_000, seed=9)) for domain in DOMAINS)
    for attribute in ("insurance_number", "home_address", "attending_physician"):
        assert len(set(medical_values[attribute])) == 3_000
    for attribute in ("bank_account", "national_id", "employer"):
        assert len(set(labor_values[attribute])) == 3_000


def test_no_listed_value_is_a_phrase_within_another():
    for space in (*icu.LISTED.values(), *icu.CLOSED.values()):
        assert len(set(space)) == len(space)
        for one in space:
            assert not [other for other in space if other != one and f" {one} " in f" {other} "], one


@pytest.mark.parametrize("overlap", [0.25, 0.5, 1.0])
def test_overlap_is_the_share_of_profiles_with_something_in_common(overlap):
    for domain, attribute in (("medical", "attending_physician"), ("labor", "employer")):
        profiles = icu.profiles(domain, PAPER, seed=4, overlap=overlap)
        counts = Counter(profile.fields[attribute] for profile in profiles)
        sharing = sum(count for count in counts.values() if count > 1) / PAPER
        assert sharing == pytest.approx(overlap, abs=0.06)
        assert counts.most_common(1)[0][1] <= 0.15 * PAPER
        alone = icu.profiles(domain, PAPER, seed=4)
        assert [profile.name for profile in profiles] == [profile.name for profile in alone]
        place = "hospital_address" if domain == "medical" else "employer_address"
        where = {(profile.fields[attribute], profile.details[place]) for profile in profiles}
        assert len(where) == len(counts), "one doctor or employer, one place"


def test_shared_doctors_still_fit_their_patients():
    table = {entry.name: entry for entry in DIAGNOSES}
    profiles = icu.profiles("medical", 300, seed=4, overlap=1.0)
    departments = {(profile.fields["attending_physician"], profile.details["department"]) for profile in profiles}
    assert len(departments) == len({doctor for doctor, _ in departments})
    for profile in profiles:
        entry = table[profile.fields["diagnosis"]]
        assert entry.department == profile.details["department"]
        assert entry.sex in ("-", profile.details["gender"][0])


# Dates


def test_adding_months_keeps_to_the_calendar():
    assert add_months(day("31 January 2024"), 1) == day("29 February 2024")
    assert add_months(day("15 December 2023"), 12) == day("15 December 2024")
    assert add_months(day("31 August 2023"), 18) == day("28 February 2025")


def test_born_gives_the_age_at_both_ends_of_the_year():
    class Ends:
        def __init__(self, last):
            self.last = last

        def randint(self, low, high):
            return high if self.last else low

    for reference in ("29 February 2024", "1 January 2025", "31 December 2023"):
        for last in (False, True):
            assert age_on(draw_birth_date(Ends(last), 40, day(reference)), day(reference)) == 40
