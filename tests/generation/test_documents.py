"""Document pages: what is masked leaves no trace, scans differ, layouts hold the longest values."""

import hashlib
import itertools
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from lethebench.generation.documents import SIZE, pages, portrait_box, render
from lethebench.generation.documents.codes import code128
from lethebench.generation.documents.scan import draw_pass
from lethebench.generation.drawing.fonts import FAMILIES, family_for, font
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
    """A made-up profile; the attributes in `changed`, and what follows from them, take their second, longer value."""

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
    """(domain, layout, a seed that chooses it) for every layout there is."""
    found = {}
    for domain, layouts in pages.LAYOUTS.items():
        for seed in itertools.count(11):
            found.setdefault((domain, pages.layout_name(a_profile(domain, seed))), seed)
            if len([1 for d, _ in found if d == domain]) == len(layouts):
                break
            assert seed < 500, f"layouts of {domain} that no seed reaches"
    return [(domain, name, seed) for (domain, name), seed in found.items()]


LAYOUTS = seeds_of_layouts()
each_layout = pytest.mark.parametrize(("domain", "name", "seed"), LAYOUTS, ids=[f"{d}-{n}" for d, n, _ in LAYOUTS])


def digest(profile: Profile, view: View) -> str:
    return hashlib.sha256(render(profile, view).tobytes()).hexdigest()


def clean(profile: Profile) -> bytes:
    """The page before masking and scanning."""
    return pages._sheet(pages._key(profile)).image.tobytes()


def overlap(a, b, tolerance: int = 1) -> bool:
    return all(min(a[k + 2], b[k + 2]) - max(a[k], b[k]) > tolerance for k in (0, 1))


def test_every_domain_has_at_least_four_layouts():
    assert all(len(layouts) >= 4 for layouts in pages.LAYOUTS.values())


@each_layout
def test_masked_value_leaves_no_trace(domain, name, seed):
    """Two people who differ only in a masked fact have the same picture; unmasked it differs."""
    plain = a_profile(domain, seed)
    for attribute in (*plain.fields, "name"):
        other = a_profile(domain, seed, (attribute,))
        view = View((attribute,), scan=1)
        assert digest(plain, view) == digest(other, view), attribute
        assert clean(plain) != clean(other), attribute
    everything = (*plain.fields, "name")
    assert digest(plain, View(everything)) == digest(a_profile(domain, seed, everything), View(everything))


@each_layout
def test_every_field_is_printed_and_barred(domain, name, seed):
    """Each fact stands on the page at least once, and masking it changes the picture at its bar only."""
    profile = a_profile(domain, seed)
    sheet = pages._sheet(pages._key(profile))
    full = np.asarray(render(profile, View()), int)
    for attribute in (*profile.fields, "name"):
        slots = [slot for slot in sheet.slots if attribute in slot.hides]
        assert any(slot.key == attribute for slot in slots), attribute
        masked = np.asarray(render(profile, View((attribute,))), int)
        changed = np.abs(masked - full).max(axis=2) > 0
        settings = draw_pass(profile.seed, 0, sheet.image.size)
        for slot in slots:
            left, top, right, bottom = pages.reach(settings, slot.box)
            if slot.cover is None:
                centre = masked[(top + bottom) // 2 - 1 : (top + bottom) // 2 + 2, left + 12 : right - 12]
                assert centre.max() < 60, (attribute, slot.key)
            changed[top:bottom, left:right] = False
        assert not changed.any(), attribute


@each_layout
def test_photo_stamp_and_letterhead_stay(domain, name, seed):
    """With everything masked the photo is untouched, and the page still shows marks in colour."""
    profile = a_profile(domain, seed)
    full, bare = render(profile, View()), render(profile, View((*profile.fields, "name")))
    box = portrait_box(profile)
    assert 0 < box[0] < box[2] < SIZE[0]
    assert 0 < box[1] < box[3] < SIZE[1]
    assert box[2] - box[0] >= 100
    assert full.crop(box).tobytes() == bare.crop(box).tobytes()
    assert np.asarray(full.crop(box), float).std() > 30


@each_layout
@pytest.mark.parametrize("long", [False, True])
@pytest.mark.parametrize("details", [False, True])
def test_nothing_overlaps_or_runs_off_the_page(domain, name, seed, long, details):
    """Text never meets text, a picture or the margin, with short and long values, with and without details."""
    # Seeds with the same layout differ in fonts and widths.
    seeds = [s for s in range(seed, seed + 60) if pages.layout_name(a_profile(domain, s)) == name][:2]
    for other in seeds:
        changed = (*FIELDS[domain], "name") if long else ()
        sheet = pages._sheet(pages._key(a_profile(domain, other, changed, details=details)))
        for text, box in sheet.texts:
            assert box[0] >= 16, (other, text)
            assert box[1] >= 16, (other, text)
            assert box[2] <= sheet.image.width - 16, (other, text)
            assert box[3] <= sheet.image.height - 14, (other, text)
            assert not any(overlap(box, picture, 2) for picture in sheet.pictures), (other, text)
        for (one, a), (two, b) in itertools.combinations(sheet.texts, 2):
            assert not overlap(a, b), (other, one, two)
        for one, two in itertools.combinations([s for s in sheet.slots if s.cover is None], 2):
            assert not overlap(one.box, two.box, 0), (other, one.key, two.key)


def test_bar_length_does_not_tell_the_length_of_the_value():
    short = pages._sheet(pages._key(a_profile("labor", 5)))
    long = pages._sheet(pages._key(a_profile("labor", 5, (*FIELDS["labor"], "name"))))
    assert [(s.key, s.box) for s in short.slots] == [(s.key, s.box) for s in long.slots]


def test_scans_differ_and_do_not_depend_on_the_mask():
    profile = a_profile("medical", 21)
    pictures = [digest(profile, View(scan=scan)) for scan in range(5)]
    assert len(set(pictures)) == 5
    a, b = (np.asarray(render(profile, View((key,))), int) for key in ("diagnosis", "blood_type"))
    assert (np.abs(a - b).max(axis=2) == 0).mean() > 0.9  # the same pass: all but the bars is the same


def test_scans_tilt_within_the_stated_range():
    angles = [
        np.degrees(np.arctan2(-s.matrix[3], s.matrix[0])) for s in (draw_pass(7, k, (728, 1036)) for k in range(99))
    ]
    assert -1.5 <= min(angles) < -0.8
    assert 0.8 < max(angles) <= 1.5


@pytest.mark.slow
def test_same_pixels_in_another_process_and_in_threads():
    cases = [("medical", ("allergy",)), ("labor", ("employer",))]
    code = (
        "from test_documents import View, a_profile, digest\n"
        f"print([digest(a_profile(domain, 3), View(masked, 2)) for domain, masked in {cases}])"
    )
    folder = Path(__file__).parent
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=folder)
    here = [digest(a_profile(domain, 3), View(masked, 2)) for domain, masked in cases]
    assert done.stdout.strip() == str(here)
    with ThreadPoolExecutor(4) as pool:
        seeds = list(range(3, 9)) * 2
        threaded = list(pool.map(lambda seed: digest(a_profile("labor", seed), View(("position",))), seeds))
    assert threaded == [digest(a_profile("labor", seed), View(("position",))) for seed in seeds]


def face_window(profile: Profile, scan: int, spare: int) -> np.ndarray:
    """The middle of the photo in grey, a quarter of the size, with `spare` pixels of it to spare on each side."""
    left, top, right, bottom = portrait_box(profile)
    x, y = (left + right) // 2, (top + bottom) // 2
    wide, high = 48 + 4 * spare, 60 + 4 * spare
    grey = render(profile, View((*profile.fields, "name"), scan)).convert("L")
    return np.asarray(grey.crop((x - wide, y - high, x + wide, y + high)).reduce(4), float)


def test_person_is_recognised_by_the_face_in_another_scan():
    """Nearest neighbour by correlation of grey faces, wherever tilt and shift have moved them: no colour, no layout."""

    def unit(rows):
        rows = rows - rows.mean(axis=-1, keepdims=True)
        return rows / np.linalg.norm(rows, axis=-1, keepdims=True)

    profiles = [a_profile(("medical", "labor")[seed % 2], seed) for seed in range(24)]
    probes = unit(np.stack([face_window(p, 1, 0).ravel() for p in profiles]))
    gallery = [np.lib.stride_tricks.sliding_window_view(face_window(p, 0, 5), (30, 24)) for p in profiles]
    score = np.stack([(unit(windows.reshape(-1, 720)) @ probes.T).max(axis=0) for windows in gallery])
    assert (score.argmax(axis=0) == np.arange(24)).mean() >= 0.9


def test_picture_is_rgb_of_the_stated_size_and_small_as_jpeg(tmp_path):
    sizes = []
    for domain, _, seed in LAYOUTS:
        picture = render(a_profile(domain, seed), View())
        assert (picture.mode, picture.size) == ("RGB", SIZE)
        picture.save(tmp_path / "page.jpg", quality=90)
        sizes.append((tmp_path / "page.jpg").stat().st_size)
    assert np.mean(sizes) < 140_000


@pytest.mark.parametrize("family", FAMILIES)
def test_accented_names_have_glyphs(family):
    """No letter of a Latin name falls back to the empty box, Romanian and Vietnamese included."""
    for text in ("ăłşñőøŁĐžçğışœßÅÞ", "Ștefan Țurcanu", "Nguyễn Thị Hằng"):
        face = font(family_for(text, family), 20)
        missing = bytes(face.getmask("\uffff"))
        assert all(bytes(face.getmask(char)) != missing for char in text if char != " "), (family, text)


def test_code128_is_well_formed():
    """Every symbol is 11 modules wide, the stop 13, and the known check symbol of a worked example."""
    widths = code128("PJJ123C")
    assert sum(widths) == 11 * (1 + 7 + 1) + 13
    symbols = [tuple(widths[k : k + 6]) for k in range(0, 54, 6)]
    assert all(sum(symbol) == 11 for symbol in symbols)
    assert symbols[0] == (2, 1, 1, 2, 1, 4)  # start B
    # Start B + PJJ123C: 104 + 48 + 2*42 + 3*42 + 4*17 + 5*18 + 6*19 + 7*35 = 879, and 879 mod 103 = 55, the letter W.
    assert symbols[-1] == tuple(code128("W")[6:12])
    with pytest.raises(ValueError, match="ASCII"):
        code128("Łódź")


def test_unknown_requests_are_refused():
    profile = a_profile("medical", 1)
    with pytest.raises(ValueError, match="position"):
        render(profile, View(("position",)))
    with pytest.raises(ValueError, match="scan -1"):
        render(profile, View(scan=-1))
    with pytest.raises(ValueError, match="passport"):
        render(Profile("passport-1", "passport", "Ia Bo", {}, {}, 1), View())
