"""Portraits: the same person whatever the scene, and nothing of the person in the scene."""

import dataclasses
import hashlib
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image
from recognition import Recogniser, grey_crop, nearest_is_right

from lethebench.generation.portraits import draw_face, id_photo
from lethebench.generation.portraits.accessories import HATS
from lethebench.generation.portraits.places import PLACES, draw_place
from lethebench.generation.portraits.portrait import portrait, subject_box
from lethebench.generation.portraits.pose import Pose
from lethebench.generation.portraits.scene import EXPRESSIONS, USES, Accessory, draw_scene

GENDERS = ("female", "male")


def person(number: int):
    rng = np.random.default_rng((77, number))
    gender = GENDERS[number % 2]
    return draw_face(rng, gender, int(rng.integers(16, 86)))


def scene_of(number: int, view: int, use: str):
    return draw_scene(np.random.default_rng((number, view, 5)), GENDERS[number % 2], use=use)


def sheet_digest() -> str:
    """The hash of a few pictures."""
    total = hashlib.sha256()
    for number in range(6):
        picture = portrait(person(number), scene_of(number, 0, "train"), (160, 160), mark="Drawn stand-in")
        total.update(picture.tobytes())
    return total.hexdigest()


def test_id_photos_keep_their_bytes():
    """Pages of `icu` show these photos; a change of theirs is a new major version."""
    total = hashlib.sha256()
    for k in range(40):
        face = draw_face(np.random.default_rng(k), GENDERS[k % 2], 16 + k)
        total.update(id_photo(face, np.random.default_rng(1000 + k), (120, 150)).tobytes())
    assert total.hexdigest() == "73855b80fbf3721c326ac75876def3cd877017edabef39b94cfe79ea8108ff5a"


def test_same_bytes_in_another_process():
    code = "import sys; sys.path.insert(0, 'tests'); import test_portraits; print(test_portraits.sheet_digest())"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == sheet_digest()


@pytest.mark.parametrize("size", [(448, 448), (200, 280), (320, 180)])
def test_picture_is_rgb_of_the_stated_size_and_box_lies_inside(size):
    picture, box = (
        portrait(person(3), scene_of(3, 1, "test"), size),
        subject_box(person(3), scene_of(3, 1, "test"), size),
    )
    assert (picture.mode, picture.size) == ("RGB", size)
    assert 0 <= box[0] < box[2] <= size[0]
    assert 0 <= box[1] < box[3] <= size[1]


def test_subject_box_holds_the_head_with_its_hair():
    """Same scene, other person: from the mouth up the two pictures differ nowhere outside their boxes."""
    for number in (0, 8, 11, 14, 19, 24, 32):
        scene = dataclasses.replace(scene_of(number, 0, "train"), accessory=Accessory("none", (0, 0, 0)))
        faces = person(number), person(number + 200)
        first, second = (np.asarray(portrait(face, scene), int) for face in faces)
        changed = np.abs(first - second).max(axis=2) > 2
        for box in (subject_box(face, scene) for face in faces):
            changed[box[1] : box[3], box[0] : box[2]] = False
        mouth = int(448 * (scene.crop.y + 0.6 / scene.crop.span))
        assert not changed[:mouth].any()


def test_train_and_test_scenes_share_no_context():
    train, test = ([scene_of(n, 0, use) for n in range(400)] for use in ("train", "test"))
    for what in (
        lambda s: s.background.place,
        lambda s: s.clothing.kind,
        lambda s: s.crop.layout,
        lambda s: s.accessory.kind if s.accessory.kind != "none" else None,
    ):
        seen, asked = {what(s) for s in train} - {None}, {what(s) for s in test} - {None}
        assert seen
        assert asked
        assert not seen & asked


def test_scenes_are_many():
    """A hundred views of one person: no two alike, every place, clothing, expression and layout among them."""
    scenes = [scene_of(4, view, "train") for view in range(100)]
    pool = USES["train"]
    assert len({(s.background.place, s.clothing.kind, s.expression, s.crop.layout, s.pose.word) for s in scenes}) > 90
    assert {s.background.place for s in scenes} == set(pool.places)
    assert {s.expression for s in scenes} == set(EXPRESSIONS)
    assert {s.crop.layout for s in scenes} == {layout[0] for layout in pool.layouts}
    assert all(s.name.isascii() and s.name == s.name.lower() and " " not in s.name for s in scenes)


def test_unknown_use_is_refused():
    with pytest.raises(ValueError, match=r"'exam'.*train, test"):
        draw_scene(np.random.default_rng(0), "male", use="exam")


def test_every_place_belongs_to_one_use_and_depends_on_its_seed():
    assert sorted(PLACES) == sorted(place for use in USES.values() for place in use.places)
    for name in PLACES:
        first, again, other = (np.asarray(draw_place(name, seed, (64, 64))) for seed in (1, 1, 2))
        assert (first == again).all()
        assert (first != other).any()


def test_upright_head_is_drawn_where_the_id_photo_draws_it():
    points = np.random.default_rng(0).uniform((-0.9, -1.4), (0.9, 1.0), (500, 2))
    assert np.allclose(Pose().head(points, person(1)), points)


@pytest.mark.parametrize("turn", [-1.0, -0.4, 0.7, 1.0])
def test_turned_face_is_not_folded(turn):
    """From ear to ear points keep their order, the nose goes the way of the turn, and left mirrors right."""
    face = person(5)
    x = np.linspace(-0.7, 0.7, 141)
    for y in np.linspace(-0.95, 1.0, 40):
        points = np.column_stack((x, np.full_like(x, y)))
        moved = Pose(turn).head(points, face)[:, 0]
        assert (np.diff(moved) > 0).all()
        assert np.allclose(moved, -Pose(-turn).head(points, face)[::-1, 0])
    assert np.sign(Pose(turn).head(np.array([(0.0, 0.3)]), face)[0, 0]) == np.sign(turn)


@pytest.mark.parametrize("hat", HATS)
def test_hat_leaves_the_face_free(hat):
    """A hat changes pixels above the eyes only."""
    for number in range(4):
        face = person(number)
        scene = dataclasses.replace(scene_of(number, 0, "train"), pose=Pose(0.3))
        bare, worn = (
            np.asarray(portrait(face, dataclasses.replace(scene, accessory=Accessory(kind, (200, 30, 30)))), int)
            for kind in ("none", hat)
        )
        unit = 448 / scene.crop.span
        eyes = int(448 * scene.crop.y + (face.eye_y - face.eye_height) * unit)
        assert (bare[:eyes] != worn[:eyes]).any()
        middle = slice(int(448 * scene.crop.x - 0.45 * unit), int(448 * scene.crop.x + 0.45 * unit))
        assert (bare[eyes:, middle] == worn[eyes:, middle]).all()


def test_mark_stands_in_a_strip_at_the_lower_edge():
    face, scene = person(9), scene_of(9, 0, "train")
    plain, marked = (np.asarray(portrait(face, scene, mark=mark)) for mark in (None, "Drawn stand-in, not a likeness"))
    rows = np.where((plain != marked).any(axis=(1, 2)))[0]
    assert rows.min() > 448 * 0.92
    strip = marked[rows.min() :].mean(axis=2)
    assert strip.max() > 230
    assert 0.03 < (strip < 100).mean() < 0.3


def views(people, uses, pixels):
    """One picture of each person for each of `uses`: (grey crops of the head, pictures without it, mean colours)."""
    heads, rests, whole, skin = [], [], [], []
    for number in people:
        for view, use in enumerate(uses):
            face, scene = person(number), scene_of(number, view, use)
            picture, box = (f(face, scene, (pixels, pixels)) for f in (portrait, subject_box))
            heads.append(grey_crop(picture, box))
            small = np.asarray(picture.resize((112, 112), Image.Resampling.BOX), float)
            left, top, right, bottom = (v * 112 / pixels for v in box)
            wide, high = right - left, bottom - top
            x, y = (
                slice(int(left + 0.35 * wide), int(right - 0.35 * wide)),
                slice(int(top + 0.5 * high), int(top + 0.8 * high)),
            )
            whole.append(small.mean(axis=(0, 1)))
            skin.append(small[y, x].mean(axis=(0, 1)))
            # The neck and hair that falls on the shoulders are the person too.
            x = slice(max(0, int(left - 0.12 * wide)), int(right + 0.12 * wide))
            small[max(0, int(top - 0.1 * high)) : int(bottom + 0.2 * high), x] = 128
            rests.append(small.mean(axis=2).ravel())
    return np.stack(heads), np.stack(rests), np.stack(whole), np.stack(skin)


def times_chance(vectors: np.ndarray, per_person: int) -> float:
    """How many times better than chance the nearest neighbour is, over all ordered pairs of a person's pictures."""
    pairs = [(a, b) for a in range(per_person) for b in range(per_person) if a != b]
    rates = [nearest_is_right(vectors[a::per_person], vectors[b::per_person]) for a, b in pairs]
    return float(np.mean(rates)) * len(vectors) / per_person


def check_who_can_be_told(people: int, teachers: int, pairs: int, pixels: int, least: float, most: float) -> None:
    """The head tells who it is; what surrounds it and mean colours of the same people do not.

    What is not the head is asked about over eight small pictures of each person: one hit in so many people is chance,
    and one pair of pictures has too few of them to tell 1 from 5.
    """
    heads = views(range(people), ("train", "test"), pixels)[0]
    learnt = views(range(10_000, 10_000 + teachers), ("train", "test") * pairs, min(pixels, 256))[0]
    vectors = Recogniser(learnt, np.arange(teachers).repeat(2 * pairs))(heads)
    by_head = nearest_is_right(vectors[::2], vectors[1::2])
    print(
        f"{people} people, by the head {by_head:.4f}, the other way {nearest_is_right(vectors[1::2], vectors[::2]):.4f}"
    )
    assert by_head >= least
    for what, found in zip(("rest", "tint", "skin"), views(range(people), ("train", "test") * 4, 112)[1:], strict=True):
        rate = times_chance(found, 8)
        print(f"{what}: {rate:.1f} times chance")
        assert rate <= most


@pytest.mark.slow
def test_sixty_people_are_told_apart_by_the_head_alone():
    # So few people are hit by chance once each; a colour that gave them away would be hit dozens of times.
    check_who_can_be_told(60, 60, 2, 144, 0.7, 4)


@pytest.mark.slow
def test_as_many_people_as_mllmu_has_are_told_apart_by_the_head_alone():
    """One train view in the gallery, one test view asked about, in places and clothes never seen together."""
    check_who_can_be_told(653, 400, 3, 448, 0.95, 3)
