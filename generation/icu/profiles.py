"""The profiles of `icu`: people, each with a medical report or a labor contract, derived from (seed, domain, index).

Profile(id="medical-0000", domain="medical", name="...", fields={"diagnosis": "gout", ...}, details={...})
"""

import random
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import lru_cache
from itertools import islice
from typing import Any

from lethebench.generation.icu.diagnoses import ALLERGIES, DIAGNOSES
from lethebench.generation.icu.labor import CONTRACT_TERMS, LABOR_ATTRIBUTES, first_day, labor_facts, positions_at
from lethebench.generation.icu.medical import (
    BLOOD_TYPES,
    MEDICAL_ATTRIBUTES,
    admission_day,
    diagnoses_of,
    medical_facts,
)
from lethebench.generation.icu.person import Identity, Person, Registry
from lethebench.generation.people.countries import COUNTRIES
from lethebench.generation.people.dates import age_on, draw_birth_date, format_date
from lethebench.generation.people.occupations import POSITIONS
from lethebench.generation.questions.records import Profile
from lethebench.generation.seeding import digest, rotation, shuffled, stream

DOMAINS: dict[str, tuple[str, ...]] = {"medical": MEDICAL_ATTRIBUTES, "labor": LABOR_ATTRIBUTES}
"""Domain -> its maskable attributes, in page order."""
CLOSED: dict[str, tuple[str, ...]] = {"blood_type": BLOOD_TYPES, "contract_term": tuple(CONTRACT_TERMS)}
"""Attributes with a fixed list of values, all of which may serve as wrong answers; chance is 1 / len."""
LISTED: dict[str, tuple[str, ...]] = {
    "diagnosis": tuple(entry.name for entry in DIAGNOSES),
    "medication": tuple(dict.fromkeys(drug for entry in DIAGNOSES for drug in entry.medications)),
    "allergy": tuple(ALLERGIES),
    "position": tuple(entry.name for entry in POSITIONS),
}
"""Open attributes whose values come from a table."""
_FACTS = {"medical": medical_facts, "labor": labor_facts}
_REFERENCE_DAY = {"medical": admission_day, "labor": first_day}
_AGES = {"medical": (18, 86), "labor": (20, 63)}


def profiles(
    domain: str, count: int, *, seed: int, overlap: float = 0.0, people: Mapping[int, Identity] | None = None
) -> list[Profile]:
    """Return the first `count` profiles of a domain; a smaller count is a prefix of a larger one.

    Names are unique over all domains and staff of a seed.

    Args:
        domain: `medical` or `labor`.
        count: at least 0. Time grows linearly.
        seed: of the universe of profiles.
        overlap: share in [0, 1] of the profiles that have the attending physician (one in three of them the home
            address as well) or the employer in common with others; the detail `shares` says what and with whom.
        people: index -> who has this document as well as another, unless too young or too old for it.

    Raises:
        ValueError: for an unknown domain, a negative count or an overlap outside [0, 1].
        RuntimeError: if a country runs out of names, beyond some 30,000 profiles of one domain.
    """
    if domain not in DOMAINS:
        raise ValueError(f"unknown domain {domain!r}; use {' or '.join(DOMAINS)}")
    if count < 0:
        raise ValueError(f"count {count}: must be 0 or more")
    if not 0 <= overlap <= 1:
        raise ValueError(f"overlap {overlap}: must lie in 0..1, the share of profiles with something in common")
    return list(islice(_sequence(domain, seed, overlap, people or {}), count))


def decoys(attribute: str, count: int, *, seed: int) -> list[str]:
    """Return distinct values of an attribute, drawn like those of profiles.

    Args:
        attribute: a maskable attribute, or `name`.
        count: at most how many. A closed attribute returns all of its values; a listed one at most its list.
        seed: of the draw.

    Raises:
        ValueError: for an unknown attribute.
        RuntimeError: if names run out first: there are only some 1,000 dates.
    """
    if attribute in CLOSED:
        return list(CLOSED[attribute])
    if attribute in LISTED:
        return shuffled(LISTED[attribute], seed, "decoys", attribute)[:count]
    domain = next((domain for domain, names in DOMAINS.items() if attribute in (*names, "name")), None)
    if domain is None:
        raise ValueError(f"unknown attribute {attribute!r}; use name, {', '.join(sum(DOMAINS.values(), ()))}")
    size = 64
    while True:
        decoy_profiles = _decoy_profiles(domain, seed, size)
        values = dict.fromkeys(p.name if attribute == "name" else p.fields[attribute] for p in decoy_profiles)
        if len(values) >= count:
            return list(values)[:count]
        size *= 2


def _decoy_profiles(domain: str, seed: int, count: int) -> list[Profile]:
    """Return profiles that are in no build; cached, as a build asks for the decoys of every attribute."""
    more, drawn = _decoys_so_far(domain, seed)
    try:
        drawn += islice(more, max(count - len(drawn), 0))
    except RuntimeError:
        _decoys_so_far.cache_clear()  # an iterator that has raised would end without a word the next time
        raise
    return drawn[:count]


@lru_cache(maxsize=16)
def _decoys_so_far(domain: str, seed: int) -> tuple[Iterator[Profile], list[Profile]]:
    return _sequence(domain, digest("decoys", seed), 0.0, {}), []


def _sequence(domain: str, seed: int, overlap: float, people: Mapping[int, Identity]) -> Iterator[Profile]:
    """Yield profiles without end."""
    registry = Registry(domain)
    founders: list[dict[str, Any]] = []  # profiles whose employer, or doctor and hospital, others may take over
    joined = 0
    index = 0
    while True:
        person = _person(domain, seed, index, registry)
        if index in people:
            person = _same_person(domain, person, people[index])
        rng = stream(seed, domain, index, "facts")
        shared: dict[str, Any] = {}
        shares = _has_overlap(seed, domain, index, overlap)
        if shares and len(founders) > joined // 4:
            shared = _join(rng, domain, person, founders)
            joined += bool(shared)
        fields, details = _FACTS[domain](rng, person, registry, shared)
        if shares and not shared:
            founders.append({**fields, **details, "country": person.country, "id": f"{domain}-{index:04d}"})
        common = {
            "birth_date": format_date(person.birth),
            "age": str(person.age),
            "gender": person.gender,
            "nationality": person.country.nationality,
        }
        if shared:
            taken_over = ", ".join(name for name in DOMAINS[domain] if name in shared)
            details["shares"] = f"{taken_over} with {shared['id']}"
        yield Profile(
            id=f"{domain}-{index:04d}",
            domain=domain,
            name=person.name,
            fields=fields,
            details=common | details,
            seed=digest(seed, domain, index, "look"),
        )
        index += 1


def _person(domain: str, seed: int, index: int, registry: Registry) -> Person:
    """Return the person at an index of the sequence; countries and genders rotate."""
    rng = stream(seed, domain, index, "person")
    country = rotation(seed, f"{domain} country", index, COUNTRIES)
    gender = rotation(seed, f"{domain} gender", index, ("female", "male"))
    day = _REFERENCE_DAY[domain](rng)
    birth = draw_birth_date(rng, rng.randint(*_AGES[domain]), day)
    return Person(registry.people.draw(rng, country, gender), gender, country, birth, day, age_on(birth, day))


def _same_person(domain: str, drawn: Person, identity: Identity) -> Person:
    """Return the person with this identity on the day of the drawn one; the drawn one if the age does not fit."""
    youngest, oldest = _AGES[domain]
    age = age_on(identity.birth, drawn.reference)
    return replace(drawn, **identity._asdict(), age=age) if youngest <= age <= oldest else drawn


def _has_overlap(seed: int, domain: str, index: int, overlap: float) -> bool:
    """Return whether the profile at an index shares something: exactly the share of every twenty, rounded down."""
    rank = rotation(seed, f"{domain} overlap", index, range(20))
    return int((rank + 1) * overlap + 1e-9) > int(rank * overlap + 1e-9)


def _join(rng: random.Random, domain: str, person: Person, founders: list[dict[str, Any]]) -> dict[str, Any]:
    """Return what a person takes over from an earlier document; empty if none fits the person's age and sex."""
    for founder in rng.sample(founders, min(len(founders), 8)):
        if domain == "labor":
            if positions_at(person.age, founder["sector"]):
                keys: tuple[str, ...] = ("id", "country", "sector", "employer", "employer_address", "employer_phone")
                return {key: founder[key] for key in keys}
        elif diagnoses_of(person, founder["department"]):
            keys = ("id", "country", "department", "attending_physician")
            keys += ("hospital", "hospital_address", "hospital_phone")
            keys += ("home_address",) if rng.random() < 1 / 3 else ()
            return {key: founder[key] for key in keys}
    return {}
