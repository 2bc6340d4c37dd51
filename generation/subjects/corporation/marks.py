"""Marks invented for the companies of mlu: abstract, without letters, and unlike the real ones.

A mark is a list of polygons in two tones, in units from -1 to 1.
"""

from collections.abc import Callable
from functools import cache

import numpy as np

from lethebench.generation.drawing.color import Color
from lethebench.generation.drawing.curves import oval, turned

Mark = tuple[tuple[np.ndarray, int], ...]  # polygons (n, 2) and the tone of each: 0 main, 1 second


def regular(corners: int, radius: float, angle: float = 0.0) -> np.ndarray:
    """Return a regular polygon."""
    t = np.linspace(0, 2 * np.pi, corners, endpoint=False) + angle
    return radius * np.column_stack((np.cos(t), np.sin(t)))


def band(outer: np.ndarray, inner: np.ndarray) -> np.ndarray:
    """Return the area between two open lines."""
    return np.vstack((outer, inner[::-1]))


def _cells() -> Mark:
    """Return six hexagons around an empty cell, every other one lighter."""
    centers = regular(6, 0.68, np.pi / 6)
    return tuple((regular(6, 0.37) + center, k % 2) for k, center in enumerate(centers))


def _waves() -> Mark:
    """Return half a disc above three waves."""
    t = np.linspace(np.pi, 2 * np.pi, 30)
    x = np.linspace(-0.95, 0.95, 40)
    sun = np.column_stack((0.62 * np.cos(t), -0.12 + 0.72 * np.sin(t)))
    waves = []
    for k, y in enumerate((0.14, 0.46, 0.78)):
        line = np.column_stack((x, y + 0.09 * np.sin(x * 2 * np.pi / 0.95 + k)))
        waves.append((band(line - (0, 0.09), line - (0, -0.09)), k % 2))
    return ((sun, 1), *waves)


def _rays() -> Mark:
    """Return a lozenge in a ring of twelve alternately long and short wedges."""
    wedge = np.array(((0.0, -0.4), (0.19, -0.98), (-0.19, -0.98)))
    short = np.array(((0.0, -0.4), (0.16, -0.76), (-0.16, -0.76)))
    ring = [(turned((wedge, short)[k % 2], k * np.pi / 6), k % 2) for k in range(12)]
    return (*ring, (np.array(((0, -0.38), (0.26, 0), (0, 0.38), (-0.26, 0))), 0))


def _crescents() -> Mark:
    """Return two crescents back to back in the shape of an hourglass, and a dot on either side."""
    t = np.linspace(-1.25, 1.25, 30)
    outer = np.column_stack((0.95 * np.sin(t), -0.98 + 0.95 * np.cos(t)))
    inner = np.column_stack((0.78 * np.sin(t), -0.98 + 0.5 * np.cos(t)))
    upper = band(outer, inner)
    return ((upper, 0), (upper * (1, -1), 1), (oval(-0.66, 0, 0.2, 0.2), 1), (oval(0.66, 0, 0.2, 0.2), 0))


def _peaks() -> Mark:
    """Return three steps up to a block with a ball, like a stair seen from the side."""
    steps = [(-0.95, 0.5), (-0.5, 0.14), (-0.05, -0.22), (0.4, -0.58)]
    blocks = [
        (np.array(((x, y), (x + 0.38, y - 0.16), (x + 0.38, 0.9), (x, 0.9))), k % 2) for k, (x, y) in enumerate(steps)
    ]
    return (*blocks, (oval(-0.42, -0.5, 0.3, 0.3), 1))


def _gates() -> Mark:
    """Return three nested arches above a bar."""
    t = np.linspace(np.pi, 2 * np.pi, 30)
    circle = np.column_stack((np.cos(t), np.sin(t)))
    gates = []
    for k, (outer, inner) in enumerate(((0.94, 0.72), (0.62, 0.42), (0.32, 0.0))):
        line, hole = (np.vstack(((-r, 0.42), circle * r + (0, 0.12), (r, 0.42))) for r in (outer, inner))
        gates.append((band(line, hole), k % 2))
    return (*gates, (np.array(((-0.94, 0.56), (0.94, 0.56), (0.94, 0.78), (-0.94, 0.78))), 1))


MARKS: dict[str, tuple[Callable[[], Mark], Color, Color]] = {
    "Apple_Logo": (_cells, (108, 72, 160), (178, 150, 214)),
    "Google_Logo": (_waves, (18, 120, 124), (116, 190, 184)),
    "Intel_Logo": (_rays, (206, 104, 28), (240, 172, 88)),
    "Microsoft_Corporation_Logo": (_crescents, (128, 40, 62), (206, 112, 126)),
    "NVIDIA_Corporation_Logo": (_peaks, (48, 62, 128), (132, 150, 212)),
    "SpaceX_Logo": (_gates, (96, 84, 40), (172, 158, 92)),
}


@cache
def mark_of(key: str) -> Mark:
    """Return the company's mark."""
    return MARKS[key][0]()
