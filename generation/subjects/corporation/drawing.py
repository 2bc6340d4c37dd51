"""Company marks on plates, badges, cards, flags, mugs and screens."""

from collections.abc import Callable

import numpy as np
from PIL import Image

from lethebench.generation.drawing.board import pick
from lethebench.generation.drawing.color import BLACK, WHITE, mix
from lethebench.generation.drawing.curves import turned
from lethebench.generation.drawing.pen import Pen
from lethebench.generation.subjects.class_drawing import ClassDrawing
from lethebench.generation.subjects.corporation.marks import MARKS, band, mark_of, regular
from lethebench.generation.subjects.corporation.settings import SETTINGS


def _dense(points: np.ndarray, parts: int = 6) -> np.ndarray:
    """Return the polygon with more corners, so that it bends with the surface."""
    share = np.linspace(0, 1, parts, endpoint=False)[:, None]
    return (points[:, None] * (1 - share) + np.roll(points, -1, axis=0)[:, None] * share).reshape(-1, 2)


def _rounded(radius: float, x: float = 1.0, y: float = 1.0) -> np.ndarray:
    """Return a rectangle of half sides x and y with round corners."""
    t = np.linspace(0, np.pi / 2, 8)
    corner = radius * np.column_stack((np.cos(t), np.sin(t)))
    corners = ((x, y), (-x, y), (-x, -y), (x, -y))
    return np.vstack([turned(corner, k * np.pi / 2) + np.array(p) - radius * np.sign(p) for k, p in enumerate(corners)])


class _Imprint:
    """A mark on a carrier: its scale, its tones, and the carrier's color."""

    def __init__(self, key: str, rng: np.random.Generator):
        self.mark, (_, main, second) = mark_of(key), MARKS[key]
        self.paper = pick(rng, (250, 249, 245), (240, 240, 242), (246, 241, 230))
        # Some carriers have the company's color and show the mark on a pale panel.
        self.tinted = rng.random() < 0.25
        self.ground = main if self.tinted else self.paper
        self.tones = (main, second)
        self.size = float(rng.uniform(0.74, 0.8))

    def on(self, pen: Pen, bend: Callable[[np.ndarray], np.ndarray] = lambda points: points) -> None:
        if self.tinted:
            pen.area(bend(_dense(_rounded(0.3)) * 1.06 * self.size), self.paper)
        size = self.size * (0.9 if self.tinted else 1.0)
        for points, tone in self.mark:
            pen.area(bend(_dense(points) * size), self.tones[tone])


def _plate(pen: Pen, imprint: _Imprint, rng: np.random.Generator) -> None:
    """Draw a sign with an edge and a screw in each corner."""
    edge = mix(imprint.ground, BLACK, 0.35)
    pen.area(_rounded(0.14), edge)
    pen.area(_rounded(0.12, 0.97, 0.97) - (0.008, 0.012), imprint.ground)
    imprint.on(pen)
    for x in (-0.86, 0.86):
        for y in (-0.86, 0.86):
            pen.disc(x, y, 0.045, 0.045, edge)
            pen.disc(x - 0.01, y - 0.012, 0.03, 0.03, (214, 214, 216))


def _badge(pen: Pen, imprint: _Imprint, rng: np.random.Generator) -> None:
    """Draw a round button."""
    pen.disc(0, 0, 1.0, 1.0, mix(imprint.ground, BLACK, 0.3))
    pen.disc(-0.015, -0.02, 0.96, 0.96, imprint.ground)
    imprint.size *= 0.78 if imprint.tinted else 0.88
    imprint.on(pen)
    pen.area(band(regular(40, 0.94)[20:34], regular(40, 0.86)[20:34] - (-0.02, -0.03)), WHITE, 0.45)


def _card(pen: Pen, imprint: _Imprint, rng: np.random.Generator) -> None:
    """Draw a square card with lines of small print at its foot."""
    pen.area(_rounded(0.05), mix(imprint.ground, BLACK, 0.22))
    pen.area(_rounded(0.04, 0.985, 0.985), imprint.ground)
    imprint.size *= 0.94
    imprint.on(pen, lambda points: points - (0, 0.12))
    gray = mix(imprint.ground, imprint.paper if imprint.tinted else imprint.tones[0], 0.45)
    for k, y in enumerate((0.72, 0.8)):
        wide = float(rng.uniform(0.3, 0.6))
        pen.block(-wide, y, wide, y + 0.035, gray if k == 0 else mix(imprint.ground, gray, 0.7))


def _flag(pen: Pen, imprint: _Imprint, rng: np.random.Generator) -> None:
    """Draw a cloth on a pole, in the wind."""
    phase, height = float(rng.uniform(0, 2 * np.pi)), float(rng.uniform(0.03, 0.06))

    def bend(points: np.ndarray) -> np.ndarray:
        return points + np.column_stack((0 * points[:, 0], height * np.sin(3.4 * points[:, 0] + phase)))

    pen.line(((-0.97, -1.0), (-0.97, 1.0)), 0.07, (150, 150, 156))
    edge = _dense(np.array(((-0.94, -0.88), (0.98, -0.88), (0.98, 0.84), (-0.94, 0.84))), 24)
    pen.area(bend(edge), imprint.ground)
    imprint.on(pen, bend)
    x = np.linspace(-0.94, 0.98, 14)
    slope = np.cos(3.4 * x + phase)
    for k in range(13):
        strip = bend(np.array(((x[k], -0.88), (x[k + 1], -0.88), (x[k + 1], 0.84), (x[k], 0.84))))
        pen.area(strip, BLACK if slope[k] > 0 else WHITE, 0.14 * abs(slope[k]))


def _mug(pen: Pen, imprint: _Imprint, rng: np.random.Generator) -> None:
    """Draw a mug with the mark around its belly."""
    side = pick(rng, -1, 1)
    for wide, color in ((0.2, mix(imprint.ground, BLACK, 0.3)), (0.13, mix(imprint.ground, BLACK, 0.08))):
        t = np.linspace(-1.4, 1.4, 20)
        pen.line(np.column_stack((side * (0.76 + 0.26 * np.cos(t)), 0.05 + 0.46 * np.sin(t))), wide, color)
    t = np.linspace(0, np.pi, 24)
    rim, foot = (np.column_stack((0.86 * np.cos(t), y + 0.08 * np.sin(t))) for y in (-0.86, 0.88))
    pen.area(np.vstack((rim[::-1] * (1, 1), foot)), imprint.ground)
    pen.disc(0, -0.86, 0.86, 0.1, mix(imprint.ground, BLACK, 0.12))
    pen.disc(0, -0.85, 0.78, 0.07, mix(imprint.ground, BLACK, 0.5))

    def bend(points: np.ndarray) -> np.ndarray:
        x = 0.86 * np.sin(np.clip(points[:, 0], -0.9, 0.9) * 1.08)
        return np.column_stack((x, points[:, 1] + 0.04 + 0.08 * np.sqrt(np.maximum(0, 1 - (x / 0.87) ** 2))))

    imprint.size *= 0.92
    imprint.on(pen, bend)
    for x in np.linspace(-0.86, 0.72, 12):
        dark = abs(x + 0.25)
        pen.block(x, -0.78, x + 0.15, 0.98, BLACK, 0.28 * max(0.0, dark - 0.45))


def _screen(pen: Pen, imprint: _Imprint, rng: np.random.Generator) -> None:
    """Draw a tablet that shows the mark."""
    pen.area(_rounded(0.1), (34, 36, 42))
    pen.area(_rounded(0.03, 0.92, 0.92), imprint.ground)
    pen.block(-0.92, -0.92, 0.92, -0.82, mix(imprint.ground, BLACK, 0.14))
    for x in (0.62, 0.72, 0.82):
        pen.disc(x, -0.87, 0.025, 0.025, mix(imprint.ground, BLACK, 0.5))
    imprint.on(pen)
    pen.area(((-0.92, -0.92), (0.2, -0.92), (-0.92, 0.6)), WHITE, 0.08)


CARRIERS = (_plate, _badge, _card, _flag, _mug, _screen)


def sprite(key: str, rng: np.random.Generator, pixels: int) -> Image.Image:
    """Draw a company's mark on a carrier.

    Args:
        key: one of `MARKS`.
        rng: draws the carrier, its color and the size of the mark.
        pixels: side of the picture.

    Returns:
        An RGBA picture, transparent around the carrier.
    """
    pen, imprint = Pen(), _Imprint(key, rng)
    pick(rng, *CARRIERS)(pen, imprint, rng)
    return pen.picture(pixels)


DRAWING = ClassDrawing(
    keys=tuple(MARKS),
    sprite=sprite,
    settings=SETTINGS,
    stance="wall",
    span=(0.56, 0.76),
    foot=(0.42, 0.5),
    tilt=5.0,
    turn=0.2,
    occluded=0.2,
)
