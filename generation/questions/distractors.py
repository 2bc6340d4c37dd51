"""Wrong values for facts about fictitious people and public figures.

A wrong value is never true and as plausible as the true one: of the same country, currency, sex or age. True and wrong
values are drawn alike, so that how often a value is wrong for others does not tell whether it is right: from a table
where true ones come from it, else from the values of the build.
"""

import random
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from typing import NamedTuple

from lethebench.generation.people.careers import company, occupations_at
from lethebench.generation.people.countries import ALL_COUNTRIES, COUNTRY_BY_NAME
from lethebench.generation.people.dates import TODAY, draw_birth_date, format_date
from lethebench.generation.people.health_and_hobbies import FOODS, PET_NAMES, QUIRKS, conditions, draw_height
from lethebench.generation.people.names import NameBook, plain
from lethebench.generation.people.occupations import OCCUPATION_BY_NAME, PARENT_OCCUPATIONS
from lethebench.generation.people.public_figures import public_figures
from lethebench.generation.questions.records import Profile
from lethebench.generation.questions.wordings import Book
from lethebench.generation.seeding import stream

Pools = Mapping[str, Mapping[str, Sequence[str]]]
"""Attribute -> kind of value (see `kind`) -> the values of the build, sorted; those of people are distinct.

A value that several public figures have is there as often, so that it is a wrong option as often as it is right.
"""


class Source(NamedTuple):
    """What the questions of a build are made from: its values, and what it is phrased with."""

    pools: Pools
    book: Book


LEAST_NAMES = 12
"""The fewest names of a nationality and sex among which wrong names are drawn; with fewer, the one that is most often
wrong for others is the right one (.43 of 4 options with 8, .31 with 12), with more, fewer are names in the build."""
_MAX_DRAWS = 96
_FIELDS_OF_LIFE = {
    "letters": "novelist writer author poet playwright philosopher journalist essayist",
    "science": "physicist chemist mathematician bacteriologist naturalist biologist geneticist scientist astronomer "
    "engineer inventor surgeon physician microbiologist neurobiologist crystallographer seismologist sociologist nurse",
    "music": "composer singer pianist trumpeter tenor musician conductor",
    "stage": "actress actor dancer singer director producer",
    "art": "painter illustrator cartoonist artist architect sculptor photographer designer",
    "public life": "politician statesman diplomat leader activist humanitarian lawyer reformer environmentalist "
    "educator nurse nun philosopher sociologist",
    "adventure": "runner driver cricketer footballer athlete boxer weightlifter gymnast sprinter mountaineer explorer "
    "astronaut cosmonaut naturalist",
}
_WORDS_OF_FIELD = {field: frozenset(words.split()) for field, words in _FIELDS_OF_LIFE.items()}
_COUNTRY_BY_NATIONALITY = {country.nationality: country for country in ALL_COUNTRIES}


def pools(profiles: Sequence[Profile]) -> dict[str, dict[str, list[str]]]:
    """Return the values of a build by attribute and kind, without those of written profiles, which have their own."""
    by_kind: dict[str, dict[str, list[str]]] = {}
    for profile in (profile for profile in profiles if profile.written is None):
        for attribute in ("name", *profile.fields):
            values = by_kind.setdefault(attribute, {}).setdefault(kind(profile, attribute), [])
            values.append(profile.value(attribute))
    for kinds in by_kind.values():
        kinds.update({key: [*set(values)] for key, values in kinds.items() if not key.startswith("figure ")})
    return {name: {key: sorted(values) for key, values in kinds.items()} for name, kinds in by_kind.items()}


def kind(profile: Profile, attribute: str) -> str:
    """Return what a value and its wrong values have in common; values of people and figures never mix."""
    details, fields = profile.details, profile.fields
    if profile.domain == "figure":
        century = fields["birth_date"].split(" ")[-1][:-2]
        common = {"name": details["gender"], "birth_date": century, "death_date": century}
        common["notable_work"] = "title" if fields["notable_work"][0].isupper() else "deed"
        return f"figure {common.get(attribute, '')}"
    if attribute == "name":
        return f"{details['gender']} {details['nationality']}"
    if attribute == "birth_date":
        return str(int(fields["birth_date"][-4:]) // 5)
    if attribute in ("birthplace", "residence"):
        return fields[attribute].rpartition(", ")[2]
    if attribute == "education":
        return f"{details['education_country']} {school_kind(profile)}"
    if attribute == "annual_salary":
        return fields["annual_salary"][:3]
    if attribute == "employer":
        return OCCUPATION_BY_NAME[fields["occupation"]].sector
    return details["gender"] if attribute == "height" else ""


def school_kind(profile: Profile) -> str:
    """Return the kind of school that a person went to: `Medical University`."""
    education, cities = profile.fields["education"], COUNTRY_BY_NAME[profile.details["education_country"]].cities
    return education.removeprefix(max((f"{city} " for city in cities if education.startswith(f"{city} ")), key=len))


def wrong_values(rng: random.Random, profile: Profile, attribute: str, count: int, build_pools: Pools) -> list[str]:
    """Return distinct plausible values that are not true of the profile.

    The number of draws is bounded, so a row costs the same in a build of any size.

    Raises:
        RuntimeError: if there are fewer than `count`.
    """
    if profile.written is not None:
        return rng.sample(profile.written.wrong[attribute], count)
    truth = profile.value(attribute)
    pool = build_pools.get(attribute, {}).get(kind(profile, attribute), ())
    values: dict[str, None] = {}
    for draw in _draws(rng, profile, attribute, pool):
        if len(values) == count:
            break
        if draw != truth and _plausible(profile, attribute, truth, draw):
            values[draw] = None
    if len(values) < count:
        raise RuntimeError(f"{profile.id}: only {len(values)} wrong values of {attribute}; {count} are needed")
    return list(values)


def _draws(rng: random.Random, profile: Profile, attribute: str, pool: Sequence[str]) -> Iterator[str]:
    """Yield values of the kind: those of the table, or those of the build and then others."""
    listed = _listed(profile, attribute, pool)
    if listed:
        yield from rng.sample(listed, len(listed))
        return
    yield from (
        rng.sample(pool, len(pool)) if len(pool) <= _MAX_DRAWS else (rng.choice(pool) for _ in range(_MAX_DRAWS))
    )
    yield from _values_outside(rng, profile, attribute)


def _listed(profile: Profile, attribute: str, pool: Sequence[str]) -> Sequence[str]:
    """Return all values that a fictitious person of this kind may have, none if they come from no table."""
    if profile.domain == "figure":
        return ()
    details, fields = profile.details, profile.fields
    age, gender = int(details["age"]), details["gender"]

    def places(attribute: str) -> list[str]:
        country = COUNTRY_BY_NAME[fields[attribute].rpartition(", ")[2]]
        return [f"{city}, {country.name}" for city in country.cities]

    def schools() -> list[str]:
        return [f"{city} {school_kind(profile)}" for city in COUNTRY_BY_NAME[details["education_country"]].cities]

    tables: dict[str, Callable[[], Sequence[str]]] = {
        "name": lambda: namesakes(details["nationality"], gender, tuple(pool)),
        "medical_condition": lambda: conditions(gender, age, fields["occupation"]),
        "occupation": lambda: [job.name for job in occupations_at(age)],
        "father_occupation": lambda: PARENT_OCCUPATIONS,
        "mother_occupation": lambda: PARENT_OCCUPATIONS,
        "favorite_food": lambda: FOODS,
        "pet_name": lambda: PET_NAMES,
        "quirk": lambda: QUIRKS,
        "birthplace": lambda: places("birthplace"),
        "residence": lambda: places("residence"),
        "education": schools,
    }
    return tables[attribute]() if attribute in tables else ()


@cache
def namesakes(nationality: str, gender: str, names: tuple[str, ...]) -> tuple[str, ...]:
    """Return the build's names of a nationality and sex and, up to LEAST_NAMES, others that its questions share.

    A name that is right for somebody is a wrong one for others no more often than one that is right for nobody.
    """
    book, rng = NameBook(None, map(plain, names)), stream("namesakes", nationality, gender)
    country = _COUNTRY_BY_NATIONALITY[nationality]
    return (*names, *(book.draw(rng, country, gender) for _ in range(LEAST_NAMES - len(names))))


def _values_outside(rng: random.Random, profile: Profile, attribute: str) -> Iterator[str]:
    """Yield values of the same kind from outside the build, of attributes without a table."""
    if profile.domain == "figure":
        figures = _figures()
        same_kind = [figure for figure in figures if kind(figure, attribute) == kind(profile, attribute)]
        for group in (same_kind, figures):
            yield from (figure.value(attribute) for figure in rng.sample(group, len(group)))
        return
    details, fields = profile.details, profile.fields
    draws: dict[str, Callable[[], str]] = {
        "birth_date": lambda: format_date(draw_birth_date(rng, int(details["age"]) + rng.randint(-3, 3), TODAY)),
        "employer": lambda: company(rng, OCCUPATION_BY_NAME[fields["occupation"]].sector),
        "height": lambda: f"{draw_height(rng, details['gender'])} cm",
        "annual_salary": lambda: _similar_salary(rng, fields["annual_salary"]),
    }
    for _ in range(_MAX_DRAWS):
        yield draws[attribute]()


@cache
def _figures() -> tuple[Profile, ...]:
    return tuple(Profile(f.name, "figure", f.name, f.facts, {"gender": f.gender}, 0) for f in public_figures())


def _amount(salary: str) -> int:
    return int(salary[4:].replace(",", ""))


def _similar_salary(rng: random.Random, salary: str) -> str:
    amount = _amount(salary)
    step = 10 ** max(0, len(str(amount)) - 3)
    return f"{salary[:3]} {round(amount * rng.uniform(0.6, 1.6) / step) * step:,}"


def _plausible(profile: Profile, attribute: str, truth: str, value: str) -> bool:
    """Return whether a value of the same kind is close enough to the truth and not partly true."""
    if profile.domain == "figure":
        if attribute == "occupation":
            return not fields_of_life(truth) & fields_of_life(value)
        born_in = COUNTRY_BY_NAME.get(profile.fields["birthplace"].rpartition(", ")[2])
        if attribute == "nationality" and born_in and value == born_in.nationality:
            return False
        if attribute in ("nationality", "notable_work"):
            return not _long_words(truth) & _long_words(value)
        return attribute != "age_at_death" or 2 <= abs(int(truth) - int(value)) <= 20
    if attribute == "annual_salary":
        ratio = _amount(value) / _amount(truth)
        return 0.4 <= ratio <= 2.5 and abs(ratio - 1) > 0.02
    if attribute == "height":
        return abs(int(truth[:-3]) - int(value[:-3])) <= 15
    age = int(profile.details["age"])
    if attribute == "medical_condition":
        return value in conditions(profile.details["gender"], age, profile.fields["occupation"])
    if attribute == "occupation":
        return OCCUPATION_BY_NAME[value].youngest <= age
    return True


def fields_of_life(occupation: str) -> set[str]:
    """Return the fields that a public figure's occupation belongs to; a wrong occupation is from another field.

    Many figures did more than one thing: a novelist may also be called a poet, but not a boxer.
    """
    words = set(re.findall(r"\w+", occupation))
    return {field for field, field_words in _WORDS_OF_FIELD.items() if words & field_words} or words


def _long_words(text: str) -> set[str]:
    return {word for word in re.findall(r"\w+", text.casefold()) if len(word) > 3}
