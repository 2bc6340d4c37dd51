"""Careers that fit a person: occupation by age, school, employer and salary."""

import math
import random
from collections.abc import Sequence

from lethebench.generation.people.countries import Country
from lethebench.generation.people.occupations import OCCUPATIONS, SCHOOLING, Position

# Sector -> last words of the names of its companies.
SECTORS: dict[str, tuple[str, ...]] = {
    "software": ("Software", "Systems", "Digital", "Data", "Cloudworks"),
    "health": ("Health", "Care", "Clinics", "Wellness", "Diagnostics"),
    "construction": ("Construction", "Builders", "Structures", "Homes", "Building"),
    "engineering": ("Engineering", "Machines", "Instruments", "Robotics", "Technologies"),
    "energy": ("Energy", "Power", "Utilities", "Resources", "Works"),
    "finance": ("Finance", "Financial", "Trust", "Partners", "Mutual"),
    "media": ("Media", "Studios", "Creative", "Communications", "Productions"),
    "hospitality": ("Hotels", "Resorts", "Hospitality", "Lodges", "Inns"),
    "food": ("Foods", "Provisions", "Harvest", "Produce", "Fare"),
    "logistics": ("Logistics", "Freight", "Transport", "Shipping", "Lines"),
    "retail": ("Retail", "Stores", "Trading", "Shops", "Outfitters"),
    "education": ("Academy", "Institute", "Learning", "School", "Education"),
    "science": ("Research", "Sciences", "Analytics", "Discovery", "Foundation"),
    "services": ("Services", "Consulting", "Group", "Associates", "Solutions"),
}
# Parts of the first word of invented company names.
_STEMS = (
    "Alder", "Amber", "Arden", "Ash", "Basalt", "Birch", "Bramble", "Briar", "Calder", "Cinder", "Copper", "Cove",
    "Dapple", "Dorn", "Drift", "Eider", "Elder", "Ember", "Esker", "Fallow", "Fen", "Finch", "Flint", "Garnet", "Glen",
    "Gorse", "Granite", "Harrow", "Haven", "Hazel", "Heron", "Hollow", "Indigo", "Iris", "Juniper", "Kelp", "Lark",
    "Linden", "Lumen", "Maple", "Marl", "Meadow", "Merle", "Mistral", "Moss", "Nettle", "Ochre", "Osprey", "Otter",
    "Pebble", "Plover", "Quill", "Raven", "Reed", "Rowan", "Sable", "Sedge", "Shale", "Sorrel", "Tarn", "Teal",
    "Thistle", "Umber", "Vesper", "Wander", "Willow", "Wren", "Yarrow",
)  # fmt: skip
_ENDINGS = (
    "bank", "beck", "bourne", "brook", "crest", "dale", "fall", "field", "ford", "gate", "grove", "holm", "hurst",
    "lea", "mark", "mere", "moor", "point", "ridge", "shore", "stead", "stone", "vale", "wick", "wood",
)  # fmt: skip
# Words in a degree -> schools that teach it; every subject may be studied at a university.
_SCHOOLS = {
    ("engineering", "computer", "information", "architecture", "surveying", "aviation"): (
        "Technical University", "University of Technology",
    ),
    ("business", "accounting", "economics", "marketing", "logistics", "trade", "human resources", "management"): (
        "Business School", "School of Economics",
    ),
    ("medicine", "dental", "nursing", "midwifery", "pharmacy", "radiologic", "therapy"): (
        "Medical University", "School of Medicine",
    ),
    ("fine arts", "film", "fashion", "graphic", "interior", "game design", "art conservation", "dance"): (
        "Academy of Arts", "School of Design",
    ),
    ("music",): ("Conservatory", "Academy of Music"),
    ("nautical",): ("Maritime Academy",),
}  # fmt: skip


def occupations_at(
    age: int, sector: str | None = None, occupations: Sequence[Position] = OCCUPATIONS
) -> list[Position]:
    """Return the occupations open to somebody of this age (years), within one sector if given."""
    return [entry for entry in occupations if entry.youngest <= age and sector in (None, entry.sector)]


def schooling_level(position: Position) -> str:
    """Return the schooling that a position asks for, as a key of SCHOOLING."""
    return next(level for level, words in SCHOOLING.items() if position.education.startswith(words))


def school(rng: random.Random, position: Position) -> str:
    """Draw the kind of school that leads to a position, as it follows a city's name: `Medical University`."""
    level = schooling_level(position)
    if level == "school":
        return rng.choice(("High School", "Secondary School"))
    if level == "trade":
        return rng.choice(("Vocational College", "Trade School", "Technical College"))
    special = next((kinds for words, kinds in _SCHOOLS.items() if any(w in position.education for w in words)), ())
    return rng.choice(("University", *special))


def company(rng: random.Random, sector: str) -> str:
    """Draw an invented company name that shows its sector, e.g. `Alderbrook Foods`."""
    return f"{rng.choice(_STEMS)}{rng.choice(_ENDINGS)} {rng.choice(SECTORS[sector])}"


def salary(rng: random.Random, position: Position, country: Country, age: int, months: int = 1) -> str:
    """Draw the gross pay for a number of months in the country's currency, e.g. `EUR 3,940`.

    The typical wage times the position's pay, grown by experience and varied by up to a tenth, rounded to a hundredth
    of the magnitude of a typical wage.
    """
    experience = min(age - position.youngest, 20)
    amount = months * (country.wage * position.pay * (1 + 0.015 * experience) * rng.uniform(0.9, 1.1))
    return f"{country.currency} {rounded_pay(amount, country, months):,}"


def rounded_pay(amount: float, country: Country, months: int) -> int:
    """Return the pay for a number of months, rounded to a hundredth of the magnitude of a typical wage."""
    step = 10 ** max(0, math.floor(math.log10(months * country.wage)) - 2)
    return round(amount / step) * step
