"""The facts of a medical report: condition, drug, allergy, doctor, dates and numbers that fit one another."""

import random
from datetime import date, timedelta

from lethebench.generation.people.diagnoses import ALLERGIES, DIAGNOSES, SPECIALISTS, Diagnosis
from lethebench.generation.people.person import Person, Registry, home_address, on_weekday, written
from lethebench.generation.seeding import fill

ATTRIBUTES = (
    "diagnosis", "medication", "allergy", "blood_type", "admission_date", "attending_physician", "insurance_number",
    "home_address",
)  # fmt: skip
BLOOD_TYPES = (
    "O positive", "O negative", "A positive", "A negative", "B positive", "B negative", "AB positive", "AB negative",
)  # fmt: skip
FIRST_DAY, LAST_DAY = date(2023, 1, 2), date(2025, 12, 12)  # of admissions
_COINED = (
    "Larkspur", "Silverbirch", "Linden Hill", "Harrowgate", "Ashmere", "Clearbrook", "Fairhaven", "Rosewood",
    "Willowmere", "Stonebridge",
    "Eastlake", "Westmoor", "Brightwater", "Oakhurst", "Greenfell", "Marlowe", "Kestrel", "Highfield",
    "Lakeview", "Merrow", "Northgate", "Juniper", "Amberley", "Hollins", "Seabrook",
)  # fmt: skip
_KINDS = ("Hospital", "General Hospital", "Medical Center", "Clinic", "University Hospital")


def fitting(person: Person, department: str | None = None) -> list[Diagnosis]:
    """The conditions that a person of this age and sex may plausibly have, within one department if given."""
    return [
        entry
        for entry in DIAGNOSES
        if entry.sex in ("-", person.gender[0])
        and entry.youngest <= person.age <= entry.oldest
        and department in (None, entry.department)
    ]


def allergies(medication: str) -> list[str]:
    """The allergies that do not forbid the drug."""
    return [allergy for allergy, forbidden in ALLERGIES.items() if medication not in forbidden]


def facts(rng: random.Random, person: Person, registry: Registry, shared: dict | None = None) -> tuple[dict, dict]:
    """Draws a medical report.

    Args:
        rng: the profile's own stream.
        person: the patient; `person.reference` is the day of admission.
        registry: what other profiles already have (numbers, staff names).
        shared: the details of another report whose hospital and doctor this one takes, and whose home address too
            where it holds `home_address`.

    Returns:
        (fields in page order, details).
    """
    shared = shared or {}
    country = shared.get("country", person.country)
    diagnosis = rng.choice(fitting(person, shared.get("department")))
    medication = rng.choice(diagnosis.medications)
    admission = person.reference
    stay = rng.randint(2, 14)
    fields = {
        "diagnosis": diagnosis.name,
        "medication": medication,
        "allergy": rng.choice(allergies(medication)),
        "blood_type": rng.choice(BLOOD_TYPES),
        "admission_date": written(admission),
        "attending_physician": "",
        "insurance_number": registry.number(rng, "insurance_number", "@@-######"),
        "home_address": "",
    }
    city = rng.choice(country.cities)
    gender = rng.choice(("female", "male"))
    fields["home_address"] = shared.get("home_address") or home_address(rng, country, registry)
    fields["attending_physician"] = shared.get("attending_physician") or f"Dr. {registry.staff(rng, country, gender)}"
    details = {
        "hospital": shared.get("hospital") or f"{rng.choice(_COINED)} {rng.choice(_KINDS)}",
        "hospital_address": shared.get("hospital_address") or f"{city}, {country.name.removeprefix('the ')}",
        "hospital_phone": shared.get("hospital_phone") or f"+{country.dial} {fill(rng, '000 ####')}",
        "department": diagnosis.department,
        "specialty": SPECIALISTS[diagnosis.department],
        "record_number": registry.number(rng, "record_number", "MR-######"),
        "discharge_date": written(admission + timedelta(days=stay)),
        "room": f"{rng.randint(1, 6)}{rng.randint(1, 24):02d}",
        "height": f"{round(rng.gauss(178 if person.gender == 'male' else 165, 6))} cm",
        "heart_rate": f"{rng.randint(58, 98)} bpm",
        "temperature": f"{rng.randint(362, 379) / 10:.1f} °C",
        "blood_pressure": f"{rng.randint(108, 148)}/{rng.randint(66, 92)} mmHg",
        "country": country.name.removeprefix("the "),
    }
    return fields, details


def admission_day(rng: random.Random) -> date:
    """A day of admission; hospitals admit on any day, mostly on weekdays."""
    day = FIRST_DAY + timedelta(days=rng.randint(0, (LAST_DAY - FIRST_DAY).days))
    return day if rng.random() < 0.2 else on_weekday(day)
