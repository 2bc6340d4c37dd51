"""Parts of posters: motifs and simple figures. The page is 1 wide and 1.5 high, y down."""

from collections.abc import Callable

import numpy as np

from lethebench.generation.drawing.color import Color
from lethebench.generation.drawing.pen import Pen
from lethebench.generation.subjects.posters.shapes import Motif, draw

HIGH = 1.5

Part = Callable[[Pen, np.random.Generator], None]
"""A piece of a poster; the rng varies it slightly between prints."""


def put(motif: Motif, x: float, y: float, size: float, *colors: Color, angle: float = 0.0, flip: bool = False) -> Part:
    """Draw a motif around (x, y), `size` page widths per unit, slightly shifted in each print."""

    def paint(pen: Pen, rng: np.random.Generator) -> None:
        dx, dy = rng.normal(0, 0.004, 2)
        draw(pen, motif, x + dx, y + dy, size * rng.uniform(0.98, 1.02), *colors, angle=angle, flip=flip)

    return paint


def block(left: float, top: float, right: float, bottom: float, color: Color) -> Part:
    """Fill a rectangle."""
    return lambda pen, rng: pen.block(left, top, right, bottom, color)


def area(color: Color, *numbers: float) -> Part:
    """Fill a polygon: x, y, x, y ..."""
    points = np.array(numbers).reshape(-1, 2)
    return lambda pen, rng: pen.area(points, color)


def sun(x: float, y: float, radius: float, *colors: Color) -> Part:
    """Draw nested discs, the outermost color first."""

    def paint(pen: Pen, rng: np.random.Generator) -> None:
        for k, color in enumerate(colors):
            r = radius * (1 - k / len(colors))
            pen.disc(x, y, r, r, color)

    return paint


def rays(x: float, y: float, count: int, color: Color, start: float = 0.0) -> Part:
    """Draw beams from a point to the edges and beyond."""

    def paint(pen: Pen, rng: np.random.Generator) -> None:
        for k in range(count):
            a, b = (start + 2 * np.pi * (k + d) / count for d in (0, 0.5))
            pen.area(((x, y), (x + 2 * np.cos(a), y + 2 * np.sin(a)), (x + 2 * np.cos(b), y + 2 * np.sin(b))), color)

    return paint


def beam(x: float, y: float, u: float, v: float, half: float, color: Color, alpha: float = 0.5) -> Part:
    """Draw a cone of light from (x, y) to (u, v), `half` wide on either side at its end."""
    along = np.array((u - x, v - y))
    across = np.array((-along[1], along[0])) / np.hypot(*along) * half
    points = np.array(((x, y), (u + across[0], v + across[1]), (u - across[0], v - across[1])))
    return lambda pen, rng: pen.area(points, color, alpha)


def squares(x: float, y: float, size: float, count: int, first: Color, second: Color) -> Part:
    """Draw nested squares, each with a gap on another side: a maze seen from above."""

    def paint(pen: Pen, rng: np.random.Generator) -> None:
        for k in range(count):
            r = size * (1 - k / count)
            pen.block(x - r, y - r, x + r, y + r, first if k % 2 == 0 else second)
        for k in range(0, count - 1, 2):
            r, w = size * (1 - (k + 0.5) / count), size / count
            c, s = ((1, 0), (0, 1), (-1, 0), (0, -1))[k // 2 % 4]
            pen.block(x + c * r - 0.6 * w, y + s * r - 0.6 * w, x + c * r + 0.6 * w, y + s * r + 0.6 * w, second)

    return paint


def frame(width: float, color: Color) -> Part:
    """Draw a border around the page."""

    def paint(pen: Pen, rng: np.random.Generator) -> None:
        for left, top, right, bottom in ((0, 0, 1, width), (0, HIGH - width, 1, HIGH), (0, 0, width, HIGH),
            (1 - width, 0, 1, HIGH)):  # fmt: skip
            pen.block(left, top, right, bottom, color)

    return paint


def dome(x: float, y: float, radius: float, inside: Color, shine: Color) -> Part:
    """Draw a half ball of glass on a base."""
    turn = np.linspace(np.pi, 2 * np.pi, 40)
    arch = np.column_stack((np.cos(turn), np.sin(turn)))

    def paint(pen: Pen, rng: np.random.Generator) -> None:
        pen.area(arch * radius + (x, y), inside)
        for scale, width in ((1.0, 0.014), (0.86, 0.008)):
            pen.line(arch[6 if scale < 1 else 0 : 18 if scale < 1 else 40] * radius * scale + (x, y), width, shine)
        pen.block(x - 1.08 * radius, y, x + 1.08 * radius, y + 0.06, shine)

    return paint


def credits(color: Color, y: float = 1.4) -> Part:
    """Draw bars in place of a poster's small print, different in each print."""

    def paint(pen: Pen, rng: np.random.Generator) -> None:
        for k in range(3):
            half = rng.uniform(0.2, 0.38)
            pen.block(0.5 - half, y + 0.024 * k, 0.5 + half, y + 0.024 * k + 0.009, color, 0.75)

    return paint
