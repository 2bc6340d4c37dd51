"""Wrong values of `icu` attributes, which nothing but the document tells from the true one.

They share with the true value what its form or the rest of the page would tell: country, currency, pattern of digits,
sex and age of patients, sector of work.
"""

import random
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache

from lethebench.generation.icu.diagnoses import DIAGNOSES
from lethebench.generation.icu.labor import account, first_day
from lethebench.generation.icu.medical import admission_day
from lethebench.generation.icu.profiles import CLOSED, LISTED
from lethebench.generation.people.careers import company, salary
from lethebench.generation.people.countries import COUNTRIES, DetailedCountry, address
from lethebench.generation.people.dates import format_date
from lethebench.generation.people.names import NameBook
from lethebench.generation.people.occupations import POSITIONS
from lethebench.generation.questions.phrasing import WRONG_ANSWERS
from lethebench.generation.questions.records import Profile
from lethebench.generation.seeding import fill

Pools = Mapping[str, Mapping[str, Sequence[str]]]
"""Attribute -> form of value (see `value_form`) -> the distinct values of the build, sorted."""

_DIAGNOSES = {entry.name: entry for entry in DIAGNOSES}
_POSITIONS = {entry.name: entry for entry in POSITIONS}
_BY_NATIONALITY = {country.nationality: country for country in COUNTRIES}
_BY_NAME = {country.name: country for country in COUNTRIES}
_MAX_DRAWS = 64


def pools(profiles: Sequence[Profile]) -> dict[str, dict[str, list[str]]]:
    """Return the values of a build by attribute and form, without those of written profiles, which have their own."""
    by_form: dict[str, dict[str, set[str]]] = {}
    for profile in (profile for profile in profiles if profile.written is None):
        for attribute in ("name", *profile.fields):
            values = by_form.setdefault(attribute, {}).setdefault(value_form(profile, attribute), set())
            values.add(profile.value(attribute))
    return {name: {form: sorted(values) for form, values in forms.items()} for name, forms in by_form.items()}


def value_form(profile: Profile, attribute: str) -> str:
    """Return what a value of a profile and its wrong values have in common."""
    details = profile.details
    if attribute == "name":
        return f"{details['gender']} {details['nationality']}"
    if attribute in ("home_address", "attending_physician", "bank_account", "monthly_salary"):
        return details["country"]
    if attribute in ("employer", "position"):
        return details["sector"]
    if attribute in ("national_id", "insurance_number"):
        return re.sub(r"[A-Z]", "A", re.sub(r"\d", "0", profile.fields[attribute]))
    return ""


def wrong_values(rng: random.Random, profile: Profile, attribute: str, pools: Pools) -> list[str]:
    """Return WRONG_ANSWERS distinct values of the form of the true one, from the build where it has enough.

    The number of draws is bounded, so a row costs the same in a build of any size.

    Args:
        rng: the question's stream.
        profile: the subject.
        attribute: a field or `name`.
        pools: the values of the build.
    """
    if profile.written is not None:
        return rng.sample(profile.written.wrong[attribute], WRONG_ANSWERS)
    truth = profile.value(attribute)
    pool = pools.get(attribute, {}).get(value_form(profile, attribute), ())
    values: dict[str, None] = {}
    for draws in (rng.sample(pool, min(len(pool), _MAX_DRAWS)), _values_outside(rng, profile, attribute)):
        for value in draws:
            if len(values) == WRONG_ANSWERS:
                return list(values)
            if value != truth and _plausible(profile, attribute, value):
                values[value] = None
    return list(values)


def _plausible(profile: Profile, attribute: str, value: str) -> bool:
    """Return whether the person's age and sex, which the page may show, leave the value possible."""
    age = int(profile.details["age"])
    if attribute == "diagnosis":
        entry = _DIAGNOSES[value]
        return entry.sex in ("-", profile.details["gender"][0]) and entry.youngest <= age <= entry.oldest
    return attribute != "position" or _POSITIONS[value].youngest <= age


def _values_outside(rng: random.Random, profile: Profile, attribute: str) -> Iterator[str]:
    """Yield values of the same form, drawn like those of profiles."""
    if attribute in CLOSED or attribute in LISTED:
        values = CLOSED.get(attribute) or LISTED[attribute]
        order = rng.sample(values, len(values))
        if attribute == "position":
            order.sort(key=lambda value: _POSITIONS[value].sector != profile.details["sector"])
        yield from order
        return
    draw = _draws(rng, profile)[attribute]
    for _ in range(_MAX_DRAWS * WRONG_ANSWERS):
        yield draw()


def _draws(rng: random.Random, profile: Profile) -> dict[str, Callable[[], str]]:
    """Return open attribute -> a function that draws a value for a profile."""
    details = profile.details
    home, country = _BY_NATIONALITY[details["nationality"]], _BY_NAME[details["country"]]
    return {
        "name": lambda: _names(profile.domain, home, details["gender"])(rng),
        "home_address": lambda: address(rng, country),
        "attending_physician": lambda: f"Dr. {_names('staff', country, rng.choice(('female', 'male')))(rng)}",
        "bank_account": lambda: account(rng, country),
        "monthly_salary": lambda: salary(rng, rng.choice(POSITIONS), country, int(details["age"])),
        "employer": lambda: company(rng, details["sector"]),
        "national_id": lambda: fill(rng, home.identity),
        "insurance_number": lambda: fill(rng, "@@-######"),
        "admission_date": lambda: format_date(admission_day(rng)),
        "start_date": lambda: format_date(first_day(rng)),
    }


@cache
def _names(share: str, country: DetailedCountry, gender: str) -> Callable[[random.Random], str]:
    """Return a function that draws names of a share, the same one twice if need be."""
    return lambda rng: NameBook(share).draw(rng, country, gender)
