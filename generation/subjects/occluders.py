"""Small things that stand in front of a subject and hide a little of it."""

from collections.abc import Callable, Mapping

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from lethebench.generation.drawing.board import pick
from lethebench.generation.drawing.color import Color, mix

Occluder = Callable[[Image.Image, np.random.Generator, tuple[int, int, int, int]], None]
"""(picture, rng, the subject's box): paints into the picture."""
_GREENS: tuple[Color, ...] = ((70, 128, 62), (104, 148, 72), (58, 104, 70), (142, 150, 78))


def _paste(picture: Image.Image, cover: Image.Image, color: Color, blur: float) -> None:
    """Paint the color through a half-size L mask, blurred by `blur` pixels."""
    if blur:
        cover = cover.filter(ImageFilter.GaussianBlur(blur / 2))
    picture.paste(color, (0, 0), cover.resize(picture.size, Image.Resampling.BILINEAR))


def _sheet(picture: Image.Image) -> tuple[Image.Image, ImageDraw.ImageDraw]:
    cover = Image.new("L", (picture.width // 2, picture.height // 2))
    return cover, ImageDraw.Draw(cover)


def leaves(picture: Image.Image, rng: np.random.Generator, box: tuple[int, int, int, int]) -> None:
    """Paint fallen leaves at the foot of the box."""
    cover, draw = _sheet(picture)
    side, foot = (box[2] - box[0]) / 2, box[3] / 2
    middle = box[0] / 2 + side * rng.uniform(0.1, 0.9)
    for _ in range(int(rng.integers(3, 7))):
        at = np.array((middle + side * rng.normal(0, 0.11), foot + side * rng.uniform(-0.05, 0.02)))
        way, length = rng.uniform(-0.6, 0.6), side * rng.uniform(0.05, 0.09)
        tip = at + length * np.array((np.cos(way), np.sin(way)))
        across = 0.26 * length * np.array((-np.sin(way), np.cos(way)))
        draw.polygon([*map(tuple, (at, (at + tip) / 2 + across, tip, (at + tip) / 2 - across))], fill=255)
    _paste(picture, cover, pick(rng, (186, 120, 54), (150, 132, 60), (170, 86, 52)), 1.0)


def branch(picture: Image.Image, rng: np.random.Generator, box: tuple[int, int, int, int]) -> None:
    """Paint leaves that hang into an upper corner of the box."""
    cover, draw = _sheet(picture)
    side = (box[2] - box[0]) / 2
    sign = pick(rng, -1, 1)
    x0, y0 = (box[0] if sign > 0 else box[2]) / 2 - sign * side * 0.06, box[1] / 2 - side * 0.04
    angle = rng.uniform(0.35, 0.8)
    step = np.array((sign * np.cos(angle), np.sin(angle))) * side * 0.05
    for k in range(int(rng.integers(3, 6))):
        at = np.array((x0, y0)) + step * k
        for lean in (-0.9, 0.9):
            way = np.arctan2(step[1], step[0]) + lean + rng.normal(0, 0.2)
            tip = at + side * 0.1 * np.array((np.cos(way), np.sin(way)))
            across = side * 0.022 * np.array((-np.sin(way), np.cos(way)))
            draw.polygon([*map(tuple, (at, (at + tip) / 2 + across, tip, (at + tip) / 2 - across))], fill=255)
        draw.line([tuple(at), tuple(at + step)], fill=255, width=max(1, round(side * 0.008)))
    _paste(picture, cover, pick(rng, *_GREENS), 1.6)


def stake(picture: Image.Image, rng: np.random.Generator, box: tuple[int, int, int, int]) -> None:
    """Paint a thin post near one side of the box."""
    cover, draw = _sheet(picture)
    side = (box[2] - box[0]) / 2
    x = box[0] / 2 + side * (0.06, 0.94)[int(rng.integers(2))] + side * rng.normal(0, 0.02)
    wide, lean = side * 0.014, side * rng.normal(0, 0.02)
    top, foot = box[1] / 2 + side * rng.uniform(0.2, 0.6), box[3] / 2 + side * 0.03
    draw.polygon([(x - wide, foot), (x - wide + lean, top), (x + wide + lean, top), (x + wide, foot)], fill=255)
    _paste(picture, cover, pick(rng, (142, 104, 70), (196, 190, 178), (98, 78, 66)), 1.2)


def pebbles(picture: Image.Image, rng: np.random.Generator, box: tuple[int, int, int, int]) -> None:
    """Paint stones at the foot of the box."""
    side, foot = (box[2] - box[0]) / 2, box[3] / 2
    middle = box[0] / 2 + side * rng.uniform(0.1, 0.9)
    gray = pick(rng, (150, 146, 140), (176, 160, 140), (120, 122, 130))
    for shade in (0.25, 0.0, -0.12):
        cover, draw = _sheet(picture)
        for _ in range(3):
            x, y, r = middle + side * rng.normal(0, 0.1), foot + side * rng.uniform(-0.02, 0.02), side * 0.03
            r *= rng.uniform(0.6, 1.3)
            draw.ellipse((x - r, y - 0.7 * r, x + r, y + 0.7 * r), fill=255)
        _paste(picture, cover, mix(gray, (0, 0, 0) if shade > 0 else (255, 255, 255), abs(shade)), 1.0)


def haze(picture: Image.Image, rng: np.random.Generator, box: tuple[int, int, int, int]) -> None:
    """Paint a thin veil across a part of the box."""
    cover, draw = _sheet(picture)
    side = (box[2] - box[0]) / 2
    y = box[1] / 2 + side * rng.uniform(0.1, 0.9)
    x = box[0] / 2 + side * rng.uniform(0, 1)
    draw.ellipse((x - side * 0.5, y - side * 0.05, x + side * 0.5, y + side * 0.05), fill=110)
    _paste(picture, cover, pick(rng, (206, 210, 226), (226, 214, 206)), side * 0.08)


def flare(picture: Image.Image, rng: np.random.Generator, box: tuple[int, int, int, int]) -> None:
    """Paint a few pale discs, like lens flare."""
    side = (box[2] - box[0]) / 2
    x, y = box[0] / 2 + side * rng.uniform(0, 1), box[1] / 2 + side * rng.uniform(0, 1)
    step = side * rng.uniform(-0.2, 0.2, 2)
    for k in range(4):
        cover, draw = _sheet(picture)
        r = side * rng.uniform(0.02, 0.07)
        cx, cy = x + k * step[0], y + k * step[1]
        draw.ellipse((cx - r, cy - r, cx + r, cy + r), fill=70)
        _paste(picture, cover, ((255, 236, 196), (214, 236, 255))[k % 2], 1.5)


OCCLUDERS: Mapping[str, Mapping[str, tuple[Occluder, ...]]] = {
    "train": {"ground": (leaves, branch), "wall": (branch,), "sky": (haze,)},
    "test": {"ground": (pebbles, stake), "wall": (stake,), "sky": (flare,)},
}
