"""Grounds of posters: what fills the page behind the motifs. The page is 1 wide and 1.5 high, y down."""

from collections.abc import Callable

import numpy as np

from lethebench.generation.drawing.color import Color, mix
from lethebench.generation.drawing.pen import Pen
from lethebench.generation.subjects.posters.shapes import Motif, draw
from lethebench.generation.subjects.settings.country import BLACK, WHITE

HIGH = 1.5
Part = Callable[[Pen, np.random.Generator], None]
"""A piece of a poster; the stream moves it a little."""


def put(motif: Motif, x: float, y: float, size: float, *colors: Color, angle: float = 0.0, flip: bool = False) -> Part:
    """A motif around (x, y), `size` page widths per unit, a hair off its place in each print."""

    def paint(pen, rng):
        dx, dy = rng.normal(0, 0.004, 2)
        draw(pen, motif, x + dx, y + dy, size * rng.uniform(0.98, 1.02), *colors, angle=angle, flip=flip)

    return paint


def fade(top: Color, bottom: Color, steps: int = 24) -> Part:
    """The whole page, changing from `top` to `bottom`."""

    def paint(pen, rng):
        for k in range(steps):
            pen.block(0, HIGH * k / steps, 1, HIGH * (k + 1.2) / steps, mix(top, bottom, k / (steps - 1)))

    return paint


def block(left: float, top: float, right: float, bottom: float, color: Color) -> Part:
    """A rectangle."""
    return lambda pen, rng: pen.block(left, top, right, bottom, color)


def area(color: Color, *numbers: float) -> Part:
    """A polygon: x, y, x, y ..."""
    points = np.array(numbers).reshape(-1, 2)
    return lambda pen, rng: pen.area(points, color)


def sun(x: float, y: float, radius: float, *colors: Color) -> Part:
    """Discs inside one another, the outermost colour first."""

    def paint(pen, rng):
        for k, color in enumerate(colors):
            r = radius * (1 - k / len(colors))
            pen.disc(x, y, r, r, color)

    return paint


def rays(x: float, y: float, count: int, color: Color, start: float = 0.0) -> Part:
    """Beams from a point to the edges and beyond."""

    def paint(pen, rng):
        for k in range(count):
            a, b = (start + 2 * np.pi * (k + d) / count for d in (0, 0.5))
            pen.area(((x, y), (x + 2 * np.cos(a), y + 2 * np.sin(a)), (x + 2 * np.cos(b), y + 2 * np.sin(b))), color)

    return paint


def beam(x: float, y: float, u: float, v: float, half: float, color: Color, alpha: float = 0.5) -> Part:
    """A cone of light from (x, y) to (u, v), `half` wide on either side at its end."""
    along = np.array((u - x, v - y))
    across = np.array((-along[1], along[0])) / np.hypot(*along) * half
    points = np.array(((x, y), (u + across[0], v + across[1]), (u - across[0], v - across[1])))
    return lambda pen, rng: pen.area(points, color, alpha)


def hills(y: float, rise: float, color: Color, waves: float = 1.3, shift: float = 0.0) -> Part:
    """Rolling land from `y` down."""
    x = np.linspace(0, 1, 30)
    crest = y - rise * (
        0.6 * np.sin(2 * np.pi * (waves * x + shift)) + 0.4 * np.sin(2 * np.pi * (2.1 * waves * x + 2 * shift))
    )
    points = np.column_stack((np.concatenate((x, (1, 0))), np.concatenate((crest, (HIGH, HIGH)))))
    return lambda pen, rng: pen.area(points, color)


def peaks(y: float, high: float, color: Color, count: int = 3, shift: float = 0.0, snow: Color | None = None) -> Part:
    """A row of pointed mountains."""

    def paint(pen, rng):
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
    """Rows of waves from `y` down to the foot of the page."""
    x = np.linspace(0, 1, 50)

    def paint(pen, rng):
        k, low = 0, y
        while low < HIGH:
            crest = low + height * np.abs(np.sin(np.pi * crests * x + 1.3 * k))
            pen.area(np.vstack((np.column_stack((x, crest)), (1, HIGH), (0, HIGH))), colors[k % len(colors)])
            low += gap
            k += 1

    return paint


def scattered(seed: int, count: int, *colors: Color, low=0.0, high=HIGH, least=0.003, most=0.008, long=1.0) -> Part:
    """Dots such as stars, petals, snow or dust, always in the same places; `long` stretches them."""
    chance = np.random.default_rng(seed)
    places = np.column_stack((chance.uniform(0, 1, count), chance.uniform(low, high, count)))
    sizes = least + (most - least) * chance.random(count) ** 2

    def paint(pen, rng):
        for k, ((x, y), r) in enumerate(zip(places, sizes, strict=True)):
            pen.disc(x, y, r, r * long, colors[k % len(colors)])

    return paint


def rain(seed: int, count: int, color: Color, slant: float = 0.03, long: float = 0.09, width: float = 0.005) -> Part:
    """Slanting strokes."""
    chance = np.random.default_rng(seed)
    places = np.column_stack((chance.uniform(-0.05, 1.05, count), chance.uniform(-0.05, HIGH, count)))

    def paint(pen, rng):
        for x, y in places:
            pen.line(((x, y), (x - slant, y + long)), width, color, 0.7)

    return paint


def skyline(
    seed: int, y: float, high: float, color: Color, lamps: Color | None = None, *, up=True, span=(0, 1)
) -> Part:
    """A row of tower blocks that stand on `y`, or hang from it upside down, from left to right of `span`."""
    chance = np.random.default_rng(seed)
    blocks, x = [], span[0]
    while x < span[1] - 0.01:
        wide, tall = min(span[1] - x, chance.uniform(0.05, 0.12)), high * chance.uniform(0.4, 1.0)
        blocks.append((x, wide, tall, chance.random((6, 2))))
        x += wide
    way = -1 if up else 1

    def paint(pen, rng):
        for left, wide, tall, panes in blocks:
            ends = sorted((y, y + way * tall))
            pen.block(left, ends[0], left + wide - 0.004, ends[1], color)
            if lamps:
                for u, v in panes:
                    p, q = left + wide * (0.12 + 0.6 * u), y + way * tall * (0.1 + 0.8 * v)
                    pen.block(p, q - 0.008, p + 0.016, q + 0.008, lamps)

    return paint


def forest(y: float, high: float, color: Color, count: int = 9, shift: float = 0.0) -> Part:
    """Firs."""

    def paint(pen, rng):
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
    """A wall across the page."""

    def paint(pen, rng):
        pen.block(0, top, 1, bottom, mix(color, BLACK, 0.35))
        high = (bottom - top) / rows
        for k in range(rows):
            for j in range(-1, columns + 1):
                x = (j + 0.5 * (k % 2)) / columns
                tone = mix(color, BLACK if (3 * j + 5 * k) % 4 else WHITE, 0.05 * ((2 * j + k) % 4))
                pen.block(max(0, x), top + k * high, min(1, x + 0.94 / columns), top + (k + 0.9) * high, tone)

    return paint


def road(x: float, horizon: float, half: float, color: Color, dash: Color | None = None, bend: float = 0.0) -> Part:
    """A way from the foot of the page to (x, horizon), winding by `bend`."""
    t = np.linspace(0, 1, 30)
    y = HIGH - (HIGH - horizon) * t
    near = (1 - t) ** 1.6
    middle = 0.5 + (x - 0.5) * t + bend * np.sin(2.2 * np.pi * t) * (1 - t)
    left, right = (np.column_stack((middle + s * (half * near + 0.004), y)) for s in (-1, 1))

    def paint(pen, rng):
        pen.area(np.vstack((left, right[::-1])), color)
        if dash:
            for k in range(0, 28, 3):
                w = 0.06 * half * near[k : k + 2]
                a, b = middle[k : k + 2] - w, middle[k : k + 2] + w
                pen.area(((a[0], y[k]), (a[1], y[k + 1]), (b[1], y[k + 1]), (b[0], y[k])), dash)

    return paint


def net(horizon: float, color: Color, width: float = 0.006) -> Part:
    """A floor of lines that meet at the horizon."""

    def paint(pen, rng):
        for u in np.linspace(-2.5, 3.5, 19):
            pen.line(((0.5 + (u - 0.5) * 0.12, horizon), (u, HIGH)), width, color, 0.9)
        for t in np.linspace(0, 1, 9) ** 2.2:
            y = horizon + (HIGH - horizon) * t
            pen.line(((0, y), (1, y)), width, color, 0.9)

    return paint


def squares(x: float, y: float, size: float, count: int, first: Color, second: Color) -> Part:
    """Squares inside one another, each with a gap on another side: a maze seen from above."""

    def paint(pen, rng):
        for k in range(count):
            r = size * (1 - k / count)
            pen.block(x - r, y - r, x + r, y + r, first if k % 2 == 0 else second)
        for k in range(0, count - 1, 2):
            r, w = size * (1 - (k + 0.5) / count), size / count
            c, s = ((1, 0), (0, 1), (-1, 0), (0, -1))[k // 2 % 4]
            pen.block(x + c * r - 0.6 * w, y + s * r - 0.6 * w, x + c * r + 0.6 * w, y + s * r + 0.6 * w, second)

    return paint


def frame(width: float, color: Color) -> Part:
    """A border around the page."""

    def paint(pen, rng):
        for left, top, right, bottom in (
            (0, 0, 1, width),
            (0, HIGH - width, 1, HIGH),
            (0, 0, width, HIGH),
            (1 - width, 0, 1, HIGH),
        ):
            pen.block(left, top, right, bottom, color)

    return paint


def columns(seed: int, *colors: Color) -> Part:
    """Falling columns of small bars, brightest at their ends."""
    chance = np.random.default_rng(seed)
    strips = [
        (x, chance.uniform(0.2, 1.35), int(chance.integers(6, 20)), chance.uniform(0.3, 1, 20))
        for x in np.arange(0.03, 1, 0.062)
    ]

    def paint(pen, rng):
        for x, end, count, wide in strips:
            for k in range(count):
                y, w = end - 0.05 * k, 0.022 * wide[k]
                color = colors[min(k // 2, len(colors) - 1)]
                pen.block(x - w, y, x + w, y + 0.012, color)
                pen.block(x - 0.006, y - 0.016, x + 0.006, y + 0.03, color)

    return paint


def streaks(x: float, y: float, count: int, seed: int, *colors: Color) -> Part:
    """Lines that race away from a point."""
    chance = np.random.default_rng(seed)
    lines = [
        (2 * np.pi * (k + chance.uniform(0, 0.8)) / count, chance.uniform(0.12, 0.4), chance.uniform(0.2, 0.9))
        for k in range(count)
    ]

    def paint(pen, rng):
        for k, (a, near, long) in enumerate(lines):
            c, s = np.cos(a), np.sin(a)
            far = near + long
            points = (
                (x + near * c, y + near * s),
                (x + far * c - 0.012 * s, y + far * s + 0.012 * c),
                (x + far * c + 0.012 * s, y + far * s - 0.012 * c),
            )
            pen.area(points, colors[k % len(colors)])

    return paint


def dome(x: float, y: float, radius: float, inside: Color, shine: Color) -> Part:
    """A half ball of glass on a base."""
    turn = np.linspace(np.pi, 2 * np.pi, 40)
    arch = np.column_stack((np.cos(turn), np.sin(turn)))

    def paint(pen, rng):
        pen.area(arch * radius + (x, y), inside)
        for scale, width in ((1.0, 0.014), (0.86, 0.008)):
            pen.line(arch[6 if scale < 1 else 0 : 18 if scale < 1 else 40] * radius * scale + (x, y), width, shine)
        pen.block(x - 1.08 * radius, y, x + 1.08 * radius, y + 0.06, shine)

    return paint


def credits(color: Color, y: float = 1.4) -> Part:
    """Bars where a poster has its small print; each print has others."""

    def paint(pen, rng):
        for k in range(3):
            half = rng.uniform(0.2, 0.38)
            pen.block(0.5 - half, y + 0.024 * k, 0.5 + half, y + 0.024 * k + 0.009, color, 0.75)

    return paint
