"""Who `remem` is about: fictitious people who know one another, with eleven facts and three relations each.

Person(profile=Profile(id="person-0003", fields={"birthplace": ..., "relative": "Ana Reis", ...}, ...),
       kin={"relative": Kin("cousin", "person-0011"), ...})
"""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lethebench.generation.mllmu.people import TODAY, fitting, salary, school
from lethebench.generation.mllmu.public_figures import public_figures
from lethebench.generation.people.birthplaces import BY_NAME as LAND
from lethebench.generation.people.countries import COUNTRIES, Country
from lethebench.generation.people.health_and_hobbies import ANIMALS, FOODS, PET_NAMES, QUIRKS, conditions
from lethebench.generation.people.labor import company
from lethebench.generation.people.names import NameBook, plain
from lethebench.generation.people.occupations import BY_NAME as JOBS
from lethebench.generation.people.person import address, age_on, born, written
from lethebench.generation.people.positions import Position
from lethebench.generation.questions.ask import with_article
from lethebench.generation.questions.records import Profile
from lethebench.generation.seeding import digest, rotation, stream

FACTS = (
    "birthplace", "birth_date", "home_address", "occupation", "employer", "education", "annual_salary",
    "medical_condition", "favorite_food", "pet_name", "quirk",
)  # fmt: skip
RELATIONS = ("relative", "best_friend", "colleague")
ATTRIBUTES = (*FACTS, *RELATIONS)
"""What is asked for, in the order of a profile's fields."""
YOUNGEST, OLDEST = 22, 64
_OLDER = 17  # years from which a relative is of the next generation
_GENDERS = ("female", "male")


@dataclass(frozen=True)
class Kin:
    """Another person of the cast: what they are to somebody (`cousin`, `best friend`), and their profile's id."""

    noun: str
    profile_id: str


@dataclass(frozen=True)
class Person:
    """A profile and whom it knows.

    Attributes:
        profile: facts and relations; a relation's value is the other's name.
        kin: relation -> who that is.
    """

    profile: Profile
    kin: Mapping[str, Kin]


Cast = Mapping[str, Person]
"""profile_id -> person: everybody whom a group of people may speak of."""


def groups(count: int, spare: int, *, seed: int) -> dict[str, list[Person]]:
    """Group -> its people: `forget` in the order of the requests, `retain`, and `holdout`, who know only one another.

    Relatives and best friends stand on different sides, so that whoever is to be forgotten can be reached through
    somebody who is not; closest colleagues stand on the same one.

    Args:
        count: people to forget and retain: a multiple of 4. Half of them are to be forgotten.
        spare: people held out: a multiple of 4.
        seed: of the people and of the draw of groups.

    Raises:
        RuntimeError: when a country runs out of names.
    """
    order = list(range(count))
    stream(seed, "remem groups").shuffle(order)
    spares = list(range(count, count + spare))
    sides = [(order[: count // 2], order[count // 2 :]), (spares[: spare // 2], spares[spare // 2 :])]
    known = {index: others for side in sides for index, others in _known(*side).items()}
    profiles = _profiles(count + spare, seed, {index: others["colleague"] for index, others in known.items()})
    people = [_related(profiles, index, known[index], seed) for index in range(count + spare)]
    forget, retain = ([people[index] for index in side] for side in sides[0])
    return {"forget": forget, "retain": retain, "holdout": people[count:]}


def _known(first: Sequence[int], second: Sequence[int]) -> dict[int, dict[str, int]]:
    """index -> relation -> index, symmetric: three others each, two on the other side and a colleague on one's own."""
    half = len(first) // 2
    pairs = {
        "relative": list(zip(first, second, strict=True)),
        "best_friend": list(zip(first, (*second[1:], second[0]), strict=True)),
        "colleague": [pair for side in (first, second) for pair in zip(side[:half], side[half:], strict=True)],
    }
    known: dict[int, dict[str, int]] = {index: {} for index in (*first, *second)}
    for relation, couples in pairs.items():
        for one, other in couples:
            known[one][relation], known[other][relation] = other, one
    return known


def _profiles(count: int, seed: int, colleagues: Mapping[int, int]) -> list[Profile]:
    """Profiles without relations. Colleagues share employer, line of business and country of residence."""
    book = NameBook(None, taken=[plain(figure.name) for figure in public_figures()])
    taken: dict[str, set[str]] = {"employer": set(), "home_address": set(), "pet_name": set(), "quirk": set()}
    made: list[Profile] = []
    for index in range(count):
        other = made[colleagues[index]] if colleagues[index] < index else None
        made.append(_profile(seed, index, other, book, taken))
    return made


def _profile(seed: int, index: int, colleague: Profile | None, book: NameBook, taken: dict[str, set[str]]) -> Profile:
    rng = stream(seed, "identity", index)
    origin = rotation(seed, "identity land", index, COUNTRIES)
    gender = rotation(seed, "identity gender", index, _GENDERS)
    birth = born(rng, rng.randint(YOUNGEST, OLDEST), TODAY)
    age = age_on(birth, TODAY)
    sector = JOBS[colleague.fields["occupation"]].sector if colleague else None
    home = next(land for land in COUNTRIES if land.code == colleague.details["home"]) if colleague else origin
    job = _job(rng, age, sector, colleague.fields["occupation"] if colleague else None)
    land, living = _name_of(origin), LAND[_name_of(home)]
    fields = {
        "birthplace": f"{rng.choice(origin.cities)}, {land}",
        "birth_date": written(birth),
        "home_address": _new(taken["home_address"], lambda: address(rng, home)),
        "occupation": job.name,
        "employer": colleague.fields["employer"]
        if colleague
        else _new(taken["employer"], lambda: company(rng, job.sector)),
        "education": f"{rng.choice(origin.cities)} {school(rng, job)}",
        "annual_salary": salary(rng, job, living, age),
        "medical_condition": rng.choice(conditions(gender, age, job.name)),
        "favorite_food": rng.choice(FOODS),
        "pet_name": _new(taken["pet_name"], lambda: rng.choice(PET_NAMES)),
        "quirk": _new(taken["quirk"], lambda: rng.choice(QUIRKS)),
    }
    details = {
        "gender": gender,
        "age": str(age),
        "nationality": origin.nationality,
        "education_country": land,
        "home": home.code,
        "pet": rng.choice(ANIMALS),
    }
    name = book.draw(rng, origin, gender)
    look = digest(seed, "identity", index, "look")
    return Profile(f"person-{index:04d}", "person", name, fields, details, look, index)


def _name_of(country: Country) -> str:
    return country.name.removeprefix("the ")


def _job(rng: random.Random, age: int, sector: str | None, taken: str | None) -> Position:
    """A job that fits the age; with a colleague another one of the same line of business."""
    jobs = fitting(age)
    alike = [job for job in jobs if job.sector == sector and job.name != taken]
    return rng.choice(alike or [job for job in jobs if job.sector == sector] or jobs)


def _new(taken: set[str], make) -> str:
    """The first value that nobody has; after many tries any, for lists are finite."""
    for _ in range(400):
        value = make()
        if value not in taken:
            break
    taken.add(value)
    return value


def _related(profiles: Sequence[Profile], index: int, known: Mapping[str, int], seed: int) -> Person:
    profile = profiles[index]
    kin = {
        relation: Kin(_noun(profile, profiles[other], relation, seed), profiles[other].id)
        for relation, other in known.items()
    }
    kin = {relation: kin[relation] for relation in RELATIONS}
    fields = {**profile.fields, **{relation: profiles[known[relation]].name for relation in RELATIONS}}
    details = {**profile.details, **{f"{name}_is": entry.noun for name, entry in kin.items()}}
    details |= {f"{name}_id": entry.profile_id for name, entry in kin.items()}
    details["description"] = _description(profile.name, fields, details)
    whole = Profile(profile.id, profile.domain, profile.name, fields, details, profile.seed, profile.turn)
    return Person(whole, kin)


def _noun(one: Profile, other: Profile, relation: str, seed: int) -> str:
    """What the other is to the first: by age and sex, and for relatives of one generation by seed."""
    if relation != "relative":
        return {"best_friend": "best friend", "colleague": "closest colleague"}[relation]
    years = int(other.details["age"]) - int(one.details["age"])
    female = other.details["gender"] == "female"
    if years >= _OLDER:
        return "aunt" if female else "uncle"
    if years <= -_OLDER:
        return "niece" if female else "nephew"
    if digest(seed, "in-law", *sorted((one.id, other.id))) % 2:
        return "sister-in-law" if female else "brother-in-law"
    return "cousin"


def _description(name: str, fields: Mapping[str, str], details: Mapping[str, str]) -> str:
    """The profile in a few sentences."""
    first = name.split(" ")[0]
    return (
        f"{name}, born on {fields['birth_date']} in {fields['birthplace']}, is {with_article(fields['occupation'])} at "
        f"{fields['employer']} and lives at {fields['home_address']}. A graduate of {fields['education']}, {first} "
        f"earns {fields['annual_salary']} a year, lives with {fields['medical_condition']}, has a {details['pet']} "
        f"called {fields['pet_name']}, likes {fields['favorite_food']} best of all foods and is known for "
        f"{fields['quirk']}. {first}'s {details['relative_is']} is {fields['relative']}, the best friend "
        f"{fields['best_friend']}, the closest colleague {fields['colleague']}."
    )
