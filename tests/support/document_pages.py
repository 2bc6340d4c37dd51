"""Profiles with short and long values, their pages before masking and scanning, and what must hold of every page."""

import hashlib
import itertools
from functools import cache

import numpy as np
import pytest

from lethebench.generation.documents import pages, parts, render
from lethebench.generation.documents.sheet import redact
from lethebench.generation.questions.records import Profile, View

FIELDS = {
    "medical": {
        "diagnosis": ("type 2 diabetes", "chronic obstructive pulmonary disease with acute bacterial exacerbation"),
        "medication": ("metformin", "budesonide and formoterol, two puffs twice daily"),
        "allergy": ("eggs", "sulfonamide antibiotics and iodinated contrast dye"),
        "blood_type": ("A positive", "AB negative"),
        "admission_date": ("3 May 2024", "28 September 2023"),
        "attending_physician": ("Dr. Bo Li", "Prof. Dr. Bartholomäus Ødegård-Szczepański"),
        "insurance_number": ("BT-638972", "INS-DE-4482-1190-7755-0013"),
        "home_address": ("Mere 8, Tartu", "Apartment 1204, 1187 Avenida Juscelino Kubitschek, São José do Rio Preto"),
    },
    "labor": {
        "position": ("baker", "senior environmental compliance and sustainability manager"),
        "monthly_salary": ("CAD 4,340", "IDR 128,500,000"),
        "employer": ("Fenfall Solar", "Kővári, Szczepański and Ångström International Engineering Consultants"),
        "start_date": ("9 May 2025", "28 September 2024"),
        "contract_term": ("6 months", "indefinite, subject to renewal"),
        "bank_account": ("TR00 3661 8130", "MT84 MALT 0110 0001 2345 MTLC AST0 01S"),
        "national_id": ("X0881480", "850914-1234567-XX-0091"),
    },
}
NAMES = ("Ia Bo", "Maximiliana-Alexandrina Wolfeschlegelsteinhausen-Őrsi")
DETAILS = {
    "medical": {
        "hospital": "Linden Hill University Hospital",
        "hospital_address": "Pietermaritzburg, South Africa",
        "hospital_phone": "+234 000 0900",
        "record_number": "MR-171918",
        "department": ("Oncology", "Infectious Diseases"),
        "discharge_date": ("9 May 2024", "14 September 2023"),
        "room": "106",
        "heart_rate": "90 bpm",
        "temperature": "37.1 °C",
    },
    "labor": {
        "contract_number": "EC-387407",
        "employer_address": ("Husova 7, Olomouc", "51 Station Street, Pietermaritzburg"),
        "employer_phone": ("+420 000 6740", "+27 000 7871"),
        "department": ("Art", "Administration and Compliance"),
        "end_date": ("open-ended", "24 September 2026"),
        "signing_date": ("2 May 2025", "11 August 2024"),
        "working_hours": "37.5 hours per week",
        "notice_period": "2 months",
        "signatory": "Ivana Doležalová",
    },
}
GIVES_AWAY = {
    "department": ("diagnosis", "medication", "position"),
    "discharge_date": ("admission_date",),
    "end_date": ("start_date", "contract_term"),
    "signing_date": ("start_date",),
    "employer_address": ("employer",),
    "employer_phone": ("employer",),
}


def a_profile(domain: str, seed: int, changed: tuple[str, ...] = (), *, details: bool = True) -> Profile:
    """Return a profile in which the attributes in `changed`, and what follows from them, have their longer value."""

    def choose(key, value):
        if isinstance(value, str):
            return value
        return value[bool({key, *GIVES_AWAY.get(key, ())} & set(changed))]

    facts = {"birth_date": "29 September 1979", "age": "44", "gender": "female", "nationality": "South African"}
    if details:
        facts |= {key: choose(key, value) for key, value in DETAILS[domain].items()}
    fields = {key: choose(key, value) for key, value in FIELDS[domain].items()}
    return Profile(f"{domain}-0001", domain, NAMES["name" in changed], fields, facts, seed)


def seeds_of_layouts() -> list[tuple[str, str, int]]:
    """Return (domain, layout, a seed that chooses it) for every layout."""
    seeds = {}
    for domain, layouts in pages.LAYOUTS.items():
        for seed in itertools.count(11):
            seeds.setdefault((domain, pages.layout_name(a_profile(domain, seed))), seed)
            if len([1 for d, _ in seeds if d == domain]) == len(layouts):
                break
            assert seed < 500, f"layouts of {domain} that no seed reaches"
    return [(domain, name, seed) for (domain, name), seed in seeds.items()]


LAYOUTS = seeds_of_layouts()
each_layout = pytest.mark.parametrize(("domain", "name", "seed"), LAYOUTS, ids=[f"{d}-{n}" for d, n, _ in LAYOUTS])


def digest(profile: Profile, view: View) -> str:
    return hashlib.sha256(render(profile, view).tobytes()).hexdigest()


def sheet_of(profile: Profile):
    """Return the page before masking and scanning."""
    return pages._sheet(pages._key(profile))


@cache
def full_page(domain: str, seed: int):
    return render(a_profile(domain, seed), View())


@pytest.fixture(autouse=True, scope="module")
def cached_photos():
    """Draw each ID photo once: it depends on the seed and the size alone, as all profiles here have one age and sex."""
    draw, photos = parts.id_photo, {}

    def id_photo(face, rng, size):
        key = (repr(rng.bit_generator.state), size)
        if key not in photos:
            photos[key] = draw(face, rng, size)
        return photos[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(parts, "id_photo", id_photo)
        yield


def assert_no_trace(plain, other, masked):
    flat = [redact(s.image, [slot for slot in s.slots if slot.hides & set(masked)]).tobytes() for s in (plain, other)]
    assert flat[0] == flat[1], masked
    assert plain.image.tobytes() != other.image.tobytes(), masked


def assert_apart(sheet, seed):
    texts, boxes = zip(*sheet.texts, strict=True)
    boxes = np.array(boxes)
    assert (boxes[:, :2] >= 16).all()
    assert (boxes[:, 2:] <= np.array(sheet.image.size) - (16, 14)).all()
    bars = np.array([slot.box for slot in sheet.slots if slot.cover is None])
    pictures = np.array(sheet.pictures)
    for kind, a, b, tolerance in (("picture", boxes, pictures, 2), ("text", boxes, boxes, 1), ("bar", bars, bars, 0)):
        common = np.minimum(a[:, None, 2:], b[None, :, 2:]) - np.maximum(a[:, None, :2], b[None, :, :2])
        pairs = [(i, k) for i, k in np.argwhere((common > tolerance).all(axis=2)) if a is not b or i < k]
        assert not pairs, (seed, kind, [texts[i] for i, _ in pairs] if a is boxes else pairs)
