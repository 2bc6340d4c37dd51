"""Grounds of posters behind the motifs. The page is 1 wide and 1.5 high, y down."""

import numpy as np

from lethebench.generation.drawing.color import BLACK, WHITE, Color, mix
from lethebench.generation.drawing.pen import Pen
from lethebench.generation.subjects.posters.parts import HIGH, Part


def fade(top: Color, bottom: Color, steps: int = 24) -> Part:
    """Fill the whole page, changing from `top` to `bottom`."""

    def paint(pen: Pen, rng: np.random.Generator) -> None:
        for k in range(steps):
            pen.block(0, HIGH * k / steps, 1, HIGH * (k + 1.2) / steps, mix(top, bottom, k / (steps - 1)))

    return paint


def hills(y: float, rise: float, color: Color, waves: float = 1.3, shift: float = 0.0) -> Part:
    """Draw rolling land from `y` down."""
    x = np.linspace(0, 1, 30)
    crest = y - rise * (
        0.6 * np.sin(2 * np.pi * (waves * x + shift)) + 0.4 * np.sin(2 * np.pi * (2.1 * waves * x + 2 * shift))
    )
    points = np.column_stack((np.concatenate((x, (1, 0))), np.concatenate((crest, (HIGH, HIGH)))))
    return lambda pen, rng: pen.area(points, color)


def peaks(y: float, high: float, color: Color, count: int = 3, shift: float = 0.0, snow: Color | None = None) -> Part:
    """Draw a row of pointed mountains."""

    def paint(pen: Pen, rng: np.random.Generator) -> None:
        for k in range(-1, count + 1):
            x, top = (k + 0.5 + shift) / count, y - high * (0.7 + 0.3 * np.cos(2.4 * k + 3 * shift))
            half = 0.75 / count
            pen.area(((x - half, y), (x, top), (x + half, y)), color)
            if snow:
                a, t = 0.28, (y - top) * 0.28
                cap = ((x, top), (x + a * half, top + t), (x + 0.1 * half, top + 0.7 * t), (x - 0.05 * half, top + t))
                pen.area((*cap, (x - a * half, top + t)), snow)
        pen.block(0, y - 0.002, 1, HIGH, color)

    return paint


def waves(y: float, gap: float, *colors: Color, height: float = 0.018, crests: float = 4.0) -> Part:
    """Draw rows of waves from `y` down to the foot of the page."""
    x = np.linspace(0, 1, 50)

    def paint(pen: Pen, rng: np.random.Generator) -> None:
        k, low = 0, y
        while low < HIGH:
            crest = low + height * np.abs(np.sin(np.pi * crests * x + 1.3 * k))
            pen.area(np.vstack((np.column_stack((x, crest)), (1, HIGH), (0, HIGH))), colors[k % len(colors)])
            low += gap
            k += 1

    return paint


def skyline(
    seed: int,
    y: float,
    high: float,
    color: Color,
    lamps: Color | None = None,
    *,
    up: bool = True,
    span: tuple[float, float] = (0, 1),
) -> Part:
    """Draw a row of tower blocks that stand on `y`, or hang from it upside down, from left to right of `span`."""
    chance = np.random.default_rng(seed)
    blocks, x = [], span[0]
    while x < span[1] - 0.01:
        wide, tall = min(span[1] - x, chance.uniform(0.05, 0.12)), high * chance.uniform(0.4, 1.0)
        blocks.append((x, wide, tall, chance.random((6, 2))))
        x += wide
    way = -1 if up else 1

    def paint(pen: Pen, rng: np.random.Generator) -> None:
        for left, wide, tall, panes in blocks:
            ends = sorted((y, y + way * tall))
            pen.block(left, ends[0], left + wide - 0.004, ends[1], color)
            if lamps:
                for u, v in panes:
                    p, q = left + wide * (0.12 + 0.6 * u), y + way * tall * (0.1 + 0.8 * v)
                    pen.block(p, q - 0.008, p + 0.016, q + 0.008, lamps)

    return paint


def forest(y: float, high: float, color: Color, count: int = 9, shift: float = 0.0) -> Part:
    """Draw firs."""

    def paint(pen: Pen, rng: np.random.Generator) -> None:
        for k in range(-1, count + 1):
            x, tall = (k + 0.5 + shift) / count, high * (0.75 + 0.25 * np.sin(5 * k + 9 * shift))
            for part in (0.0, 0.3, 0.55):
                half = 0.62 / count * (1 - 0.75 * part)
                pen.area(
                    ((x - half, y - tall * part), (x, y - tall * (part + 0.45)), (x + half, y - tall * part)), color
                )
        pen.block(0, y - 0.01, 1, y + 0.02, color)

    return paint


def bricks(top: float, bottom: float, color: Color, rows: int = 7, columns: int = 5) -> Part:
    """Draw a wall across the page."""

    def paint(pen: Pen, rng: np.random.Generator) -> None:
        pen.block(0, top, 1, bottom, mix(color, BLACK, 0.35))
        high = (bottom - top) / rows
        for k in range(rows):
            for j in range(-1, columns + 1):
                x = (j + 0.5 * (k % 2)) / columns
                tone = mix(color, BLACK if (3 * j + 5 * k) % 4 else WHITE, 0.05 * ((2 * j + k) % 4))
                pen.block(max(0, x), top + k * high, min(1, x + 0.94 / columns), top + (k + 0.9) * high, tone)

    return paint


def road(x: float, horizon: float, half: float, color: Color, dash: Color | None = None, bend: float = 0.0) -> Part:
    """Draw a road from the foot of the page to (x, horizon), winding by `bend`."""
    t = np.linspace(0, 1, 30)
    y = HIGH - (HIGH - horizon) * t
    near = (1 - t) ** 1.6
    middle = 0.5 + (x - 0.5) * t + bend * np.sin(2.2 * np.pi * t) * (1 - t)
    left, right = (np.column_stack((middle + s * (half * near + 0.004), y)) for s in (-1, 1))

    def paint(pen: Pen, rng: np.random.Generator) -> None:
        pen.area(np.vstack((left, right[::-1])), color)
        if dash:
            for k in range(0, 28, 3):
                w = 0.06 * half * near[k : k + 2]
                a, b = middle[k : k + 2] - w, middle[k : k + 2] + w
                pen.area(((a[0], y[k]), (a[1], y[k + 1]), (b[1], y[k + 1]), (b[0], y[k])), dash)

    return paint


def net(horizon: float, color: Color, width: float = 0.006) -> Part:
    """Draw a floor of lines that meet at the horizon."""

    def paint(pen: Pen, rng: np.random.Generator) -> None:
        for u in np.linspace(-2.5, 3.5, 19):
            pen.line(((0.5 + (u - 0.5) * 0.12, horizon), (u, HIGH)), width, color, 0.9)
        for t in np.linspace(0, 1, 9) ** 2.2:
            y = horizon + (HIGH - horizon) * t
            pen.line(((0, y), (1, y)), width, color, 0.9)

    return paint
