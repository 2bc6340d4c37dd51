"""Signatures and letterhead emblems, drawn from the seed alone: a name that can be masked must not show in them."""

import math

import numpy as np
from PIL import Image, ImageDraw

from lethebench.generation.documents.look import pick
from lethebench.generation.drawing.color import Color
from lethebench.generation.drawing.curves import smooth

SCALE = 3  # oversampling
Rgba = tuple[int, int, int, int]


def finish(mask: Image.Image, ink: Color, alpha: float = 1.0) -> Image.Image:
    """Return an oversampled L mask as an antialiased RGBA picture in one ink."""
    mask = mask.reduce(SCALE)
    if alpha < 1:
        mask = mask.point([round(v * alpha) for v in range(256)])
    picture = Image.new("RGBA", mask.size, (*ink, 0))
    picture.putalpha(mask)
    return picture


def signature(rng: np.random.Generator, width: int, height: int, ink: Color) -> Image.Image:
    """Draw a signature: a large initial, loops that thin out, and perhaps a flourish. RGBA, width x height."""
    mask = Image.new("L", (width * SCALE, height * SCALE))
    draw = ImageDraw.Draw(mask)
    base, slant = 0.62, rng.uniform(0.05, 0.4)
    size = rng.uniform(0.16, 0.26)
    letters = int(rng.integers(4, 9))
    x = 0.08
    points = [(x, base - rng.uniform(0.1, 0.3))]
    # The initial: a tall loop or two.
    for _ in range(int(rng.integers(1, 3))):
        tall = rng.uniform(0.35, 0.55)
        w = rng.uniform(0.05, 0.09)
        points += [
            (x + w, base - tall),
            (x + 1.5 * w, base - 0.3 * tall),
            (x + 0.6 * w, base + 0.1),
            (x, base - 0.1),
            (x + 1.3 * w, base - 0.2),
        ]
        x += 1.4 * w
    step = rng.uniform(0.62, 0.8) * (0.86 - x) / letters
    for k in range(letters):
        rise = size * rng.uniform(0.5, 1.1) * (1 - 0.5 * k / letters)
        kind = rng.random()
        if kind < 0.18:  # an ascender
            rise *= 2.3
            points += [(x + 0.5 * step, base - rise), (x + 0.25 * step, base - rise - 0.02), (x + 0.45 * step, base)]
        elif kind < 0.34:  # a descender
            points += [
                (x + 0.5 * step, base - 0.4 * rise),
                (x + 0.55 * step, base + 1.3 * rise),
                (x + 0.15 * step, base + rise),
                (x + 0.8 * step, base - 0.1),
            ]
        elif kind < 0.62:  # a round letter
            points += [
                (x + 0.6 * step, base - rise),
                (x + 0.2 * step, base - 0.5 * rise),
                (x + 0.5 * step, base + 0.01),
                (x + 0.9 * step, base - 0.4 * rise),
            ]
        else:  # an arch
            points += [(x + 0.35 * step, base - rise), (x + 0.6 * step, base + 0.01)]
        x += step
    points.append((min(0.97, x + rng.uniform(0.02, 0.16)), base - rng.uniform(-0.1, 0.2)))
    curve = smooth(points, steps=9)
    curve[:, 0] += slant * (base - curve[:, 1]) * height / width
    curve = np.clip(curve, 0.02, 0.98) * (mask.width, mask.height)
    pen = rng.uniform(1.0, 1.7) * SCALE
    speed = np.hypot(*np.diff(curve, axis=0).T)
    weight = np.clip(1.5 - speed / (speed.mean() * 2.2), 0.55, 1.4)
    for (x0, y0), (x1, y1), k in zip(curve[:-1], curve[1:], weight, strict=True):
        draw.line((x0, y0, x1, y1), fill=255, width=max(2, round(pen * k)))
    if rng.random() < 0.55:
        y = base + rng.uniform(0.1, 0.24)
        under = [(0.15, y + 0.04), (0.5, y - 0.02), (0.9, y + rng.uniform(-0.1, 0.02)), (0.6, y + 0.08)]
        flourish = np.clip(smooth(under, steps=10), 0.02, 0.97) * (mask.width, mask.height)
        draw.line(flat(flourish), fill=230, width=round(pen * 0.8))
    return finish(mask, ink, 0.92)


def emblem(rng: np.random.Generator, size: int, color: Color, second: Color, paper: Color, domain: str) -> Image.Image:
    """Draw an invented mark for a letterhead. RGBA, size x size."""
    n = size * SCALE
    picture = Image.new("RGBA", (n, n))
    draw = ImageDraw.Draw(picture)
    ground = int(rng.integers(6))
    box = (0, 0, n - 1, n - 1)
    solid, ink = (*color, 255), (*paper, 255)
    if ground == 0:
        draw.ellipse(box, fill=solid)
    elif ground == 1:
        draw.rounded_rectangle(box, n // 5, fill=solid)
    elif ground == 2:
        right, left = n * 0.95, n * 0.05
        top, bottom = (n * 0.5, 0), (n * 0.5, n - 1)
        draw.polygon(
            [top, (right, n * 0.25), (right, n * 0.75), bottom, (left, n * 0.75), (left, n * 0.25)], fill=solid
        )
    elif ground == 3:
        shield = smooth([(0.06, 0.06), (0.5, 0.02), (0.94, 0.06), (0.92, 0.5), (0.5, 0.99), (0.08, 0.5)], closed=True)
        draw.polygon(flat(shield * n), fill=solid)
    elif ground == 4:
        draw.ellipse(box, outline=solid, width=n // 12)
        ink = solid
    else:
        draw.polygon([(n * 0.5, 0), (n - 1, n * 0.5), (n * 0.5, n - 1), (0, n * 0.5)], fill=solid)
    extra = (*second, 255) if ground == 4 else ink
    _symbol(draw, rng, n, ink, extra, domain)
    return picture.reduce(SCALE)


def flat(points: np.ndarray) -> list[float]:
    """Return points, shape (n, 2), as Pillow takes them: x, y, x, y ..."""
    return points.ravel().tolist()


def star(x: float, y: float, outer: float, inner: float, tips: int = 5) -> list[float]:
    """Return the outline of a star around (x, y) with a tip at the top, as Pillow takes it."""
    angle = np.arange(2 * tips) * math.pi / tips - math.pi / 2
    radius = np.where(np.arange(2 * tips) % 2 == 0, outer, inner)
    return flat(np.column_stack((x + radius * np.cos(angle), y + radius * np.sin(angle))))


def _symbol(draw: ImageDraw.ImageDraw, rng: np.random.Generator, n: int, ink: Rgba, extra: Rgba, domain: str) -> None:
    """Draw the symbol on an emblem."""
    c, r = n / 2, n * 0.28
    medical, general = ("cross", "pulse", "drop", "leaf", "star", "staff"), ("bars", "peak", "gear", "star", "waves")
    kind = pick(rng, medical if domain == "medical" else (*general, "rings", "arrow"))
    if kind == "cross":
        t = r * rng.uniform(0.28, 0.42)
        draw.rectangle((c - t, c - r, c + t, c + r), fill=ink)
        draw.rectangle((c - r, c - t, c + r, c + t), fill=ink)
    elif kind == "pulse":
        xs = (-1.2, -0.6, -0.35, -0.05, 0.25, 0.5, 1.2)
        ys = (0, 0, -0.4, 1.0, -1.0, 0, 0)
        draw.line([(c + r * x, c - r * y) for x, y in zip(xs, ys, strict=True)], fill=ink, width=n // 14, joint="curve")
    elif kind == "drop":
        drop = smooth([(0, -1.15), (0.5, -0.2), (0.62, 0.4), (0, 0.95), (-0.62, 0.4), (-0.5, -0.2)], closed=True)
        draw.polygon(flat(drop * r + c), fill=ink)
    elif kind == "leaf":
        for s in (-1, 1):
            leaf = smooth([(0, 0.9), (s * 0.75, 0.35), (s * 0.8, -0.7), (s * 0.15, -0.2)], closed=True)
            draw.polygon(flat(leaf * r + c), fill=ink if s < 0 else extra)
    elif kind == "star":
        tips = int(rng.integers(4, 9))
        draw.polygon(star(c, c, 1.1 * r, rng.uniform(0.38, 0.6) * r, tips), fill=ink)
    elif kind == "staff":
        draw.line((c, c - 1.2 * r, c, c + 1.2 * r), fill=ink, width=n // 16)
        along = np.linspace(-1, 1, 40)
        snake = np.column_stack((c + 0.55 * r * np.sin(4.6 * along), c + r * along))
        draw.line(flat(snake), fill=extra, width=n // 18, joint="curve")
        draw.ellipse((c - n / 18, c - 1.35 * r, c + n / 18, c - 1.35 * r + n / 9), fill=ink)
    elif kind == "bars":
        for k, height in enumerate(rng.uniform(0.5, 2.0, 4)):
            x = c + (k - 1.9) * r * 0.6
            draw.rectangle((x, c + r - height * r, x + 0.42 * r, c + r), fill=ink if k % 2 else extra)
    elif kind == "peak":
        draw.polygon([(c - 1.2 * r, c + 0.8 * r), (c - 0.25 * r, c - 0.9 * r), (c + 0.7 * r, c + 0.8 * r)], fill=ink)
        draw.polygon([(c + 0.1 * r, c + 0.8 * r), (c + 0.65 * r, c - 0.2 * r), (c + 1.2 * r, c + 0.8 * r)], fill=extra)
    elif kind == "gear":
        teeth = int(rng.integers(6, 10))
        for angle in np.arange(teeth) * 2 * math.pi / teeth:
            x, y = c + r * math.cos(angle), c + r * math.sin(angle)
            draw.ellipse((x - 0.26 * r, y - 0.26 * r, x + 0.26 * r, y + 0.26 * r), fill=ink)
        draw.ellipse((c - r, c - r, c + r, c + r), outline=ink, width=round(0.45 * r))
    elif kind == "waves":
        along = np.linspace(-1.2, 1.2, 40)
        for k in (-1, 0, 1):
            wave = np.column_stack((c + r * along, c + r * (0.6 * k + 0.22 * np.sin(5 * along))))
            draw.line(flat(wave), fill=ink if k else extra, width=n // 15, joint="curve")
    elif kind == "rings":
        for s in (-1, 1):
            x = c + s * 0.45 * r
            box = (x - 0.8 * r, c - 0.8 * r, x + 0.8 * r, c + 0.8 * r)
            draw.ellipse(box, outline=ink if s < 0 else extra, width=n // 15)
    else:
        draw.polygon(
            [(c - r, c + r), (c + 1.1 * r, c - 1.1 * r), (c + 0.35 * r, c + 1.0 * r), (c, c + 0.15 * r)], fill=ink
        )
