"""Document pages: masking leaves no trace, scans differ, layouts hold the longest values."""

import itertools
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from document_pages import (
    FIELDS,
    LAYOUTS,
    a_profile,
    assert_apart,
    assert_no_trace,
    cached_photos,  # noqa: F401, a fixture for every test here
    digest,
    each_layout,
    full_page,
    sheet_of,
)

from lethebench.generation.documents import SIZE, giveaways, pages, parts, portrait_box, render
from lethebench.generation.documents.codes import code128
from lethebench.generation.documents.scan import DEVICES, draw_pass
from lethebench.generation.drawing.fonts import FAMILIES, family_for, font
from lethebench.generation.icu import profiles as icu_profiles
from lethebench.generation.questions.records import Profile, View


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
        "from document_pages import View, a_profile, digest\n"
        f"print([digest(a_profile(domain, 3), View(masked, 2)) for domain, masked in {cases}])"
    )
    folder = Path(__file__).parents[1] / "support"
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
