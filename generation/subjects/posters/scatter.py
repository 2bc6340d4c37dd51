"""Parts of posters with many pieces: dots, rain, falling columns and radiating lines."""

import numpy as np

from lethebench.generation.drawing.color import Color
from lethebench.generation.drawing.pen import Pen
from lethebench.generation.subjects.posters.parts import HIGH, Part


def scattered(
    seed: int,
    count: int,
    *colors: Color,
    low: float = 0.0,
    high: float = HIGH,
    least: float = 0.003,
    most: float = 0.008,
    long: float = 1.0,
) -> Part:
    """Draw dots such as stars, petals, snow or dust, always at the same positions; `long` stretches them."""
    chance = np.random.default_rng(seed)
    positions = np.column_stack((chance.uniform(0, 1, count), chance.uniform(low, high, count)))
    sizes = least + (most - least) * chance.random(count) ** 2

    def paint(pen: Pen, rng: np.random.Generator) -> None:
        for k, ((x, y), r) in enumerate(zip(positions, sizes, strict=True)):
            pen.disc(x, y, r, r * long, colors[k % len(colors)])

    return paint


def rain(seed: int, count: int, color: Color, slant: float = 0.03, long: float = 0.09, width: float = 0.005) -> Part:
    """Draw slanting strokes."""
    chance = np.random.default_rng(seed)
    positions = np.column_stack((chance.uniform(-0.05, 1.05, count), chance.uniform(-0.05, HIGH, count)))

    def paint(pen: Pen, rng: np.random.Generator) -> None:
        for x, y in positions:
            pen.line(((x, y), (x - slant, y + long)), width, color, 0.7)

    return paint


def columns(seed: int, *colors: Color) -> Part:
    """Draw falling columns of small bars, brightest at their ends."""
    chance = np.random.default_rng(seed)
    strips = [
        (x, chance.uniform(0.2, 1.35), int(chance.integers(6, 20)), chance.uniform(0.3, 1, 20))
        for x in np.arange(0.03, 1, 0.062)
    ]

    def paint(pen: Pen, rng: np.random.Generator) -> None:
        for x, end, count, wide in strips:
            for k in range(count):
                y, w = end - 0.05 * k, 0.022 * wide[k]
                color = colors[min(k // 2, len(colors) - 1)]
                pen.block(x - w, y, x + w, y + 0.012, color)
                pen.block(x - 0.006, y - 0.016, x + 0.006, y + 0.03, color)

    return paint


def streaks(x: float, y: float, count: int, seed: int, *colors: Color) -> Part:
    """Draw lines that race away from a point."""
    chance = np.random.default_rng(seed)
    lines = [
        (2 * np.pi * (k + chance.uniform(0, 0.8)) / count, chance.uniform(0.12, 0.4), chance.uniform(0.2, 0.9))
        for k in range(count)
    ]

    def paint(pen: Pen, rng: np.random.Generator) -> None:
        for k, (a, near, long) in enumerate(lines):
            c, s = np.cos(a), np.sin(a)
            far = near + long
            points = ((x + near * c, y + near * s), (x + far * c - 0.012 * s, y + far * s + 0.012 * c),
                (x + far * c + 0.012 * s, y + far * s - 0.012 * c))  # fmt: skip
            pen.area(points, colors[k % len(colors)])

    return paint
