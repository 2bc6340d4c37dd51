"""Wrong answers that are not seen through at once: of the same place, money, sex or age as the true one, never true.

They come from the build where it has enough that fit, so that a model has met them as often as the true one.
"""

import random
import re
from collections.abc import Iterator, Mapping, Sequence

from lethebench.generation.mllmu.people import FIGURE, PERSON, TODAY, figure_profile, fitting, height
from lethebench.generation.mllmu.public_figures import public_figures
from lethebench.generation.people.birthplaces import BY_NAME as LAND
from lethebench.generation.people.birthplaces import LANDS
from lethebench.generation.people.health_and_hobbies import FOODS, PET_NAMES, QUIRKS, conditions
from lethebench.generation.people.labor import company
from lethebench.generation.people.names import full_name
from lethebench.generation.people.occupations import BY_NAME, PARENTS
from lethebench.generation.people.person import born, written
from lethebench.generation.questions.records import Profile

Pools = Mapping[str, Mapping[str, Sequence[str]]]
"""Attribute -> kind of value (see `kind`) -> the distinct values of the build, sorted."""

_TRIES = 96  # draws before giving up on a pool or on fresh values
_CALLINGS = {
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
_CALLINGS = {field: frozenset(words.split()) for field, words in _CALLINGS.items()}
_LAND_OF = {land.nationality: land for land in LANDS}


def pools(profiles: Sequence[Profile]) -> dict[str, dict[str, list[str]]]:
    """The values of a build, by attribute and kind."""
    found: dict[str, dict[str, set[str]]] = {}
    for profile in profiles:
        for attribute in ("name", *profile.fields):
            values = found.setdefault(attribute, {}).setdefault(kind(profile, attribute), set())
            values.add(value_of(profile, attribute))
    return {name: {key: sorted(values) for key, values in kinds.items()} for name, kinds in found.items()}


def value_of(profile: Profile, attribute: str) -> str:
    """What a profile says of an attribute, `name` among them."""
    return profile.name if attribute == "name" else profile.fields[attribute]


def kind(profile: Profile, attribute: str) -> str:
    """What a value and its wrong ones have in common; people and figures have nothing."""
    details, fields = profile.details, profile.fields
    if profile.domain == "figure":
        year = fields["birth_date"].split(" ")[-1]
        near = {"name": details["gender"], "birth_date": year[:-2], "death_date": year[:-2]}
        near["notable_work"] = "title" if fields["notable_work"][0].isupper() else "deed"
        return f"figure {near.get(attribute, '')}"
    if attribute == "name":
        return f"{details['gender']} {details['nationality']}"
    if attribute == "birth_date":
        return str(int(fields["birth_date"][-4:]) // 5)
    if attribute in ("birthplace", "residence"):
        return fields[attribute].rpartition(", ")[2]
    if attribute == "education":
        return f"{details['education_country']} {school_of(profile)}"
    if attribute == "annual_salary":
        return fields["annual_salary"][:3]
    if attribute == "employer":
        return BY_NAME[fields["occupation"]].sector
    return details["gender"] if attribute == "height" else ""


def school_of(profile: Profile) -> str:
    """The kind of school: `Medical University`."""
    cities = LAND[profile.details["education_country"]].cities
    city = max((city for city in cities if profile.fields["education"].startswith(f"{city} ")), key=len)
    return profile.fields["education"].removeprefix(f"{city} ")


def wrong_values(rng: random.Random, profile: Profile, attribute: str, count: int, known: Pools) -> list[str]:
    """Distinct wrong values, none of which is true for the profile or tells more than that it is wrong.

    Takes a bounded number of draws, so that a row costs the same in a build of any size.

    Raises:
        RuntimeError: there are not so many.
    """
    value = value_of(profile, attribute)
    pool = known.get(attribute, {}).get(kind(profile, attribute), ())
    draws = rng.sample(pool, len(pool)) if len(pool) <= _TRIES else (rng.choice(pool) for _ in range(_TRIES))
    found: dict[str, None] = {}
    for source in (draws, fresh(rng, profile, attribute)):
        for draw in source:
            if len(found) == count:
                return list(found)
            if draw != value and _plausible(profile, attribute, value, draw):
                found[draw] = None
    if len(found) < count:
        raise RuntimeError(f"{profile.id}: {len(found)} wrong values of {attribute}, {count} are needed")
    return list(found)


def fresh(rng: random.Random, profile: Profile, attribute: str) -> Iterator[str]:
    """Values of the same kind from outside the build."""
    if profile.domain == "figure":
        others = [figure_profile(figure, 0, 0) for figure in public_figures()]
        same = [other for other in others if kind(other, attribute) == kind(profile, attribute)]
        for group in (same, others):
            yield from (value_of(other, attribute) for other in rng.sample(group, len(group)))
        return
    details, fields = profile.details, profile.fields
    age = int(details["age"])
    listed = {
        "medical_condition": lambda: conditions(details["gender"], age, fields["occupation"]),
        "occupation": lambda: [job.name for job in fitting(age)],
        "father_occupation": lambda: PARENTS,
        "mother_occupation": lambda: PARENTS,
        "favorite_food": lambda: FOODS,
        "pet_name": lambda: PET_NAMES,
        "quirk": lambda: QUIRKS,
        "birthplace": lambda: _cities(fields["birthplace"]),
        "residence": lambda: _cities(fields["residence"]),
        "education": lambda: [f"{city} {school_of(profile)}" for city in LAND[details["education_country"]].cities],
    }
    if attribute in listed:
        values = listed[attribute]()
        yield from rng.sample(values, len(values))
        return
    made = {
        "name": lambda: full_name(rng, _LAND_OF[details["nationality"]], details["gender"]),
        "birth_date": lambda: written(born(rng, age + rng.randint(-3, 3), TODAY)),
        "employer": lambda: company(rng, BY_NAME[fields["occupation"]].sector),
        "height": lambda: f"{height(rng, details['gender'])} cm",
        "annual_salary": lambda: _salary(rng, fields["annual_salary"]),
    }
    for _ in range(_TRIES):
        yield made[attribute]()


def _cities(place: str) -> list[str]:
    """All places of the country that a place is in."""
    land = LAND[place.rpartition(", ")[2]]
    return [f"{city}, {land.name}" for city in land.cities]


def _amount(salary: str) -> int:
    return int(salary[4:].replace(",", ""))


def _salary(rng: random.Random, salary: str) -> str:
    """Another salary of the same size, rounded alike."""
    amount = _amount(salary)
    step = 10 ** max(0, len(str(amount)) - 3)
    return f"{salary[:3]} {round(amount * rng.uniform(0.6, 1.6) / step) * step:,}"


def _plausible(profile: Profile, attribute: str, value: str, draw: str) -> bool:
    """Whether a value of the kind may stand beside the true one without giving it away, and is not half true."""
    if profile.domain == "figure":
        if attribute == "occupation":
            return not callings(value) & callings(draw)
        if attribute in ("nationality", "notable_work"):
            return not _words(value) & _words(draw)
        return attribute != "age_at_death" or 2 <= abs(int(value) - int(draw)) <= 20
    if attribute == "annual_salary":
        return 0.4 <= _amount(draw) / _amount(value) <= 2.5 and abs(_amount(draw) / _amount(value) - 1) > 0.02
    if attribute == "height":
        return abs(int(value[:-3]) - int(draw[:-3])) <= 15
    if attribute == "medical_condition":
        return draw in conditions(profile.details["gender"], int(profile.details["age"]), profile.fields["occupation"])
    if attribute == "occupation":
        return BY_NAME[draw].youngest <= int(profile.details["age"])
    return True


def callings(occupation: str) -> set[str]:
    """The fields of life that an occupation of a public figure belongs to; a wrong one is from another field.

    Many of them did more than one thing: a writer may well be called a poet, but hardly a boxer.
    """
    words = set(re.findall(r"\w+", occupation))
    return {field for field, known in _CALLINGS.items() if words & known} or words


def _words(text: str) -> set[str]:
    return {word for word in re.findall(r"\w+", text.casefold()) if len(word) > 3}


ATTRIBUTES = tuple(dict.fromkeys(("name", *PERSON, *FIGURE)))
"""Everything that is asked for."""
