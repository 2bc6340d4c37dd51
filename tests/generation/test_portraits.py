"""Portraits: the same person in every scene, and nothing of the person in the scene."""

import dataclasses
import hashlib

import numpy as np
import pytest
from PIL import Image
from recognition import Recognizer, gray_crop, nearest_is_right, times_chance, without_head

from lethebench.generation.drawing.exposure import MOST_MIRED, MOST_TINT, Exposure, exposed
from lethebench.generation.portraits import draw_face, id_photo
from lethebench.generation.portraits.accessories import HATS
from lethebench.generation.portraits.identity import SKINS
from lethebench.generation.portraits.places import PLACES, draw_place
from lethebench.generation.portraits.portrait import frame_of, portrait, subject_box
from lethebench.generation.portraits.pose import Pose
from lethebench.generation.portraits.scene import EXPRESSIONS, USES, Accessory, draw_scene

GENDERS = ("female", "male")


def person(number: int):
    rng = np.random.default_rng((77, number))
    gender = GENDERS[number % 2]
    return draw_face(rng, gender, int(rng.integers(16, 86)))


def scene_of(number: int, view: int, use: str):
    return draw_scene(np.random.default_rng((number, view, 5)), GENDERS[number % 2], use=use)


def test_id_photos_keep_their_bytes():
    """Pages of `icu` show these photos; a change requires a new major version."""
    total = hashlib.sha256()
    for k in range(40):
        face = draw_face(np.random.default_rng(k), GENDERS[k % 2], 16 + k)
        total.update(id_photo(face, np.random.default_rng(1000 + k), (60, 75)).tobytes())
    assert total.hexdigest() == "c848c0babc08fa4a800de893d1efd0e8d2d07a8098a1809ba2a1d03fb906d8b6"


def chromaticity(values):
    """Return CIELAB (a, b) of sRGB values (n, 3), averaged in linear light and scaled to one luminance, L* = 62."""
    share = np.asarray(values, float).reshape(-1, 3) / 255
    linear = np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4).mean(axis=0)
    to_xyz = np.array(((0.4125, 0.3576, 0.1804), (0.2127, 0.7152, 0.0722), (0.0193, 0.1192, 0.9503)))
    x, y, z = np.cbrt(to_xyz @ linear * 0.3 / (to_xyz[1] @ linear) / to_xyz.sum(axis=1))
    return np.array((500 * (x - y), 200 * (y - z)))


def cheeks(face, scene, pixels=224):
    """Return the pixels of both cheeks, below glasses and above a beard."""
    picture = np.asarray(portrait(face, scene, (pixels, pixels)))
    center, unit = frame_of(scene, (pixels, pixels))
    points = scene.pose.head(np.array([(-0.3, 0.3), (0.3, 0.3), (-0.22, 0.36), (0.22, 0.36)]), face)
    spots = (points * unit + center).round().astype(int)
    return np.concatenate([picture[y - 2 : y + 3, x - 2 : x + 3].reshape(-1, 3) for x, y in spots])


def spread(colors):
    """Return the largest distance between two chromaticities."""
    points = np.stack(colors)
    return float(np.linalg.norm(points[:, None] - points[None], axis=2).max())


def test_skin_changes_color_by_the_white_balance_alone():
    """No two views of a person differ more in hue and chroma than flat skin does between extremes of white balance."""
    extremes = [(mired, tint) for mired in (-MOST_MIRED, MOST_MIRED) for tint in (-MOST_TINT, MOST_TINT)]
    lights = [Exposure(1, 0.5, mired, tint, 1.0, 1.0) for mired, tint in extremes]
    for number in range(24):
        face = person(number)
        flat = Image.new("RGB", (8, 8), face.skin)
        bound = spread([chromaticity(exposed(flat, light)) for light in lights])
        assert bound < 17
        shown = [chromaticity(cheeks(face, scene_of(number, view, use))) for view, use in enumerate(USES)]
        shown += [chromaticity(cheeks(face, scene_of(number, view, "train"), 112)) for view in range(2, 6)]
        assert spread(shown) < bound
        assert all(35 < np.degrees(np.arctan2(b, a)) < 80 for a, b in shown)


@pytest.mark.parametrize("gamma", [0.67, 1.0, 1.17])
def test_brightness_keeps_hue_and_saturation(gamma):
    """Up to rounding; white balance moves skin by up to 17."""
    for gain in (0.56, 1.05):
        for skin in SKINS:
            picture = exposed(Image.new("RGB", (8, 8), skin), Exposure(-1, 1.0, 0.0, 0.0, gamma, gain))
            assert spread([chromaticity(skin), chromaticity(picture)]) < 1


def test_subject_box_contains_head_and_hair():
    """Same scene, another person: above the mouth the two pictures differ only inside their boxes."""
    size = (224, 224)
    for number in (0, 8, 11, 14, 19, 24, 32):
        scene = dataclasses.replace(scene_of(number, 0, "train"), accessory=Accessory("none", (0, 0, 0)))
        faces = person(number), person(number + 200)
        first, second = (np.asarray(portrait(face, scene, size), int) for face in faces)
        changed = np.abs(first - second).max(axis=2) > 2
        for left, top, right, bottom in (subject_box(face, scene, size) for face in faces):
            changed[top:bottom, left:right] = False
        mouth = int(224 * (scene.crop.y + 0.6 / scene.crop.span))
        assert not changed[:mouth].any()


def test_train_and_test_scenes_share_no_context():
    train, test = ([scene_of(n, 0, use) for n in range(200)] for use in ("train", "test"))
    for context in (
        lambda s: s.background.place,
        lambda s: s.clothing.kind,
        lambda s: s.crop.layout,
        lambda s: s.accessory.kind if s.accessory.kind != "none" else None,
    ):
        in_train, in_test = ({context(s) for s in scenes} - {None} for scenes in (train, test))
        assert in_train
        assert in_test
        assert not in_train & in_test


def test_scenes_vary_in_every_dimension():
    scenes = [scene_of(4, view, "train") for view in range(100)]
    pool = USES["train"]
    assert len({(s.background.place, s.clothing.kind, s.expression, s.crop.layout, s.pose.word) for s in scenes}) > 90
    assert {s.background.place for s in scenes} == set(pool.places)
    assert {s.expression for s in scenes} == set(EXPRESSIONS)
    assert {s.crop.layout for s in scenes} == {layout[0] for layout in pool.layouts}
    assert all(s.name.isascii() and s.name == s.name.lower() and " " not in s.name for s in scenes)


def test_draw_scene_refuses_an_unknown_use():
    with pytest.raises(ValueError, match=r"'exam'.*train, test"):
        draw_scene(np.random.default_rng(0), "male", use="exam")


def test_every_place_has_one_use_and_depends_on_its_seed():
    assert sorted(PLACES) == sorted(place for use in USES.values() for place in use.places)
    for name in PLACES:
        first, second, other = (np.asarray(draw_place(name, seed, (64, 64))) for seed in (1, 1, 2))
        assert (first == second).all()
        assert (first != other).any()


def test_frontal_pose_moves_nothing():
    points = np.random.default_rng(0).uniform((-0.9, -1.4), (0.9, 1.0), (500, 2))
    assert np.allclose(Pose().head(points, person(1)), points)


@pytest.mark.parametrize("turn", [-1.0, -0.4, 0.7, 1.0])
def test_turned_face_is_not_folded(turn):
    """From ear to ear points keep their order, the nose follows the turn, and left mirrors right."""
    face = person(5)
    x = np.linspace(-0.7, 0.7, 141)
    for y in np.linspace(-0.95, 1.0, 40):
        points = np.column_stack((x, np.full_like(x, y)))
        moved = Pose(turn).head(points, face)[:, 0]
        assert (np.diff(moved) > 0).all()
        assert np.allclose(moved, -Pose(-turn).head(points, face)[::-1, 0])
    assert np.sign(Pose(turn).head(np.array([(0.0, 0.3)]), face)[0, 0]) == np.sign(turn)


@pytest.fixture(scope="module")
def bareheaded():
    """Scene and picture of three people without accessories."""
    scenes = [
        dataclasses.replace(scene_of(n, 0, "train"), pose=Pose(0.3), accessory=Accessory("none", (200, 30, 30)))
        for n in range(3)
    ]
    return [(scene, np.asarray(portrait(person(n), scene, (160, 160)), int)) for n, scene in enumerate(scenes)]


@pytest.mark.parametrize("hat", HATS)
def test_hat_leaves_the_face_free(hat, bareheaded):
    """A hat changes only pixels above the eyes."""
    for number, (scene, bare) in enumerate(bareheaded):
        face = person(number)
        with_hat = dataclasses.replace(scene, accessory=Accessory(hat, (200, 30, 30)))
        worn = np.asarray(portrait(face, with_hat, (160, 160)), int)
        unit = 160 / scene.crop.span
        eyes = int(160 * scene.crop.y + (face.eye_y - face.eye_height) * unit)
        assert (bare[:eyes] != worn[:eyes]).any()
        middle = slice(int(160 * scene.crop.x - 0.45 * unit), int(160 * scene.crop.x + 0.45 * unit))
        assert (bare[eyes:, middle] == worn[eyes:, middle]).all()


def views(people, uses, pixels):
    """Return gray crops of the head, pictures without it, mean colors and skin colors, for each person and use."""
    heads, rests, whole, skin = [], [], [], []
    for number in people:
        for view, use in enumerate(uses):
            face, scene = person(number), scene_of(number, view, use)
            picture, box = (f(face, scene, (pixels, pixels)) for f in (portrait, subject_box))
            heads.append(gray_crop(picture, box))
            rests.append(without_head(picture, box))
            small = np.asarray(picture.resize((112, 112), Image.Resampling.BOX), float)
            left, top, right, bottom = (v * 112 / pixels for v in box)
            wide, high = right - left, bottom - top
            x = slice(int(left + 0.35 * wide), int(right - 0.35 * wide))
            y = slice(int(top + 0.5 * high), int(top + 0.8 * high))
            whole.append(small.mean(axis=(0, 1)))
            skin.append(small[y, x].mean(axis=(0, 1)))
    return np.stack(heads), np.stack(rests), np.stack(whole), np.stack(skin)


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_all_people_of_mllmu_are_recognized_by_the_head_alone():
    """One train view in the gallery, one test view as probe; the surroundings and mean colors reveal nobody.

    The surroundings are tested with eight small pictures of each person: a single pair has too few hits by chance to
    tell 1 from 5.
    """
    heads = views(range(653), ("train", "test"), 448)[0]
    crops = views(range(10_000, 10_400), ("train", "test") * 3, 256)[0]
    vectors = Recognizer(crops, np.arange(400).repeat(6))(heads)
    by_head = nearest_is_right(vectors[::2], vectors[1::2])
    print(f"by the head {by_head:.4f}, reversed {nearest_is_right(vectors[1::2], vectors[::2]):.4f}")
    assert by_head >= 0.95
    for name, vectors in zip(("rest", "tint", "skin"), views(range(653), ("train", "test") * 4, 112)[1:], strict=True):
        rate = times_chance(vectors, 8)
        print(f"{name}: {rate:.1f} times chance")
        assert rate <= 3
