"""Who `mllmu` is about: fictitious people whose facts fit one another, and public figures.

Profile(id="person-0042", domain="person", name="...", fields={"birthplace": "Graz, Austria", ...}, details={...})
Profile(id="albert-einstein", domain="figure", name="Albert Einstein", fields={"birthplace": "Ulm, Germany", ...}, ...)
"""

import random
import re
from collections.abc import Iterator
from datetime import date
from itertools import islice

from lethebench.generation.mllmu.public_figures import PublicFigure, public_figures
from lethebench.generation.people.birthplaces import LANDS, Land
from lethebench.generation.people.health_and_hobbies import ANIMALS, FOODS, PET_NAMES, QUIRKS, conditions
from lethebench.generation.people.labor import company, gross, money
from lethebench.generation.people.names import NameBook, plain
from lethebench.generation.people.occupations import OCCUPATIONS, PARENTS
from lethebench.generation.people.person import age_on, born, read_date, written
from lethebench.generation.people.positions import SCHOOLING, Position
from lethebench.generation.questions.ask import with_article
from lethebench.generation.questions.records import Profile
from lethebench.generation.seeding import digest, rotation, stream

TODAY = date(2025, 1, 1)
"""The day on which people have the age that their profile says."""
YOUNGEST, OLDEST = 19, 66
"""Ages of fictitious people: all of them are grown up, so that each has a job and a salary."""

PERSON = (
    "birthplace", "birth_date", "occupation", "employer", "height", "education", "annual_salary", "residence",
    "medical_condition", "father_occupation", "mother_occupation", "favorite_food", "pet_name", "quirk",
)  # fmt: skip
FIGURE = (
    "birthplace", "birth_date", "nationality", "occupation", "notable_work", "death_date", "death_place",
    "age_at_death",
)  # fmt: skip

SHORTEST, TALLEST = {"female": 148, "male": 160}, {"female": 180, "male": 194}
"""Sex -> height in centimeters."""

# Schooling -> age at graduation (youngest, oldest).
_GRADUATION = {"school": (18, 18), "trade": (18, 20), "bachelor": (21, 23), "master": (23, 25), "doctor": (27, 29)}
_LEVELS = {words: level for level, words in SCHOOLING.items()}
# What a subject's name holds -> schools that teach it; any subject may be studied at a university.
_SCHOOLS = {
    ("engineering", "computer", "information", "architecture", "surveying", "aviation"): (
        "Technical University", "University of Technology",
    ),
    ("business", "accounting", "economics", "marketing", "logistics", "trade", "human resources", "management"): (
        "Business School", "School of Economics",
    ),
    ("medicine", "dental", "nursing", "midwifery", "pharmacy", "physiotherapy", "radiography", "therapy"): (
        "Medical University", "School of Medicine",
    ),
    ("fine arts", "film", "fashion", "graphic", "interior", "game design", "art conservation", "dance"): (
        "Academy of Arts", "School of Design",
    ),
    ("music",): ("Conservatory", "Academy of Music"),
    ("nautical",): ("Maritime Academy",),
}  # fmt: skip


def people(count: int, *, seed: int) -> list[Profile]:
    """The first `count` fictitious people of a seed. A smaller count is a prefix of a bigger one.

    Raises:
        RuntimeError: when a country runs out of names, beyond some 20,000 people.
    """
    return list(islice(sequence(seed), count))


def figures(count: int, *, seed: int) -> list[Profile]:
    """So many of the public figures, drawn by seed, in the order of the data file."""
    known = public_figures()
    chosen = sorted(stream(seed, "figures").sample(range(len(known)), count))
    return [figure_profile(known[place], turn, seed) for turn, place in enumerate(chosen)]


def figure_profile(figure: PublicFigure, turn: int, seed: int) -> Profile:
    """A public figure as a profile. The age in its details is that of the drawn stand-in, not of any likeness."""
    reached = age_on(read_date(figure.birth_date), read_date(figure.death_date))
    facts = vars(figure) | {"age_at_death": str(reached)}
    slug = re.sub(r"[^a-z0-9]+", "-", plain(figure.name)).strip("-")
    description = (
        f"{figure.name} was {with_article(figure.occupation)}, born on {figure.birth_date} in {figure.birthplace}, and "
        f"is best known for {figure.notable_work}. {figure.name} died on {figure.death_date} in {figure.death_place}, "
        f"at the age of {reached}."
    )
    look = digest(seed, "figure", slug, "look")
    age = min(reached, stream(look, "age").randint(35, 65))
    details = {"gender": figure.gender, "age": str(age), "source": figure.source, "description": description}
    return Profile(slug, "figure", figure.name, {name: facts[name] for name in FIGURE}, details, look, turn)


def sequence(seed: int) -> Iterator[Profile]:
    """Fictitious people without end. None has the name of a public figure, and no two have one employer."""
    book = NameBook(None, taken=[plain(figure.name) for figure in public_figures()])
    births: set[tuple[str, str]] = set()
    employers: set[str] = set()
    index = 0
    while True:
        yield _person(seed, index, book, births, employers)
        index += 1


def _person(seed: int, index: int, book: NameBook, births: set, employers: set) -> Profile:
    rng = stream(seed, "person", index)
    land = rotation(seed, "person land", index, LANDS)
    gender = rotation(seed, "person gender", index, ("female", "male"))
    birth = born(rng, rng.randint(YOUNGEST, OLDEST), TODAY)
    age = age_on(birth, TODAY)
    birthplace = f"{rng.choice(land.cities)}, {land.name}"
    while (written(birth), birthplace) in births:
        birth = born(rng, age, TODAY)
    births.add((written(birth), birthplace))
    home, city = _residence(rng, land, birthplace)
    job = rng.choice(fitting(age))
    employer = company(rng, job.sector)
    while employer in employers:
        employer = company(rng, job.sector)
    employers.add(employer)
    level = level_of(job)
    youngest, oldest = _GRADUATION[level]
    graduation = rng.randint(youngest, min(oldest, job.youngest))
    school_land = land if rng.random() < 0.75 else home
    father, mother = rng.sample(PARENTS, 2)
    fields = {
        "birthplace": birthplace,
        "birth_date": written(birth),
        "occupation": job.name,
        "employer": employer,
        "height": f"{height(rng, gender)} cm",
        "education": f"{rng.choice(school_land.cities)} {school(rng, job)}",
        "annual_salary": salary(rng, job, home, age),
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
        "nationality": land.nationality,
        "degree": job.education,
        "graduation_year": str(birth.year + graduation),
        "education_country": school_land.name,
        "pet": rng.choice(ANIMALS),
    }
    name = book.draw(rng, land, gender)
    details["description"] = _description(name, fields, details)
    return Profile(f"person-{index:04d}", "person", name, fields, details, digest(seed, "person", index, "look"), index)


def fitting(age: int) -> list[Position]:
    """The jobs that someone of this age can hold."""
    return [job for job in OCCUPATIONS if job.youngest <= age]


def level_of(job: Position) -> str:
    """The schooling that a job asks for, as a key of SCHOOLING."""
    return next(level for words, level in _LEVELS.items() if job.education.startswith(words))


def height(rng: random.Random, gender: str) -> int:
    """A height in centimeters, between the shortest and the tallest of the sex."""
    middle = (SHORTEST[gender] + TALLEST[gender]) / 2
    return round(min(max(rng.gauss(middle, 6.8), SHORTEST[gender]), TALLEST[gender]))


def school(rng: random.Random, job: Position) -> str:
    """The kind of school that leads to a job, as it follows the name of a city: `Medical University`."""
    level = level_of(job)
    if level == "school":
        return rng.choice(("High School", "Secondary School"))
    if level == "trade":
        return rng.choice(("Vocational College", "Trade School", "Technical College"))
    special = next((kinds for words, kinds in _SCHOOLS.items() if any(word in job.education for word in words)), ())
    return rng.choice(("University", *special))


def salary(rng: random.Random, job: Position, home: Land, age: int) -> str:
    """A gross annual salary where someone lives, e.g. `EUR 46,800`."""
    return money(home.currency, 12 * gross(rng, job, home.wage, age), 12 * home.wage)


def _residence(rng: random.Random, land: Land, birthplace: str) -> tuple[Land, str]:
    """Where someone lives: about half of all people abroad, the others at home, some in the town of birth."""
    draw = rng.random()
    if draw < 0.15:
        return land, birthplace.partition(",")[0]
    home = land if draw < 0.5 else rng.choice([other for other in LANDS if other != land])
    return home, rng.choice([city for city in home.cities if not birthplace.startswith(f"{city},")])


def _description(name: str, fields: dict[str, str], details: dict[str, str]) -> str:
    """The profile in a few sentences."""
    first = name.split(" ")[0]
    pronoun = {"female": "Her", "male": "His"}[details["gender"]]
    father, mother = with_article(fields["father_occupation"]), with_article(fields["mother_occupation"])
    return (
        f"{name}, born on {fields['birth_date']} in {fields['birthplace']}, is {with_article(fields['occupation'])} at "
        f"{fields['employer']} and lives in {fields['residence']}. A graduate of {fields['education']}, {first} earns "
        f"{fields['annual_salary']} a year, is {fields['height']} tall and lives with {fields['medical_condition']}. "
        f"{pronoun} father is {father} by profession, {pronoun.lower()} mother {mother}. {first} has a "
        f"{details['pet']} called {fields['pet_name']}, likes {fields['favorite_food']} best of all foods and is known "
        f"for {fields['quirk']}."
    )
