"""The people of `remem`: fictitious people who know one another, with eleven facts and three relations each.

Person(profile=Profile(id="person-0003", fields={"birthplace": ..., "relative": "Ana Reis", ...}, ...),
       kin={"relative": Kin("cousin", "person-0011"), ...})
"""

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from lethebench.generation.people.careers import company, occupations_at, salary, school
from lethebench.generation.people.countries import COUNTRIES, DetailedCountry, address
from lethebench.generation.people.dates import TODAY, age_on, draw_birth_date, format_date
from lethebench.generation.people.health_and_hobbies import ANIMALS, FOODS, PET_NAMES, QUIRKS, conditions
from lethebench.generation.people.names import NameBook, plain
from lethebench.generation.people.occupations import OCCUPATION_BY_NAME, Position
from lethebench.generation.people.public_figures import public_figures
from lethebench.generation.questions.phrasing import with_article
from lethebench.generation.questions.records import Profile
from lethebench.generation.seeding import digest, rotation, shuffled, stream

FACTS = (
    "birthplace", "birth_date", "home_address", "occupation", "employer", "education", "annual_salary",
    "medical_condition", "favorite_food", "pet_name", "quirk",
)  # fmt: skip
RELATIONS = ("relative", "best_friend", "colleague")
ATTRIBUTES = (*FACTS, *RELATIONS)
"""What is asked for, in the order of a profile's fields."""
YOUNGEST, OLDEST = 22, 64
_GENERATION_GAP = 17  # years from which a relative is of another generation
COUNTRY_BY_CODE = {country.code: country for country in COUNTRIES}


@dataclass(frozen=True)
class Kin:
    """A related person: the noun for the relation (`cousin`, `best friend`) and the id of the profile."""

    noun: str
    profile_id: str


@dataclass(frozen=True)
class Person:
    """A profile with its relations.

    Attributes:
        profile: facts and relations; the value of a relation is the other's name.
        kin: relation -> the related person.
    """

    profile: Profile
    kin: Mapping[str, Kin]


Cast = Mapping[str, Person]
"""profile_id -> person, of everybody whom the questions of a build may mention."""


def groups(count: int, spare: int, *, seed: int) -> dict[str, list[Person]]:
    """Return group -> people: `forget` in the order of the requests, `retain`, and `holdout`, related among themselves.

    Relatives and best friends are in opposite groups, so that a person to forget can be reached through a retained one;
    colleagues are in the same group.

    Args:
        count: people to forget and retain, half each: a multiple of 4.
        spare: people held out: a multiple of 4.
        seed: of the people and of the draw of groups.

    Raises:
        RuntimeError: if a country runs out of names.
    """
    order = shuffled(range(count), seed, "remem groups")
    forget, retain = order[: count // 2], order[count // 2 :]
    holdout = list(range(count, count + spare))
    relations = _relations(forget, retain) | _relations(holdout[: spare // 2], holdout[spare // 2 :])
    profiles = _profiles(count + spare, seed, {index: related["colleague"] for index, related in relations.items()})
    people = [_with_relations(profiles, index, relations[index], seed) for index in range(count + spare)]
    indices = {"forget": forget, "retain": retain, "holdout": holdout}
    return {group: [people[index] for index in members] for group, members in indices.items()}


def _relations(first: Sequence[int], second: Sequence[int]) -> dict[int, dict[str, int]]:
    """Return index -> relation -> index, symmetric: relative and friend in the other group, colleague in the same."""
    half = len(first) // 2
    pairs = {
        "relative": list(zip(first, second, strict=True)),
        "best_friend": list(zip(first, (*second[1:], second[0]), strict=True)),
        "colleague": [pair for group in (first, second) for pair in zip(group[:half], group[half:], strict=True)],
    }
    relations: dict[int, dict[str, int]] = {index: {} for index in (*first, *second)}
    for relation, couples in pairs.items():
        for one, other in couples:
            relations[one][relation], relations[other][relation] = other, one
    return relations


def _profiles(count: int, seed: int, colleagues: Mapping[int, int]) -> list[Profile]:
    """Return profiles without relations. Colleagues share employer, sector and country of residence."""
    book = NameBook(None, [plain(figure.name) for figure in public_figures()])
    used: dict[str, set[str]] = {"employer": set(), "home_address": set(), "pet_name": set(), "quirk": set()}
    profiles: list[Profile] = []
    for index in range(count):
        colleague = profiles[colleagues[index]] if colleagues[index] < index else None
        profiles.append(_profile(seed, index, colleague, book, used))
    return profiles


def _profile(seed: int, index: int, colleague: Profile | None, book: NameBook, used: Mapping[str, set[str]]) -> Profile:
    rng = stream(seed, "identity", index)
    origin = rotation(seed, "identity land", index, COUNTRIES)
    gender = rotation(seed, "identity gender", index, ("female", "male"))
    birth = draw_birth_date(rng, rng.randint(YOUNGEST, OLDEST), TODAY)
    age = age_on(birth, TODAY)
    home: DetailedCountry = COUNTRY_BY_CODE[colleague.details["home"]] if colleague else origin
    job = _job(rng, age, colleague)
    birthplace = f"{rng.choice(origin.cities)}, {origin.name}"
    home_address = _unused(used["home_address"], lambda: address(rng, home))
    employer = colleague.fields["employer"] if colleague else ""
    fields = {
        "birthplace": birthplace,
        "birth_date": format_date(birth),
        "home_address": home_address,
        "occupation": job.name,
        "employer": employer or _unused(used["employer"], lambda: company(rng, job.sector)),
        "education": f"{rng.choice(origin.cities)} {school(rng, job)}",
        "annual_salary": salary(rng, job, home, age, months=12),
        "medical_condition": rng.choice(conditions(gender, age, job.name)),
        "favorite_food": rng.choice(FOODS),
        "pet_name": _unused(used["pet_name"], lambda: rng.choice(PET_NAMES)),
        "quirk": _unused(used["quirk"], lambda: rng.choice(QUIRKS)),
    }
    details = {
        "gender": gender,
        "age": str(age),
        "nationality": origin.nationality,
        "education_country": origin.name,
        "home": home.code,
        "pet": rng.choice(ANIMALS),
    }
    name = book.draw(rng, origin, gender)
    look = digest(seed, "identity", index, "look")
    return Profile(f"person-{index:04d}", "person", name, fields, details, look, index)


def _job(rng: random.Random, age: int, colleague: Profile | None) -> Position:
    """Draw an occupation that fits the age and, with a colleague, another one of the same sector if there is one."""
    jobs = occupations_at(age)
    if colleague:
        occupation = OCCUPATION_BY_NAME[colleague.fields["occupation"]]
        in_sector = [job for job in jobs if job.sector == occupation.sector]
        jobs = [job for job in in_sector if job != occupation] or in_sector or jobs
    return rng.choice(jobs)


def _unused(used: set[str], draw: Callable[[], str]) -> str:
    """Return the first unused value, or any after many draws: lists are finite."""
    for _ in range(400):
        value = draw()
        if value not in used:
            break
    used.add(value)
    return value


def rewritten(
    groups: Mapping[str, Sequence[Person]], profiles: Mapping[str, Profile], translate: Callable[[str], str]
) -> dict[str, list[Person]]:
    """Return the people of each group with other profiles of the same ids; relations and shared employers stay.

    Args:
        groups: group -> people.
        profiles: id -> profile.
        translate: returns the noun for a relation in the language of the profiles.
    """
    return {group: [_rewritten(person, profiles, translate) for person in people] for group, people in groups.items()}


def _rewritten(person: Person, profiles: Mapping[str, Profile], translate: Callable[[str], str]) -> Person:
    profile, colleague = (profiles[key] for key in (person.profile.id, person.kin["colleague"].profile_id))
    if profile.written is None or colleague.written is None:  # a dry run
        return person
    fields = {**profile.fields} | {relation: profiles[kin.profile_id].name for relation, kin in person.kin.items()}
    if colleague.turn < profile.turn:
        wrong = {**profile.written.wrong, "employer": colleague.written.wrong["employer"]}
        fields["employer"] = colleague.fields["employer"]
        profile = replace(profile, written=replace(profile.written, wrong=wrong))
    kin = {relation: replace(entry, noun=translate(entry.noun)) for relation, entry in person.kin.items()}
    return Person(replace(profile, fields=fields), kin)


def _with_relations(profiles: Sequence[Profile], index: int, relations: Mapping[str, int], seed: int) -> Person:
    profile = profiles[index]
    related = {relation: profiles[relations[relation]] for relation in RELATIONS}
    kin = {relation: Kin(_noun(profile, other, relation, seed), other.id) for relation, other in related.items()}
    fields = {**profile.fields, **{relation: other.name for relation, other in related.items()}}
    details = {**profile.details, **{f"{relation}_is": entry.noun for relation, entry in kin.items()}}
    details |= {f"{relation}_id": entry.profile_id for relation, entry in kin.items()}
    details["description"] = _description(profile.name, fields, details)
    return Person(replace(profile, fields=fields, details=details), kin)


def _noun(one: Profile, other: Profile, relation: str, seed: int) -> str:
    """Return what the other is to the first: by age and sex, and for relatives of one generation by seed."""
    if relation != "relative":
        return {"best_friend": "best friend", "colleague": "closest colleague"}[relation]
    years = int(other.details["age"]) - int(one.details["age"])
    female = other.details["gender"] == "female"
    if years >= _GENERATION_GAP:
        return "aunt" if female else "uncle"
    if years <= -_GENERATION_GAP:
        return "niece" if female else "nephew"
    if digest(seed, "in-law", *sorted((one.id, other.id))) % 2:
        return "sister-in-law" if female else "brother-in-law"
    return "cousin"


def _description(name: str, fields: Mapping[str, str], details: Mapping[str, str]) -> str:
    """Return the profile in a few sentences."""
    first = name.split(" ")[0]
    return (
        f"{name}, born on {fields['birth_date']} in {fields['birthplace']}, is {with_article(fields['occupation'])} at "
        f"{fields['employer']} and lives at {fields['home_address']}. A graduate of {fields['education']}, {first} "
        f"earns {fields['annual_salary']} a year, lives with {fields['medical_condition']}, has a {details['pet']} "
        f"called {fields['pet_name']}, likes {fields['favorite_food']} best of all foods and is known for "
        f"{fields['quirk']}. {first}'s {details['relative_is']} is {fields['relative']}, the best friend "
        f"{fields['best_friend']}, the closest colleague {fields['colleague']}."
    )
