"""Let a model write the people of icu and what their documents say; numbers, codes and countries stay."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from lethebench.generation.documents.printed import Pairs
from lethebench.generation.icu.diagnoses import ALLERGIES, DIAGNOSES, SPECIALISTS, Diagnosis
from lethebench.generation.icu.distractors import wrong_values as drawn_values
from lethebench.generation.icu.labor import CONTRACT_TERMS, FIRST_DAYS
from lethebench.generation.icu.medical import ADMISSIONS, BLOOD_TYPES, allergies_with
from lethebench.generation.people.countries import COUNTRIES
from lethebench.generation.people.dates import add_months, age_on, format_date, parse_date
from lethebench.generation.people.occupations import POSITIONS
from lethebench.generation.questions.records import Profile, Written
from lethebench.generation.seeding import shuffled, stream
from lethebench.generation.writer.answers import RejectedError, Schema, choice, items, record, text, whole
from lethebench.generation.writer.languages import LANGUAGES, Words, localized
from lethebench.generation.writer.names import Used, check_company, check_person
from lethebench.generation.writer.values import WRONG_VALUES, person_name, street_line, value, wrong_values
from lethebench.generation.writer.writer import Task, Writer

CHOICES = 8
"""Diagnoses that a model may choose from."""
_BY_NAME = {country.name: country for country in COUNTRIES}
_POSITIONS = {entry.name: entry for entry in POSITIONS}
_PERSON = "first and last name that fit sex and nationality, in Latin letters, not a common combination"


class Documents:
    """The people of a build, written one by one.

    Args:
        writer: the model.
        profiles: from templates; what a model may not choose is taken from them.
        words: the language of what is not written by the model.
        printed: the words that documents print, with their translations.
    """

    def __init__(self, writer: Writer, profiles: Sequence[Profile], words: Words, printed: Pairs = ()) -> None:
        self.writer, self.profiles, self.words, self.printed = writer, profiles, words, printed
        self._used = {name: Used() for name in ("name", "employer", "home_address", "attending_physician")}

    def write(self) -> list[Profile]:
        """Return the profiles with facts and wrong values by the model."""
        return self.writer.write([self.task(profile) for profile in self.profiles])

    def task(self, template: Profile) -> Task[Profile]:
        """Return what the model is asked about one profile."""
        facts, notes, schema = {"medical": _medical, "labor": _labor}[template.domain](template)
        language = LANGUAGES[self.writer.language].name
        prompt = (
            f"Write the invented {_WHAT[template.domain]} in {language}. Given: "
            f"{json.dumps(facts, ensure_ascii=False)}\nProperties: {json.dumps(notes, ensure_ascii=False)}"
        )
        read = {"medical": _read_medical, "labor": _read_labor}[template.domain]

        def checked(answer: Mapping[str, Any]) -> Profile:
            profile = localized(read(template, answer), self.words)
            assert profile.written is not None
            return replace(profile, written=replace(profile.written, printed=self.printed))

        return Task(template.id, prompt, schema, checked, template, tokens=450, accept=self._accept)

    def _accept(self, profile: Profile) -> None:
        """Raise RejectedError if the person has nearly the name of another one, or more; else remember it."""
        used = {name: profile.value(name) for name in self._used if name == "name" or name in profile.fields}
        for name, entry in used.items():
            self._used[name].check(entry, name)
        for name, entry in used.items():
            self._used[name].add(entry)


def english_texts(profiles: Sequence[Profile]) -> list[str]:
    """Return the English texts that written documents may have: places, medicine, and what the pages print of a job."""
    countries = [country for country in COUNTRIES if any(country.name == who.details["country"] for who in profiles)]
    texts = [name for country in countries for name in (country.name, *country.cities)]
    texts += [country.nationality for country in COUNTRIES]
    texts += [text for entry in DIAGNOSES for text in (entry.name, *entry.medications)]
    texts += [*ALLERGIES, *BLOOD_TYPES, *CONTRACT_TERMS, *SPECIALISTS, *SPECIALISTS.values(), "open-ended"]
    return list(
        dict.fromkeys([*texts, *(who.details[name] for who in profiles for name in _PRINTED if name in who.details)])
    )


_PRINTED = (
    "department", "sector", "education", "working_hours", "annual_leave", "probation_period", "notice_period",
    "pay_day",
)  # fmt: skip
_WHAT = {"medical": "patient of a medical report", "labor": "employee of a labor contract"}


def _medical(template: Profile) -> tuple[dict[str, Any], dict[str, str], Schema]:
    """Return the facts of the template, notes on each property, and the schema of the answer."""
    details, country = template.details, _BY_NAME[template.details["country"]]
    fitting = _fitting(template)
    allergies = sorted({allergy for entry in fitting for drug in entry.medications for allergy in allergies_with(drug)})
    first, last = ADMISSIONS
    birth = parse_date(details["birth_date"])
    first, last = _same_age(birth, int(details["age"]), first, last)
    facts = {"sex": details["gender"], "age": int(details["age"]), "nationality": details["nationality"]}
    notes = {
        "name": _PERSON,
        "diagnosis, medication": "one of these with one of its drugs: "
        + "; ".join(f"{entry.name}: {', '.join(entry.medications)}" for entry in fitting),
        "allergy": "one that does not rule the medication out",
        "admission_date": f"YYYY-MM-DD, from {first} to {last}",
        "physician": "first and last name of the doctor, without a title",
        "street": f"invented street and house number as usual in {country.name}, without the city",
        "hospital": "invented name of the hospital",
        "wrong": f"{WRONG_VALUES} wrong values of each, as plausible and in the form of the true one",
    }
    schema = record(
        name=text(),
        diagnosis=choice([entry.name for entry in fitting]),
        medication=choice(sorted({drug for entry in fitting for drug in entry.medications})),
        allergy=choice(allergies),
        blood_type=choice(BLOOD_TYPES),
        admission_date=text(),
        physician=text(),
        street=text(),
        city=choice(country.cities),
        hospital=text(),
        wrong=_wrong_schema("name", "physician", "street"),
    )
    return facts, notes, schema


def _read_medical(template: Profile, answer: Mapping[str, Any]) -> Profile:
    details = {**template.details}
    name = _checked_name(answer["name"])
    diagnosis = next(entry for entry in DIAGNOSES if entry.name == answer["diagnosis"])
    if answer["medication"] not in diagnosis.medications:
        raise RejectedError(f"{answer['medication']} is not a drug for {diagnosis.name}")
    if answer["allergy"] not in allergies_with(answer["medication"]):
        raise RejectedError(f"the allergy to {answer['allergy']} rules out {answer['medication']}")
    admission = _day(answer["admission_date"], ADMISSIONS, details, "admission_date")
    stay = parse_date(details["discharge_date"]) - parse_date(template.fields["admission_date"])
    physician = f"Dr. {_checked_name(answer['physician'])}"
    street, country = street_line(answer["street"]), _BY_NAME[details["country"]]
    fields = {
        **template.fields,
        "diagnosis": diagnosis.name,
        "medication": answer["medication"],
        "allergy": answer["allergy"],
        "blood_type": answer["blood_type"],
        "admission_date": format_date(admission),
        "attending_physician": physician,
        "home_address": f"{street}, {answer['city']}",
    }
    details |= {
        "hospital": value(answer["hospital"], "hospital", 50),
        "department": diagnosis.department,
        "specialty": SPECIALISTS[diagnosis.department],
        "discharge_date": format_date(admission + stay),
    }
    profile = replace(template, name=name, fields=fields, details=details)
    rng = stream(profile.seed, "wrong values")
    streets = wrong_values(list(map(street_line, answer["wrong"]["street"])), street, "street")
    wrong = {
        "name": _wrong_names(answer["wrong"]["name"], name),
        "attending_physician": tuple(
            f"Dr. {entry}" for entry in _wrong_names(answer["wrong"]["physician"], physician.removeprefix("Dr. "))
        ),
        "home_address": tuple(f"{entry}, {rng.choice(country.cities)}" for entry in streets),
    }
    return _with_drawn(profile, wrong)


def _labor(template: Profile) -> tuple[dict[str, Any], dict[str, str], Schema]:
    """Return the facts of the template, notes on each property, and the schema of the answer."""
    details, job = template.details, _POSITIONS[template.fields["position"]]
    low, high, currency = _salaries(template)
    first, last = _same_age(parse_date(details["birth_date"]), int(details["age"]), *FIRST_DAYS)
    facts = {
        "sex": details["gender"],
        "age": int(details["age"]),
        "nationality": details["nationality"],
        "country of work": details["country"],
        "sector": job.sector,
        "department": job.department,
        "schooling": job.education,
    }
    notes = {
        "name": _PERSON,
        "position": "a job title in lower case that fits age, sector, department, schooling and salary",
        "salary, currency": f"gross pay per month, from {low} to {high}, in {currency}",
        "employer": "an invented company of the sector",
        "start_date": f"YYYY-MM-DD, a weekday from {first} to {last}",
        "signatory": "first and last name of who signs for the employer",
        "wrong": f"{WRONG_VALUES} wrong values of each, as plausible and in the form of the true one",
    }
    schema = record(
        name=text(),
        position=text(),
        salary=whole(),
        currency=text(),
        employer=text(),
        start_date=text(),
        contract_term=choice(tuple(CONTRACT_TERMS)),
        signatory=text(),
        wrong=_wrong_schema("name", "position", "employer"),
    )
    return facts, notes, schema


def _read_labor(template: Profile, answer: Mapping[str, Any]) -> Profile:
    details = {**template.details}
    name = _checked_name(answer["name"])
    low, high, currency = _salaries(template)
    if answer["currency"] != currency or not low <= answer["salary"] <= high:
        pay = f"{answer['currency']!s:.20} {answer['salary']}"
        raise RejectedError(f"the salary {pay} is not from {currency} {low} to {currency} {high}")
    start = _day(answer["start_date"], FIRST_DAYS, details, "start_date")
    if start.weekday() > 4:
        raise RejectedError(f"the start date {start} is no weekday")
    months = CONTRACT_TERMS[answer["contract_term"]]
    signed = parse_date(template.fields["start_date"]) - parse_date(details["signing_date"])
    fields = {
        **template.fields,
        "position": value(answer["position"], "position"),
        "monthly_salary": f"{currency} {answer['salary']:,}",
        "employer": value(answer["employer"], "employer"),
        "start_date": format_date(start),
        "contract_term": answer["contract_term"],
    }
    check_company(fields["employer"])
    details |= {
        "end_date": format_date(add_months(start, months) - timedelta(days=1)) if months else "open-ended",
        "signing_date": format_date(start - signed),
        "signatory": _checked_name(answer["signatory"]),
    }
    profile = replace(template, name=name, fields=fields, details=details)
    wrong = {
        "name": _wrong_names(answer["wrong"]["name"], name),
        "position": wrong_values(answer["wrong"]["position"], fields["position"], "position"),
        "employer": wrong_values(answer["wrong"]["employer"], fields["employer"], "employer"),
    }
    return _with_drawn(profile, wrong)


def _with_drawn(profile: Profile, wrong: Mapping[str, tuple[str, ...]]) -> Profile:
    """Return a profile with these wrong values and, for its other attributes, drawn ones."""
    rng = stream(profile.seed, "drawn values")
    drawn = {
        name: tuple(drawn_values(rng, profile, name, {})) for name in ("name", *profile.fields) if name not in wrong
    }
    return replace(profile, written=Written({**drawn, **wrong}))


def _fitting(template: Profile) -> list[Diagnosis]:
    """Return the diagnoses that fit the age and sex of a patient, of which a model may choose."""
    age, sex = int(template.details["age"]), template.details["gender"][0]
    fitting = [entry for entry in DIAGNOSES if entry.sex in ("-", sex) and entry.youngest <= age <= entry.oldest]
    return shuffled(fitting, template.seed, "diagnoses")[:CHOICES]


def _salaries(template: Profile) -> tuple[int, int, str]:
    currency, _, amount = template.fields["monthly_salary"].partition(" ")
    salary = int(amount.replace(",", ""))
    return round(0.7 * salary), round(1.4 * salary), currency


def _same_age(birth: date, age: int, first: date, last: date) -> tuple[date, date]:
    """Return the part of a range of days on which somebody has an age."""
    birthday = add_months(birth, 12 * age)
    return max(first, birthday), min(last, add_months(birth, 12 * (age + 1)) - timedelta(days=1))


def _day(text: str, days: tuple[date, date], details: Mapping[str, str], what: str) -> date:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise RejectedError(f"{what} {text!r:.40} has not the form YYYY-MM-DD") from None
    birth = parse_date(details["birth_date"])
    first, last = _same_age(birth, int(details["age"]), *days)
    if not first <= day <= last or age_on(birth, day) != int(details["age"]):
        raise RejectedError(f"{what} {text} is not from {first} to {last}")
    return day


def _wrong_schema(*names: str) -> Schema:
    return record(**dict.fromkeys(names, items(text(), WRONG_VALUES)))


def _checked_name(text: str) -> str:
    name = person_name(text)
    check_person(name)
    return name


def _wrong_names(texts: Sequence[str], truth: str) -> tuple[str, ...]:
    return wrong_values(list(map(_checked_name, texts)), truth, "name")
