"""Document pages: masking leaves no trace, scans differ, layouts hold the longest values."""

import hashlib
import itertools
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from lethebench.generation.documents import SIZE, doc, giveaways, pages, parts, portrait_box, render
from lethebench.generation.documents.codes import code128
from lethebench.generation.documents.handwriting import HANDS, Hand, write
from lethebench.generation.documents.scan import DEVICES, draw_pass
from lethebench.generation.documents.sheet import redact
from lethebench.generation.drawing.fonts import FAMILIES, family_for, font
from lethebench.generation.icu import profiles as icu_profiles
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


def test_every_domain_has_at_least_eight_layouts():
    assert all(len(layouts) >= 8 for layouts in pages.LAYOUTS.values())


@each_layout
def test_masked_values_leave_no_trace(domain, name, seed):
    """Pages that differ in masked facts only are equal, flat for half of the facts and scanned for all of them."""
    attributes = (*FIELDS[domain], "name")
    plain = sheet_of(a_profile(domain, seed))
    for masked in (attributes[::2], attributes[1::2]):
        assert_no_trace(plain, sheet_of(a_profile(domain, seed, masked)), masked)
    view = View(attributes, scan=1)
    assert digest(a_profile(domain, seed), view) == digest(a_profile(domain, seed, attributes), view)


@pytest.mark.parametrize(("domain", "seed"), [(domain, seed) for domain, _, seed in LAYOUTS[::5]])
def test_each_attribute_is_masked_with_what_gives_it_away(domain, seed):
    plain = sheet_of(a_profile(domain, seed))
    for attribute in (*FIELDS[domain], "name"):
        assert_no_trace(plain, sheet_of(a_profile(domain, seed, (attribute,))), (attribute,))


@pytest.mark.parametrize("domain", FIELDS)
def test_no_visible_fact_gives_a_masked_field_away(domain):
    """Holds for profiles other than those that were measured."""
    members = icu_profiles.profiles(domain, 500, seed=1)
    hides = giveaways.giveaways(domain)
    for target, scores in giveaways.measure(members, tuple(FIELDS[domain])).items():
        limit = max(0.06, 3 * giveaways.commonest([giveaways.fact(profile, target) for profile in members]))
        visible = {clue: score for clue, score in scores.items() if target not in hides.get(clue, ())}
        assert max(visible.values()) <= limit, (target, visible)
    if domain == "medical":
        assert "diagnosis" in hides["medication"]
        assert "medication" in hides["diagnosis"]


def assert_no_trace(plain, other, masked):
    flat = [redact(s.image, [slot for slot in s.slots if slot.hides & set(masked)]).tobytes() for s in (plain, other)]
    assert flat[0] == flat[1], masked
    assert plain.image.tobytes() != other.image.tobytes(), masked


def reach(settings, box):
    """Return the box of picture pixels that page pixels in `box` can touch, blur and resampling included."""
    across, down = zip(*(settings.place(x, y) for x in (box[0], box[2]) for y in (box[1], box[3])), strict=True)
    return max(0, int(min(across)) - 4), max(0, int(min(down)) - 4), int(max(across)) + 5, int(max(down)) + 5


@each_layout
def test_every_field_is_printed_and_barred(domain, name, seed):
    """Each fact is printed at least once, and masking it changes the picture at its bars only."""
    profile = a_profile(domain, seed)
    sheet = sheet_of(profile)
    settings = draw_pass(profile.seed, View(), sheet.image.size)
    full = np.asarray(pages.taken(sheet, frozenset(), settings))
    for attribute in (*profile.fields, "name"):
        slots = [slot for slot in sheet.slots if attribute in slot.hides]
        assert any(slot.key == attribute for slot in slots), attribute
        masked = np.asarray(pages.taken(sheet, frozenset((attribute,)), settings))
        changed = masked != full
        for slot in slots:
            left, top, right, bottom = reach(settings, slot.box)
            if slot.cover is None:
                center = masked[(top + bottom) // 2 - 1 : (top + bottom) // 2 + 2, left + 12 : right - 12]
                assert center.max() < 60, (attribute, slot.key)
            changed[top:bottom, left:right] = False
        assert not changed.any(), attribute


@each_layout
def test_photo_stays(domain, name, seed):
    """With everything masked the photo is untouched and not blank."""
    profile = a_profile(domain, seed)
    sheet = sheet_of(profile)
    settings = draw_pass(profile.seed, View(), sheet.image.size)
    full, bare = (pages.taken(sheet, frozenset(masked), settings) for masked in ((), (*profile.fields, "name")))
    box = portrait_box(profile)
    assert 0 < box[0] < box[2] < SIZE[0]
    assert 0 < box[1] < box[3] < SIZE[1]
    assert box[2] - box[0] >= 100
    assert full.crop(box).tobytes() == bare.crop(box).tobytes()
    assert np.asarray(full.crop(box), float).std() > 30


@each_layout
@pytest.mark.parametrize(
    ("number", "long", "details"), [(0, False, False), (1, False, True), (2, True, False), (3, True, True)]
)
def test_nothing_overlaps_or_leaves_the_page(domain, name, seed, number, long, details):
    """Text never meets text, a picture or the margin, with short and long values, with and without details."""
    # Seeds with the same layout differ in fonts and widths.
    same_layout = (s for s in itertools.count(seed) if pages.layout_name(a_profile(domain, s)) == name)
    other = next(itertools.islice(same_layout, number, None))
    sheet = sheet_of(a_profile(domain, other, (*FIELDS[domain], "name") if long else (), details=details))
    assert_apart(sheet, other)


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


# -- handwriting


@pytest.fixture
def all_by_hand(monkeypatch):
    """Let every document fill in all of its blanks by hand."""
    pen = doc.Doc._pen
    monkeypatch.setattr(
        doc.Doc, "_pen", lambda self, domain: replace(pen(self, domain), keys=frozenset((*FIELDS[domain], "name")))
    )
    pages._sheet.cache_clear()
    yield
    pages._sheet.cache_clear()


@pytest.mark.parametrize(("domain", "name", "seed"), LAYOUTS[::3])
def test_masked_handwriting_leaves_no_trace(all_by_hand, domain, name, seed):
    attributes = (*FIELDS[domain], "name")
    plain = sheet_of(a_profile(domain, seed))
    for masked in (attributes[::2], attributes[1::2]):
        assert_no_trace(plain, sheet_of(a_profile(domain, seed, masked)), masked)


@pytest.mark.parametrize("long", [False, True])
@pytest.mark.parametrize(("domain", "name", "seed"), LAYOUTS[1::3])
def test_handwriting_meets_nothing(all_by_hand, domain, name, seed, long):
    assert_apart(sheet_of(a_profile(domain, seed, (*FIELDS[domain], "name") if long else ())), seed)


def test_some_documents_of_each_domain_are_filled_in_by_hand():
    for domain in FIELDS:
        keys = [sheet_of(a_profile(domain, seed)).pen.keys for seed in range(40, 64)]
        assert 6 <= sum(map(bool, keys)) <= 18
        assert not {"name", "national_id", "insurance_number", "bank_account"} & frozenset().union(*keys)


@pytest.mark.parametrize("name", HANDS)
@pytest.mark.parametrize("text", ["aaaaaa", "Ștefan Țurcanu", "Nguyễn Thị Hằng", "41 Łódź Street, Győr and beyond"])
def test_letters_of_a_hand_vary_and_stay_in_the_box(name, text):
    hand = Hand(name, 0.1, 1.0)
    first, same, other = (np.asarray(write(text, hand, np.random.default_rng(seed), 150, 40, 14)) for seed in (1, 1, 2))
    assert first.shape == (40, 150)
    assert (first == same).all()
    assert (first != other).any()
    assert not first[[0, -1]].any()
    assert not first[:, [0, -1]].any()


def test_bar_length_does_not_depend_on_the_value():
    short = sheet_of(a_profile("labor", 5))
    long = sheet_of(a_profile("labor", 5, (*FIELDS["labor"], "name")))
    assert [(s.key, s.box) for s in short.slots] == [(s.key, s.box) for s in long.slots]


def test_every_view_is_a_scan_of_its_own():
    """Place, light and noise of each view differ from those of every other, far from what either blacks out."""
    profile = a_profile("medical", 21)
    views = [View(), *(View((key,), scan) for key in profile.fields for scan in (0, 1))]
    pictures = [np.asarray(render(profile, view).convert("L"), int) for view in views]
    settings = [draw_pass(profile.seed, view, (728, 1036)) for view in views]
    assert len({one.matrix for one in settings}) == len(views)
    assert len({one.grain for one in settings}) > 0.9 * len(views)
    assert {one.device for one in settings} == set(DEVICES)
    assert all((one != other).mean() > 0.7 for one, other in itertools.combinations(pictures, 2))


def test_scans_tilt_within_the_stated_range():
    angles = [
        np.degrees(np.arctan2(-s.matrix[3], s.matrix[0]))
        for s in (draw_pass(7, View(scan=k), (728, 1036)) for k in range(99))
        if s.device != "phone"
    ]
    assert -1.5 <= min(angles) < -0.8
    assert 0.8 < max(angles) <= 1.5


@pytest.mark.slow
def test_pixels_are_equal_across_processes_and_threads():
    cases = [("medical", ("allergy",)), ("labor", ("employer",))]
    code = (
        "from test_documents import View, a_profile, digest\n"
        f"print([digest(a_profile(domain, 3), View(masked, 2)) for domain, masked in {cases}])"
    )
    folder = Path(__file__).parent
    process = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=folder)
    assert process.stdout.strip() == str([digest(a_profile(domain, 3), View(masked, 2)) for domain, masked in cases])
    with ThreadPoolExecutor(4) as pool:
        seeds = list(range(3, 9)) * 2
        threaded = list(pool.map(lambda seed: digest(a_profile("labor", seed), View(("position",))), seeds))
    assert threaded == [digest(a_profile("labor", seed), View(("position",))) for seed in seeds]


def face_window(profile: Profile, scan: int, spare: int) -> np.ndarray:
    """Return the middle of the photo in gray at a quarter of the size, with `spare` pixels of margin on each side."""
    left, top, right, bottom = portrait_box(profile)
    x, y = (left + right) // 2, (top + bottom) // 2
    wide, high = 48 + 4 * spare, 60 + 4 * spare
    gray = render(profile, View((*profile.fields, "name"), scan)).convert("L")
    return np.asarray(gray.crop((x - wide, y - high, x + wide, y + high)).reduce(4), float)


def test_person_is_recognized_in_another_scan(monkeypatch):
    """Nearest neighbor by correlation of gray faces at any offset, on pages with nothing but the photo."""

    def photo_only(doc):
        parts.photo(doc, 500, 60, 144, 183)

    monkeypatch.setattr(pages, "LAYOUTS", {key: {"photo": photo_only} for key in ("medical", "labor")})
    pages._sheet.cache_clear()

    def unit(rows):
        rows = rows - rows.mean(axis=-1, keepdims=True)
        return rows / np.linalg.norm(rows, axis=-1, keepdims=True)

    profiles = [a_profile(("medical", "labor")[seed % 2], seed) for seed in range(12)]
    probes = unit(np.stack([face_window(p, 1, 0).ravel() for p in profiles]))
    gallery = [np.lib.stride_tricks.sliding_window_view(face_window(p, 0, 5), (30, 24)) for p in profiles]
    score = np.stack([(unit(windows.reshape(-1, 720)) @ probes.T).max(axis=0) for windows in gallery])
    assert (score.argmax(axis=0) == np.arange(12)).mean() >= 0.9
    pages._sheet.cache_clear()


def test_picture_mode_size_and_jpeg_bytes(tmp_path):
    sizes = []
    for domain, _, seed in LAYOUTS:
        picture = full_page(domain, seed)
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


def test_invalid_views_raise():
    profile = a_profile("medical", 1)
    with pytest.raises(ValueError, match="position"):
        render(profile, View(("position",)))
    with pytest.raises(ValueError, match="scan -1"):
        render(profile, View(scan=-1))
    with pytest.raises(ValueError, match="passport"):
        render(Profile("passport-1", "passport", "Ia Bo", {}, {}, 1), View())


# -- documents of two pages


def sheets_of(profile: Profile):
    """Return both pages of a profile's document of two."""
    return [pages._sheet(pages._key(profile), page, 2) for page in (0, 1)]


@each_layout
def test_fields_are_spread_over_two_pages(domain, name, seed):
    first, second = ({slot.key for slot in sheet.slots} for sheet in sheets_of(a_profile(domain, seed)))
    assert set(FIELDS[domain]) <= first | second
    assert len(set(FIELDS[domain]) - second) >= 2
    assert len(set(FIELDS[domain]) - first) >= 3
    assert "name" in first & second


@each_layout
def test_masked_values_leave_no_trace_on_two_pages(domain, name, seed):
    attributes = (*FIELDS[domain], "name")
    pairs = zip(sheets_of(a_profile(domain, seed)), sheets_of(a_profile(domain, seed, attributes)), strict=True)
    for plain, other in pairs:
        assert_no_trace(plain, other, attributes)


@each_layout
@pytest.mark.parametrize("long", [False, True])
def test_nothing_overlaps_on_two_pages(domain, name, seed, long):
    for sheet in sheets_of(a_profile(domain, seed, (*FIELDS[domain], "name") if long else ())):
        assert_apart(sheet, seed)


def test_pages_of_a_document_are_pictures_of_their_own():
    profile = a_profile("medical", 5)
    first, second = (render(profile, View(page=page), pages=2) for page in (0, 1))
    assert first.size == second.size == SIZE
    assert (np.asarray(first) != np.asarray(second)).mean() > 0.7
    for page, count in ((1, 1), (2, 2), (0, 3), (-1, 2)):
        with pytest.raises(ValueError, match=f"page {page} of {count}"):
            render(profile, View(page=page), pages=count)
