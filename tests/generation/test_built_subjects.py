"""Buildings and celestial bodies: their construction, and no two alike."""

import hashlib
import math

import numpy as np
import pytest
from PIL import Image

from lethebench.generation.drawing.board import Board
from lethebench.generation.drawing.pen import Pen
from lethebench.generation.subjects.astronomy.drawing import _ball, _turned, globe_of
from lethebench.generation.subjects.astronomy.maps import SHAPE, Globe
from lethebench.generation.subjects.buildings.model import Model
from lethebench.generation.subjects.buildings.walls import lit
from lethebench.generation.subjects.entities import DRAWN

BUILT = ("Buildings", "Astronomy")
WHITE = (255, 255, 255)


def likeness(first: np.ndarray, second: np.ndarray) -> float:
    """Return the correlation of two gray pictures, -1 to 1; 1 is the same but for brightness and contrast."""
    return float(np.corrcoef(first.ravel(), second.ravel())[0, 1])


def small_gray(picture: Image.Image, side: int = 48) -> np.ndarray:
    return np.asarray(picture.convert("L").resize((side, side), Image.Resampling.BOX), float)


def test_pen_fills_the_square_and_shades_stay_on_the_subject():
    pen = Pen()
    pen.block(3, 10, 7, 12, (200, 100, 50))
    pen.block(-50, -50, 50, 50, (0, 0, 0), 0.5)
    pixels = np.asarray(pen.picture(40))
    # Twice as wide as high: it fills the lower half of the square, darkened by a shade that reaches far beyond it.
    assert (pixels[:20, :, 3] == 0).all()
    assert (pixels[20:, :, 3] == 255).all()
    assert np.abs(pixels[20:, :, :3].astype(int) - (100, 50, 25)).max() <= 1


def test_shade_leaves_no_light_rim():
    pen = Pen()
    pen.disc(0, 0, 1, 1, (0, 0, 0))
    pen.block(-5, -5, 5, 5, WHITE, 0.5)
    pixels = np.asarray(pen.picture(41)).astype(int)
    rim = (pixels[..., 3] > 20) & (pixels[..., 3] < 235)
    assert rim.sum() > 40
    assert pixels[rim, :3].max() < 140


def test_page_shows_its_part_at_its_scale():
    pen = Pen()
    pen.block(0, 0, 0.5, 5, (255, 0, 0))
    pen.block(0.5, 0, 9, 5, (0, 0, 255))
    pixels = np.asarray(pen.page((60, 90), 1.0))
    assert pixels.shape == (90, 60, 4)
    assert (pixels[:, :29, 0] == 255).all()
    assert (pixels[:, 31:, 2] == 255).all()


@pytest.mark.parametrize(("yaw", "walls"), [(0.0, [0]), (0.5, [0, 1]), (-0.5, [0, 3])])
def test_prism_returns_the_walls_that_face_the_viewer(yaw, walls):
    model = Model(yaw=yaw, pitch=0.1, far=1e6)
    faces = model.prism(0, 0, 2, 2, 0, 3, WHITE)
    # Directions of the front, right, back and left wall.
    directions = ((1, 0), (0, -1), (-1, 0), (0, 1))
    assert [directions.index((round(f.across[0] / 2), round(f.across[2] / 2))) for f in faces] == walls


def test_far_view_is_a_turn_and_near_view_has_perspective():
    points = np.random.default_rng(0).uniform(-1, 1, (50, 3))
    flat = Model(yaw=0.7, pitch=0.0, far=1e9).at(points)
    assert np.allclose(flat[:, 0], np.cos(0.7) * points[:, 0] - np.sin(0.7) * points[:, 2], atol=1e-6)
    assert np.allclose(flat[:, 1], -points[:, 1], atol=1e-6)
    front, back = Model(yaw=0.0, pitch=0.0, far=4.0).at([(1, 0, 1), (1, 0, -1)])[:, 0]
    assert (front, back) == (pytest.approx(4 / 3), pytest.approx(4 / 5))


def test_lathe_is_as_wide_as_its_profile_from_every_side():
    for yaw in (-0.6, 0.0, 0.9):
        model = Model(yaw=yaw, pitch=0.0, far=1e6)
        model.lathe(0, 0, ((0.5, 0), (1.0, 2), (0.25, 4)), WHITE, strips=12)
        alpha = np.asarray(model.pen.picture(100))[..., 3] > 128
        rows = alpha.sum(axis=1)
        assert rows[49:51].mean() == pytest.approx(50, abs=2)
        assert rows[-2] == pytest.approx(25.5, abs=2)
        assert np.abs(alpha - alpha[:, ::-1].astype(int)).sum(axis=1).max() <= 3


def test_sunny_side_is_lighter_than_the_shady_one():
    model = Model(yaw=0.4, pitch=0.1, sun=1.0)
    right, front = model.light((1, 0, 0)), model.light((0, 0, 1))
    assert right > model.light((-1, 0, 0))
    assert sum(lit((120, 120, 120), right)) > sum(lit((120, 120, 120), front))


def test_globe_turns_with_spin_and_is_dark_off_the_sun():
    colors = np.zeros((*SHAPE, 3), np.float32)
    colors[..., 0] = np.arange(SHAPE[1]) * 255 / SHAPE[1]  # longitude
    colors[: SHAPE[0] // 2, :, 1] = 200  # north
    globe = Globe(colors, np.zeros((*SHAPE, 2), np.float32), 1.0)
    x, y = np.array([0.001, 0.0, 0.0]), np.array([0.0, 0.6, -0.6])
    ahead = np.array((0.0, 0.0, 1.0))
    for spin in (1.0, 2.5):
        disc = _ball(globe, x, y, _turned(0, 0), spin, ahead)
        assert disc[0, 0] == pytest.approx(255 * spin / (2 * math.pi), abs=2)
        assert disc[1, 1] > 100 > disc[2, 1]
    # Nodding one way brings the north below the center of the disc, the other way does not.
    low = [
        _ball(globe, np.array([0.0]), np.array([-0.1]), _turned(0, nod), 0, ahead)[0, 1] > 100 for nod in (-0.5, 0.5)
    ]
    assert sorted(low) == [False, True]
    rim = np.array([-0.9, 0.9])
    left, right = _ball(globe, rim, np.array([0.3, 0.3]), _turned(0, 0), 1.0, np.array((1.0, 0.0, 0.0)))[:, 1]
    assert right > 3 * left


def test_maps_of_bodies_differ_and_are_in_range():
    maps = [globe_of(key) for key in DRAWN["Astronomy"].keys]
    for globe in maps:
        assert globe.colors.shape == (*SHAPE, 3)
        assert globe.colors.min() >= 0
        assert globe.colors.max() < 400
        assert np.isfinite(globe.relief).all()
    hashes = {hashlib.sha256(globe.colors.tobytes()).hexdigest() for globe in maps}
    assert len(hashes) == len(maps)


def nearest_pairs(name: str, seed: int) -> tuple[float, str, str]:
    """Return the likeness and the names of the two most similar sprites of a class, both drawn with `seed`."""
    keys, sprites = DRAWN[name].keys, []
    for key in keys:
        ground = Image.new("RGB", (64, 64), (128, 128, 128))
        sprite = DRAWN[name].sprite(key, np.random.default_rng(seed), 64)
        ground.paste(sprite, mask=sprite)
        sprites.append(small_gray(ground))
    return max((likeness(sprites[a], sprites[b]), keys[a], keys[b]) for a in range(len(keys)) for b in range(a))


@pytest.mark.parametrize("name", BUILT)
def test_no_two_entities_look_alike(name):
    """With the same side and light, entities have the most in common."""
    pairs = [nearest_pairs(name, seed) for seed in range(3)]
    print(name, "most alike:", [(round(value, 3), a, b) for value, a, b in pairs])
    assert max(value for value, _, _ in pairs) < 0.95


@pytest.mark.parametrize("name", BUILT)
def test_settings_paint_the_whole_board(name):
    for settings in DRAWN[name].settings.values():
        for setting in settings.values():
            board = Board((40, 40))
            board.image.paste((255, 0, 255), (0, 0, 40, 40))
            setting(board, np.random.default_rng(3))
            assert (np.asarray(board.image) != (255, 0, 255)).any(axis=2).all()
