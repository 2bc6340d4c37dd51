"""The profiles of `mllmu`: fictitious people with consistent facts, and public figures.

Profile(id="person-0042", domain="person", name="...", fields={"birthplace": "Graz, Austria", ...}, details={...})
Profile(id="figure-0004", domain="figure", name="Albert Einstein", fields={"birthplace": "Ulm, Germany", ...}, ...)
"""

import random
import re
from collections.abc import Iterator
from itertools import islice

from lethebench.generation.mllmu.descriptions import describe
from lethebench.generation.people.careers import company, occupations_at, salary, school, schooling_level
from lethebench.generation.people.countries import ALL_COUNTRIES, Country
from lethebench.generation.people.dates import TODAY, age_on, draw_birth_date, format_date
from lethebench.generation.people.health_and_hobbies import ANIMALS, FOODS, PET_NAMES, QUIRKS, conditions, draw_height
from lethebench.generation.people.names import NameBook, plain
from lethebench.generation.people.occupations import PARENT_OCCUPATIONS
from lethebench.generation.people.public_figures import PublicFigure, public_figures
from lethebench.generation.questions.records import Profile
from lethebench.generation.seeding import digest, rotation, stream

YOUNGEST, OLDEST = 19, 66
"""Ages of fictitious people: adults, each with an occupation and a salary."""

PERSON_FIELDS = (
    "birthplace", "birth_date", "occupation", "employer", "height", "education", "annual_salary", "residence",
    "medical_condition", "father_occupation", "mother_occupation", "favorite_food", "pet_name", "quirk",
)  # fmt: skip

# Schooling -> youngest and oldest age at graduation.
_GRADUATION = {"school": (18, 18), "trade": (18, 20), "bachelor": (21, 23), "master": (23, 25), "doctor": (27, 29)}


def people(count: int, *, seed: int) -> list[Profile]:
    """Return the first `count` fictitious people of a seed; a smaller count is a prefix of a larger one.

    Raises:
        RuntimeError: if a country runs out of names, beyond some 20,000 people.
    """
    return list(islice(sequence(seed), count))


def figures(count: int, *, seed: int) -> list[Profile]:
    """Return `count` public figures drawn by seed, in the order of the data file."""
    everyone = public_figures()
    chosen = sorted(stream(seed, "figures").sample(range(len(everyone)), count))
    return [figure_profile(everyone[index], turn, seed) for turn, index in enumerate(chosen)]


def figure_profile(figure: PublicFigure, turn: int, seed: int) -> Profile:
    """Return a public figure as a profile; its id does not give the name away."""
    slug = re.sub(r"[^a-z0-9]+", "-", plain(figure.name)).strip("-")
    number = public_figures().index(figure) + 1
    look = digest(seed, "figure", slug, "look")
    details = {"gender": figure.gender, "source": figure.source}
    fields = {**figure.facts, "description": describe("figure", figure.name, figure.facts, details)[0]}
    return Profile(f"figure-{number:04d}", "figure", figure.name, fields, details, look, turn)


def figure_facts(profile: Profile) -> dict[str, str]:
    """Return the facts of the public figure of a profile, in English also where the profile is translated."""
    return public_figures()[int(profile.id.rpartition("-")[2]) - 1].facts


def sequence(seed: int) -> Iterator[Profile]:
    """Yield fictitious people without end, none with the name of a public figure or the employer of another."""
    book = NameBook(None, [plain(figure.name) for figure in public_figures()])
    births: set[tuple[str, str]] = set()
    employers: set[str] = set()
    index = 0
    while True:
        yield _person(seed, index, book, births, employers)
        index += 1


def _person(seed: int, index: int, book: NameBook, births: set[tuple[str, str]], employers: set[str]) -> Profile:
    rng = stream(seed, "person", index)
    origin = rotation(seed, "person land", index, ALL_COUNTRIES)
    gender = rotation(seed, "person gender", index, ("female", "male"))
    birth = draw_birth_date(rng, rng.randint(YOUNGEST, OLDEST), TODAY)
    age = age_on(birth, TODAY)
    birthplace = f"{rng.choice(origin.cities)}, {origin.name}"
    while (format_date(birth), birthplace) in births:
        birth = draw_birth_date(rng, age, TODAY)
    births.add((format_date(birth), birthplace))
    home, city = _residence(rng, origin, birthplace)
    job = rng.choice(occupations_at(age))
    employer = company(rng, job.sector)
    while employer in employers:
        employer = company(rng, job.sector)
    employers.add(employer)
    youngest, oldest = _GRADUATION[schooling_level(job)]
    graduation_age = rng.randint(youngest, min(oldest, job.youngest))
    school_country = origin if rng.random() < 0.75 else home
    father, mother = rng.sample(PARENT_OCCUPATIONS, 2)
    fields = {
        "birthplace": birthplace,
        "birth_date": format_date(birth),
        "occupation": job.name,
        "employer": employer,
        "height": f"{draw_height(rng, gender)} cm",
        "education": f"{rng.choice(school_country.cities)} {school(rng, job)}",
        "annual_salary": salary(rng, job, home, age, months=12),
        "residence": f"{city}, {home.name}",
        "medical_condition": rng.choice(conditions(gender, age, job.name)),
        "father_occupation": father,
        "mother_occupation": mother,
        "favorite_food": rng.choice(FOODS),
        "pet_name": rng.choice(PET_NAMES),
        "quirk": rng.choice(QUIRKS),
    }
    details = {
        "gender": gender,
        "age": str(age),
        "nationality": origin.nationality,
        "degree": job.education,
        "graduation_year": str(birth.year + graduation_age),
        "education_country": school_country.name,
        "pet": rng.choice(ANIMALS),
    }
    name = book.draw(rng, origin, gender)
    fields["description"] = describe("person", name, fields, details)[0]
    return Profile(f"person-{index:04d}", "person", name, fields, details, digest(seed, "person", index, "look"), index)


def _residence(rng: random.Random, origin: Country, birthplace: str) -> tuple[Country, str]:
    """Draw where somebody lives: about half abroad, some in the city of birth."""
    draw = rng.random()
    if draw < 0.15:
        return origin, birthplace.partition(",")[0]
    home = origin if draw < 0.5 else rng.choice([country for country in ALL_COUNTRIES if country != origin])
    return home, rng.choice([city for city in home.cities if not birthplace.startswith(f"{city},")])
