"""Leaves, stalks, petals and soil that plants share. Up is negative, the ground is at y = 0."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from lethebench.generation.drawing.board import pick
from lethebench.generation.drawing.color import Color, mix, toned
from lethebench.generation.drawing.curves import Points, closed, oval, placed, tube
from lethebench.generation.drawing.ink import SHADE, Ink


@dataclass(frozen=True)
class Growth:
    """How a plant has grown in one view.

    Attributes:
        rng: small variation of leaf and stalk.
        sway: -1 to 1, direction of its bend.
        size: factor on the parts.
        tone: factor on the colors, near 1.
        ripe: 0..1, how ripe fruits and how open flowers are.
        form: 0, 1 or 2: how many parts it has, and which.
        dyes: color of the drawing -> color in this variety or season.
    """

    rng: np.random.Generator
    sway: float
    size: float
    tone: float
    ripe: float
    form: int = 0
    dyes: Mapping[Color, Color] = field(default_factory=dict)

    def color(self, color: Color) -> Color:
        """Return the color as light or dark as this view shows it."""
        return toned(self.dyes.get(color, color), self.tone)

    def jitter(self, scale: float) -> float:
        """Return a small random number with this standard deviation."""
        return float(self.rng.normal(0, scale))


def draw_growth(rng: np.random.Generator, varieties: tuple[Mapping[Color, Color], ...] = ()) -> Growth:
    """Draw a growth at random, of one of the varieties or in the drawing's own colors."""
    return Growth(
        rng,
        sway=float(rng.uniform(-1, 1)),
        size=float(rng.uniform(0.86, 1.14)),
        tone=float(rng.uniform(0.93, 1.06)),
        ripe=float(rng.uniform(0, 1)),
        form=int(rng.integers(3)),
        dyes=pick(rng, {}, *varieties),
    )


def leaf(
    ink: Ink, x: float, y: float, angle: float, length: float, width: float, color: Color, *, vein: bool = True
) -> None:
    """Draw a pointed leaf that starts at (x, y) and points `angle` radians clockwise from the right."""
    half = np.array([(0.0, 0.0), (0.22, 0.38), (0.5, 0.5), (0.8, 0.28)]) * (length, width)
    edge = np.vstack((half, [(length, 0.0)], half[:0:-1] * (1, -1)))
    if width > 0.13:
        ink.form(placed(closed(edge), x, y, angle), color, reach=0.3 * width)
    else:  # too narrow for rounded shading: a light and a dark half
        ink.shape(placed(closed(edge), x, y, angle), mix(color, (255, 250, 226), 0.12))
        lower = np.vstack((half * (1, np.sign(np.cos(angle)) or 1), [(length, 0.0)]))
        ink.patch(placed(lower, x, y, angle), mix(color, SHADE, 0.22))
    if vein:
        line = placed([(0.04 * length, 0.0), (0.9 * length, 0.0)], x, y, angle)
        ink.stroke(line, max(0.012, 0.06 * width), mix(color, (236, 246, 200), 0.45), alpha=0.8)


def blade(ink: Ink, points: Points, width: float, color: Color) -> None:
    """Draw a long leaf along a line, widest in its lower half, with a light midrib."""
    count = len(points)
    radii = 0.5 * width * np.interp(np.linspace(0, 1, count), (0, 0.3, 1), (0.6, 1.0, 0.04))
    ink.form(tube(points, radii), color, reach=0.35 * width)
    ink.stroke(np.asarray(points)[:-1], 0.12 * width, mix(color, (236, 246, 200), 0.45), alpha=0.7)


def stalk(ink: Ink, points: Points, thick: float, color: Color, thin: float | None = None) -> None:
    """Draw a stem from foot to top."""
    radii = np.linspace(thick, thick if thin is None else thin, len(points)) / 2
    ink.form(tube(points, radii), color, reach=0.6 * thick)


def mound(ink: Ink, growth: Growth, half: float, high: float = 0.1) -> None:
    """Draw a heap of soil around a foot at x = 0."""
    soil = growth.color((112, 80, 58))
    ink.form(closed([(-half, 0.02), (-0.6 * half, -0.7 * high), (0.0, -high), (0.6 * half, -0.7 * high), (half, 0.02),
        (0.0, 0.06)]), soil, reach=0.08)  # fmt: skip
    for _ in range(9):
        x = growth.rng.uniform(-0.7, 0.7) * half
        ink.patch(oval(x, -0.02 - growth.rng.uniform(0, 0.4) * high, 0.025, 0.015), mix(soil, SHADE, 0.4))


def pot(ink: Ink, growth: Growth, half: float, high: float) -> None:
    """Draw a clay pot whose rim is at y = -high."""
    clay = growth.color((196, 110, 74))
    side = np.array([(-0.92 * half, -high), (0.92 * half, -high), (0.7 * half, 0.0), (-0.7 * half, 0.0)])
    ink.form(side, clay, reach=0.12)
    ink.form(
        np.array([(-half, -high - 0.06), (half, -high - 0.06), (half, -high + 0.1), (-half, -high + 0.1)]),
        clay,
        reach=0.06,
    )
    ink.form(oval(0, -high - 0.06, half, 0.07), mix(clay, SHADE, 0.25), reach=0.05)
    ink.form(oval(0, -high - 0.05, half * 0.88, 0.05), growth.color((92, 66, 50)), reach=0.04)
