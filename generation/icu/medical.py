"""The facts of a medical report: condition, drug, allergy, doctor, dates and numbers that fit together."""

import random
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from lethebench.generation.icu.diagnoses import ALLERGIES, DIAGNOSES, SPECIALISTS, Diagnosis
from lethebench.generation.icu.person import Person, Registry
from lethebench.generation.people.countries import address
from lethebench.generation.people.dates import format_date, on_weekday
from lethebench.generation.seeding import fill

MEDICAL_ATTRIBUTES = (
    "diagnosis", "medication", "allergy", "blood_type", "admission_date", "attending_physician", "insurance_number",
    "home_address",
)  # fmt: skip
BLOOD_TYPES = (
    "O positive", "O negative", "A positive", "A negative", "B positive", "B negative", "AB positive", "AB negative",
)  # fmt: skip
ADMISSIONS = date(2023, 1, 2), date(2025, 12, 12)
_HOSPITALS = (
    "Larkspur", "Silverbirch", "Linden Hill", "Harrowgate", "Ashmere", "Clearbrook", "Fairhaven", "Rosewood",
    "Willowmere", "Stonebridge",
    "Eastlake", "Westmoor", "Brightwater", "Oakhurst", "Greenfell", "Marlowe", "Kestrel", "Highfield",
    "Lakeview", "Merrow", "Northgate", "Juniper", "Amberley", "Hollins", "Seabrook",
)  # fmt: skip
_HOSPITAL_KINDS = ("Hospital", "General Hospital", "Medical Center", "Clinic", "University Hospital")


def diagnoses_of(person: Person, department: str | None = None) -> list[Diagnosis]:
    """Return the conditions that fit a person's age and sex, within one department if given."""
    return [
        entry
        for entry in DIAGNOSES
        if entry.sex in ("-", person.gender[0])
        and entry.youngest <= person.age <= entry.oldest
        and department in (None, entry.department)
    ]


def allergies_with(medication: str) -> list[str]:
    """Return the allergies that do not rule out the drug."""
    return [allergy for allergy, forbidden in ALLERGIES.items() if medication not in forbidden]


def medical_facts(
    rng: random.Random, person: Person, registry: Registry, shared: Mapping[str, Any]
) -> tuple[dict[str, str], dict[str, str]]:
    """Draw the facts of a medical report.

    Args:
        rng: the profile's stream.
        person: the patient; `person.reference` is the day of admission.
        registry: values used by other profiles.
        shared: hospital and doctor of an earlier report to take over, and `home_address` if that is shared too.

    Returns:
        (fields in page order, details).
    """
    country = shared.get("country", person.country)
    diagnosis = rng.choice(diagnoses_of(person, shared.get("department")))
    medication = rng.choice(diagnosis.medications)
    stay = rng.randint(2, 14)
    fields = {
        "diagnosis": diagnosis.name,
        "medication": medication,
        "allergy": rng.choice(allergies_with(medication)),
        "blood_type": rng.choice(BLOOD_TYPES),
        "admission_date": format_date(person.reference),
        "attending_physician": "",
        "insurance_number": registry.number(rng, "insurance_number", "@@-######"),
        "home_address": "",
    }
    city = rng.choice(country.cities)
    gender = rng.choice(("female", "male"))
    fields["home_address"] = shared.get("home_address") or registry.unique(
        "home_address", lambda: address(rng, country)
    )
    fields["attending_physician"] = shared.get("attending_physician") or f"Dr. {registry.staff(rng, country, gender)}"
    details = {
        "hospital": shared.get("hospital") or f"{rng.choice(_HOSPITALS)} {rng.choice(_HOSPITAL_KINDS)}",
        "hospital_address": shared.get("hospital_address") or f"{city}, {country.name}",
        "hospital_phone": shared.get("hospital_phone") or f"+{country.dial} {fill(rng, '000 ####')}",
        "department": diagnosis.department,
        "specialty": SPECIALISTS[diagnosis.department],
        "record_number": registry.number(rng, "record_number", "MR-######"),
        "discharge_date": format_date(person.reference + timedelta(days=stay)),
        "room": f"{rng.randint(1, 6)}{rng.randint(1, 24):02d}",
        "height": f"{round(rng.gauss(178 if person.gender == 'male' else 165, 6))} cm",
        "heart_rate": f"{rng.randint(58, 98)} bpm",
        "temperature": f"{rng.randint(362, 379) / 10:.1f} °C",
        "blood_pressure": f"{rng.randint(108, 148)}/{rng.randint(66, 92)} mmHg",
        "country": country.name,
    }
    return fields, details


def admission_day(rng: random.Random) -> date:
    """Draw a day of admission, most often a weekday."""
    first, last = ADMISSIONS
    day = first + timedelta(days=rng.randint(0, (last - first).days))
    return day if rng.random() < 0.2 else on_weekday(day)
