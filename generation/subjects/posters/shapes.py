"""Shapes of motifs: polygons, smooth outlines, ovals and lines, each in its own tone.

A motif is a list of shapes in units from about -1 to 1 (x right, y down), drawn from back to front. Tones are
numbers; the poster that uses the motif supplies their colors.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from lethebench.generation.drawing.color import Color
from lethebench.generation.drawing.curves import oval, smooth, turned
from lethebench.generation.drawing.pen import Pen


class Shape(NamedTuple):
    """Points (n, 2) in one tone; a line if `width` is set, otherwise an area."""

    tone: int
    points: np.ndarray
    width: float | None = None


Motif = tuple[Shape, ...]


def _pairs(numbers: Sequence[float]) -> np.ndarray:
    return np.array(numbers, float).reshape(-1, 2)


def poly(tone: int, *numbers: float) -> Shape:
    """Return a polygon: x, y, x, y ..."""
    return Shape(tone, _pairs(numbers))


def soft(tone: int, *numbers: float) -> Shape:
    """Return a closed smooth outline through the points."""
    return Shape(tone, smooth(_pairs(numbers), closed=True, steps=6))


def disc(tone: int, x: float, y: float, rx: float, ry: float | None = None) -> Shape:
    """Return an oval."""
    return Shape(tone, oval(x, y, rx, rx if ry is None else ry))


def box(tone: int, left: float, top: float, right: float, bottom: float) -> Shape:
    """Return a rectangle."""
    return poly(tone, left, top, right, top, right, bottom, left, bottom)


def line(tone: int, width: float, *numbers: float) -> Shape:
    """Return straight strokes through the points."""
    return Shape(tone, _pairs(numbers), width)


def curve(tone: int, width: float, *numbers: float) -> Shape:
    """Return a smooth stroke through the points."""
    return Shape(tone, smooth(_pairs(numbers), steps=6), width)


def ring(tone: int, x: float, y: float, radius: float, width: float, squash: float = 1.0) -> Shape:
    """Return a circle as a stroke."""
    points = oval(x, y, radius, radius * squash)
    return Shape(tone, np.vstack((points, points[:2])), width)


def around(count: int, *shapes: Shape, start: float = 0.0) -> Motif:
    """Return copies of shapes, turned about the middle in equal steps."""
    return tuple(
        Shape(s.tone, turned(s.points, start + 2 * np.pi * k / count), s.width) for k in range(count) for s in shapes
    )


def beside(x: float, y: float, size: float, *shapes: Shape, angle: float = 0.0) -> Motif:
    """Return shapes scaled, turned and moved."""
    return tuple(
        Shape(s.tone, turned(s.points * size, angle) + np.array((x, y)), None if s.width is None else s.width * size)
        for s in shapes
    )


def draw(
    pen: Pen, motif: Motif, x: float, y: float, size: float, *colors: Color, angle: float = 0.0, flip: bool = False
) -> None:
    """Draw a motif around (x, y), `size` page widths per unit."""
    for shape in motif:
        points = shape.points * ((-1.0, 1.0) if flip else 1.0)
        points = (turned(points, angle) if angle else points) * size + (x, y)
        color = colors[shape.tone % len(colors)]
        if shape.width is None:
            pen.area(points, color)
        else:
            pen.line(points, shape.width * size, color)
