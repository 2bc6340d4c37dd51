"""Let a model write the people of remem and mllmu; age, sex, countries and relations stay those of the templates."""

import json
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from lethebench.generation.mllmu.descriptions import FACTS, describe
from lethebench.generation.mllmu.options import around
from lethebench.generation.people.countries import ALL_COUNTRIES, COUNTRIES, COUNTRY_BY_NAME, Country
from lethebench.generation.people.dates import TODAY, age_on, format_date
from lethebench.generation.people.health_and_hobbies import ANIMALS, CONDITIONS, SHORTEST, TALLEST, conditions
from lethebench.generation.people.occupations import OCCUPATION_BY_NAME
from lethebench.generation.people.public_figures import public_figures
from lethebench.generation.questions.records import Profile, Written
from lethebench.generation.seeding import shuffled, stream
from lethebench.generation.writer.answers import RejectedError, Schema, choice, items, record, text, whole
from lethebench.generation.writer.languages import LANGUAGES, Words, localized
from lethebench.generation.writer.names import Used, check_company, check_person
from lethebench.generation.writer.values import WRONG_VALUES, clean, person_name, street_line, value, wrong_values
from lethebench.generation.writer.wordings import check_slots
from lethebench.generation.writer.writer import Task, Writer

CHOICES = 12
"""Conditions that a model may choose from."""
ALIKE = 0.7
"""Two people are near-duplicates from this share of common words in what they are free to differ in."""
_FREE = {
    "occupation": "a job title in lower case that fits age, schooling and salary",
    "employer": "an invented company or institution in the person's sector",
    "education": "the invented school or university that the person graduated from, named with one of these cities: {}",
    "father_occupation": "a job title in lower case",
    "mother_occupation": "another job title in lower case",
    "favorite_food": "a dish in lower case",
    "pet_name": "what the person's {} is called",
    "quirk": "a habit, in the form that completes 'is known for'",
}
"""Attribute -> what the model writes for it, with its wrong values."""
_OWN = ("employer", "education")
"""Attributes of _FREE that differ anyway: by a check of their own, and by country."""
_BY_CODE = {country.code: country for country in COUNTRIES}
_DESCRIPTIONS = {"home_address": 1, "residence": 3}
"""An attribute that only one benchmark has -> the descriptions that this benchmark needs of each person."""


class People:
    """The people of a build, written one by one.

    Args:
        writer: the model.
        profiles: from templates; what a model may not choose is taken from them.
        words: the language of what is not written by the model.
    """

    def __init__(self, writer: Writer, profiles: Sequence[Profile], words: Words) -> None:
        self.writer, self.profiles, self.words = writer, profiles, words
        self.names, self.employers, self.addresses = Used(), Used(), Used()
        self.earlier: list[tuple[str, frozenset[str]]] = []
        self.by_word: dict[str, list[int]] = defaultdict(list)

    def write(self) -> list[Profile]:
        """Return the profiles with facts, wrong values and descriptions by the model."""
        return self.writer.write([self.task(profile) for profile in self.profiles])

    def task(self, template: Profile) -> Task[Profile]:
        """Return what the model is asked about one person."""
        form = _Form(template, self.writer, self.words)

        return Task(template.id, form.prompt(), form.schema(), form.profile, template, tokens=900, accept=self._accept)

    def _accept(self, profile: Profile) -> None:
        """Raise RejectedError if the person is nearly another one; else remember it."""
        free = [name for name in _FREE if name in profile.fields and name not in _OWN]
        words = frozenset(word for name in free for word in profile.fields[name].casefold().split())
        self.names.check(profile.name, "the name")
        self.employers.check(profile.fields["employer"], "the employer")
        address = profile.fields.get("home_address", "")
        if address:
            self.addresses.check(address, "the address")
        if other := self._alike(words):
            raise RejectedError(f"occupations, food, pet and quirk are nearly those of {other}")
        self.names.add(profile.name)
        self.employers.add(profile.fields["employer"])
        self.addresses.add(address)
        self.remember(profile.name, words)

    def remember(self, name: str, words: frozenset[str]) -> None:
        """Note what a person is free to differ in."""
        for word in words:
            self.by_word[word].append(len(self.earlier))
        self.earlier.append((name, words))

    def _alike(self, words: frozenset[str]) -> str | None:
        """Return the name of the first person with nearly the same words, None if there is none."""
        common = Counter(person for word in words for person in self.by_word[word])
        for person, count in sorted(common.items()):
            name, their_words = self.earlier[person]
            if count >= ALIKE * (len(words) + len(their_words) - count):
                return name
        return None


class _Form:
    """What a model is asked about one person, and the checks of its answer."""

    def __init__(self, template: Profile, writer: Writer, words: Words) -> None:
        self.template, self.writer, self.words = template, writer, words
        fields, details = template.fields, template.details
        self.age, self.gender = int(details["age"]), details["gender"]
        self.free = [attribute for attribute in _FREE if attribute in fields]
        self.lives = "home_address" if "home_address" in fields else "residence"
        self.origin = COUNTRY_BY_NAME[fields["birthplace"].rpartition(", ")[2]]
        self.home: Country = _BY_CODE[details["home"]] if "home" in details else COUNTRY_BY_NAME[_country(fields)]
        self.school_cities = COUNTRY_BY_NAME[details["education_country"]].cities
        self.currency, _, amount = fields["annual_salary"].partition(" ")
        salary = int(amount.replace(",", ""))
        self.salaries = round(0.7 * salary), round(1.4 * salary)
        self.fitting = conditions(self.gender, self.age, fields["occupation"])
        self.conditions = sorted(shuffled(self.fitting, template.seed, "conditions")[:CHOICES])
        self.facts = [fact for fact in (*FACTS["person"], "home_address", "quirk") if fact in fields]
        if self.lives == "residence":
            self.facts.remove("quirk")

    def prompt(self) -> str:
        """Return the request."""
        template = self.template
        job = OCCUPATION_BY_NAME[template.fields["occupation"]]
        person = {
            "sex": self.gender,
            "age": self.age,
            "nationality": template.details["nationality"],
            "country of birth": self.origin.name,
            "country of residence": self.home.name,
            "sector": job.sector,
            "schooling": job.education,
            "pet": template.details["pet"],
        }
        first, last = _birth_range(self.age)
        notes = {
            "name": "first and last name that fit sex and nationality, in Latin letters, not a common combination",
            "birth_date": f"YYYY-MM-DD, from {first} to {last}",
            "birth_city, home_city": "one of the listed cities",
            "salary, currency": "gross pay per year, from {} to {}, in {}".format(*self.salaries, self.currency),
            **{name: note.format(self._blank(name)) for name, note in _FREE.items() if name in self.free},
            "wrong": f"{WRONG_VALUES} wrong values of each attribute, as plausible and in the form of the true one",
            "descriptions": "two to four sentences with each of these slots once: " + " ".join(self._slots()),
        }
        if self.lives == "home_address":
            notes["street"] = "invented street and house number as usual in the country of residence, without the city"
        else:
            notes["height"] = f"in centimeters, from {SHORTEST[self.gender]} to {TALLEST[self.gender]}"
        return (
            f"Write an invented person in {LANGUAGES[self.writer.language].name}. Given: "
            f"{json.dumps(person, ensure_ascii=False)}\nProperties: {json.dumps(notes, ensure_ascii=False)}\n"
            f"birth_city: {', '.join(self.origin.cities)}. home_city: {', '.join(self.home.cities)}. "
            f"medical_condition: {', '.join(self.conditions)}."
        )

    def schema(self) -> Schema:
        """Return the form of the answer."""
        wrong = [*self.free, *(["street"] if self.lives == "home_address" else ["name"])]
        return record(
            name=text(),
            birth_date=text(),
            birth_city=choice(self.origin.cities),
            home_city=choice(self.home.cities),
            **({"street": text()} if self.lives == "home_address" else {"height": whole()}),
            salary=whole(),
            currency=text(),
            medical_condition=choice(self.conditions),
            **dict.fromkeys(self.free, text()),
            wrong=record(**dict.fromkeys(wrong, items(text(), WRONG_VALUES))),
            descriptions=items(text(), _DESCRIPTIONS[self.lives]),
        )

    def profile(self, answer: Mapping[str, Any]) -> Profile:
        """Return the person of an answer; raise RejectedError if a fact does not fit the others."""
        name = person_name(answer["name"])
        check_person(name)
        birth = _birth(answer["birth_date"], self.age)
        low, high = self.salaries
        if answer["currency"] != self.currency or not low <= answer["salary"] <= high:
            pay = f"{answer['currency']!s:.20} {answer['salary']}"
            raise RejectedError(f"the salary {pay} is not from {self.currency} {low} to {self.currency} {high}")
        facts = {
            "birthplace": f"{answer['birth_city']}, {self.origin.name}",
            "birth_date": format_date(birth),
            "annual_salary": f"{self.currency} {answer['salary']:,}",
            "medical_condition": answer["medical_condition"],
            **{attribute: value(answer[attribute], attribute) for attribute in self.free},
        }
        check_company(facts["employer"])
        cities = [*self.school_cities, *map(self.words, self.school_cities)]
        if not any(city in facts["education"] for city in cities):
            raise RejectedError(
                f"education {facts['education']!r:.80} has none of the cities {self._blank('education')}"
            )
        if self.lives == "home_address":
            facts["home_address"] = f"{street_line(answer['street'])}, {answer['home_city']}"
        else:
            facts["residence"] = f"{answer['home_city']}, {self.home.name}"
            if not SHORTEST[self.gender] <= answer["height"] <= TALLEST[self.gender]:
                raise RejectedError(f"the height {answer['height']} is out of range")
            facts["height"] = f"{answer['height']} cm"
        descriptions = tuple(self._description(form) for form in answer["descriptions"])
        fields = {attribute: facts.get(attribute, "") for attribute in self.template.fields}
        profile = replace(self.template, name=name, fields=fields)
        details = {key: entry for key, entry in self.template.details.items() if key != "degree"}
        wrong = self._wrong(profile, answer["wrong"])
        profile = replace(profile, details=details, written=Written(wrong, descriptions))
        return described(localized(profile, self.words))

    def _wrong(self, profile: Profile, written: Mapping[str, Sequence[str]]) -> dict[str, tuple[str, ...]]:
        """Return the wrong values of every attribute: the model's, and draws where the form is fixed."""
        rng = stream(profile.seed, "wrong values")
        fields = profile.fields
        wrong = {name: wrong_values(written[name], fields[name], name, (profile.name,)) for name in self.free}
        for numbers in ("birth_date", "annual_salary", "height"):
            if numbers in fields:
                near = around(rng, profile, numbers)
                wrong[numbers] = (*near["train"], *near["test"])
        wrong["birthplace"] = _elsewhere(rng, fields["birthplace"])
        conditions = [name for name in self.fitting if name != fields["medical_condition"]]
        wrong["medical_condition"] = tuple(rng.sample(conditions, WRONG_VALUES))
        if self.lives == "residence":
            wrong["residence"] = _elsewhere(rng, fields["residence"])
            wrong["name"] = wrong_values([person_name(name) for name in written["name"]], profile.name, "name")
            for name in wrong["name"]:
                check_person(name)
        else:
            streets = wrong_values(list(map(street_line, written["street"])), answer_street(fields), "street")
            wrong["home_address"] = tuple(f"{street}, {rng.choice(self.home.cities)}" for street in streets)
        return wrong

    def _slots(self) -> list[str]:
        article = "a_occupation" if self.writer.language == "en" else "occupation"
        return [f"{{{article if fact == 'occupation' else fact}}}" for fact in ("name", *self.facts)]

    def _description(self, form: str) -> str:
        form = clean(form)
        required = [slot.strip("{}") for slot in self._slots()]
        check_slots(form, required, [*required, "first", "pet"])
        return form

    def _blank(self, attribute: str) -> str:
        return self.template.details["pet"] if attribute == "pet_name" else ", ".join(self.school_cities)


def english_texts(profiles: Sequence[Profile]) -> list[str]:
    """Return the English texts that written people may have: places, conditions, pets, and facts of public figures."""
    countries = [country for country in ALL_COUNTRIES if any(_mentions(profile, country) for profile in profiles)]
    places = [name for country in countries for name in (country.name, country.nationality, *country.cities)]
    facts = ("birthplace", "death_place", "nationality", "occupation", "notable_work")
    figures = [figure.facts for figure in public_figures()] if any(who.domain == "figure" for who in profiles) else []
    texts = [part for entry in figures for fact in facts for part in _parts(fact, entry[fact])]
    conditions = [entry.name for entry in CONDITIONS]
    return list(dict.fromkeys([*places, *conditions, *ANIMALS, *texts]))


def _parts(fact: str, text: str) -> list[str]:
    return text.split(", ") if fact.endswith("place") else [text]


def _mentions(profile: Profile, country: Country) -> bool:
    details = profile.details
    names = (
        details.get("education_country"),
        details.get("nationality"),
        profile.fields.get("residence", "").rpartition(", ")[2],
    )
    return country.name in names or country.nationality in names or details.get("home") == getattr(country, "code", "")


def described(profile: Profile) -> Profile:
    """Return a written profile with its description, among the fields or the details."""
    assert profile.written is not None
    text = describe("person", profile.name, profile.fields, profile.details, profile.written.descriptions)[0]
    if "description" in profile.fields:
        return replace(profile, fields={**profile.fields, "description": text})
    return replace(profile, details={**profile.details, "description": text})


def answer_street(fields: Mapping[str, str]) -> str:
    """Return the street of a home address."""
    return fields["home_address"].rpartition(", ")[0]


def _birth(text: str, age: int) -> date:
    try:
        birth = date.fromisoformat(text)
    except ValueError:
        raise RejectedError(f"the date of birth {text!r:.40} has not the form YYYY-MM-DD") from None
    if age_on(birth, TODAY) != age:
        first, last = _birth_range(age)
        raise RejectedError(f"the date of birth {text} is not from {first} to {last}")
    return birth


def _birth_range(age: int) -> tuple[date, date]:
    """Return the first and last date of birth of somebody who has an age on TODAY, the first day of a year."""
    return date(TODAY.year - age - 1, 1, 2), date(TODAY.year - age, 1, 1)


def _country(fields: Mapping[str, str]) -> str:
    return fields["residence"].rpartition(", ")[2]


def _elsewhere(rng: Any, place: str) -> tuple[str, ...]:
    """Draw other places of the same country."""
    city, _, country = place.rpartition(", ")
    cities = [other for other in COUNTRY_BY_NAME[country].cities if other != city]
    return tuple(f"{other}, {country}" for other in rng.sample(cities, WRONG_VALUES))
