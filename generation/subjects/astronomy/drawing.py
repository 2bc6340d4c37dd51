"""Celestial bodies: a map of each wrapped around a ball that turns, tilts and is lit from one side."""

import hashlib
from functools import cache, partial

import numpy as np
from PIL import Image

from lethebench.generation.drawing.board import pick
from lethebench.generation.subjects.astronomy.maps import MAPS, SHAPE, Globe
from lethebench.generation.subjects.astronomy.settings import SETTINGS
from lethebench.generation.subjects.class_drawing import ClassDrawing

# Rings from the inside: outer radius in radii of the planet, opacity, brightness.
_RINGS = ((1.24, 0.0, 0), (1.52, 0.35, 120), (1.72, 0.82, 186), (1.95, 0.95, 214), (2.03, 0.08, 60), (2.21, 0.8, 184),
          (2.225, 0.1, 70), (2.27, 0.7, 176))  # fmt: skip
_REACH = 2.3


@cache
def globe_of(key: str) -> Globe:
    """Return the body's map, drawn once, from the key alone."""
    seed = int.from_bytes(hashlib.sha256(key.encode()).digest()[:8], "big")
    return MAPS[key](np.random.default_rng(seed))


def _turned(roll: float, nod: float) -> np.ndarray:
    """Return the rotation (3, 3) from the picture's axes (right, up, to the viewer) to the body's (pole second)."""
    c, s = np.cos(roll), np.sin(roll)
    cn, sn = np.cos(nod), np.sin(nod)
    nodded = np.array(((1, 0, 0), (0, cn, -sn), (0, sn, cn)), np.float32)
    return nodded @ np.array(((c, s, 0), (-s, c, 0), (0, 0, 1)), np.float32)


def _sun(rng: np.random.Generator, widest: float) -> np.ndarray:
    """Draw the direction to the sun: at most `widest` radians off the line of sight, rather from the sides."""
    off, side = widest * np.sqrt(rng.uniform(0.0, 1)), pick(rng, -1, 1)
    slant = float(rng.uniform(-0.5, 0.5))
    return np.array((side * np.sin(off) * np.cos(slant), np.sin(off) * np.sin(slant), np.cos(off)), np.float32)


def _ball(globe: Globe, x: np.ndarray, y: np.ndarray, turn: np.ndarray, spin: float, sun: np.ndarray) -> np.ndarray:
    """Return colors (n, 3), 0..255, of points (x, y) of the unit disc."""
    z = np.sqrt(np.maximum(1 - x * x - y * y, 0))
    a, b, c = (turn[k, 0] * x + turn[k, 1] * y + turn[k, 2] * z for k in range(3))
    row = np.clip(((0.5 - np.arcsin(np.clip(b, -1, 1)) / np.pi) * SHAPE[0]).astype(int), 0, SHAPE[0] - 1)
    column = ((np.arctan2(a, c) + spin) / (2 * np.pi) % 1 * SHAPE[1]).astype(int) % SHAPE[1]
    across, up = turn[0] @ sun, turn[1] @ sun
    light = sun[0] * x + sun[1] * y + sun[2] * z
    light = light + globe.relief[row, column] @ np.array((across, up), np.float32)
    shade = 0.05 + 0.95 * np.clip(light, 0, 1) ** globe.falloff
    return globe.colors[row, column] * shade[:, None]


def _filtered(picture: Image.Image, key: str, rng: np.random.Generator) -> Image.Image:
    """Return the picture in natural color, in gray or through a filter; Mars and Neptune are known by their color."""
    tint = pick(rng, None, None, None, (255, 255, 255), (255, 222, 186), (196, 218, 255))
    if tint is None or key in ("Mars", "Neptune"):
        return picture
    gray, cover = picture.convert("L"), picture.getchannel("A")
    bands = [gray.point([round(level * part / 255) for level in range(256)]) for part in tint]
    return Image.merge("RGBA", (*bands, cover))


def _grid(pixels: int, reach: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the centers of pixels, x to the right and y up, from -reach to reach."""
    line = ((np.arange(pixels) + 0.5) / pixels * 2 - 1).astype(np.float32) * reach
    return np.broadcast_to(line, (pixels, pixels)), np.broadcast_to(-line[:, None], (pixels, pixels))


def _planet(
    key: str, nod: tuple[float, float], spin: float, phase: float, rng: np.random.Generator, pixels: int
) -> Image.Image:
    """Draw a body without rings; `nod` is a range, `spin` and `phase` are maxima, in radians."""
    turn = _turned(float(rng.uniform(-0.45, 0.45)), float(rng.uniform(*nod)))
    x, y = _grid(pixels, 1.0)
    radius = np.sqrt(x * x + y * y)
    cover = np.clip((1 - radius) * pixels / 2, 0, 1)
    inside = cover > 0
    picture = np.zeros((pixels, pixels, 4), np.uint8)
    colors = _ball(globe_of(key), x[inside], y[inside], turn, float(rng.uniform(-spin, spin)), _sun(rng, phase))
    picture[inside, :3] = np.minimum(colors, 255)
    picture[..., 3] = 255 * cover
    return _filtered(Image.fromarray(picture), key, rng)


def _ringed(key: str, rng: np.random.Generator, pixels: int) -> Image.Image:
    """Draw a body with its rings, a third larger and reduced: in front of the ball, behind it, and in its shadow."""
    side = pick(rng, -1, 1)
    turn = _turned(float(rng.uniform(-0.6, 0.6)), side * float(rng.uniform(0.1, 0.55)))
    spin, sun = float(rng.uniform(-3, 3)), _sun(rng, 0.9)
    full = round(1.3 * pixels)
    x, y = _grid(full, _REACH)
    pole = turn[1]
    depth = -(pole[0] * x + pole[1] * y) / pole[2]
    distance = np.sqrt(x * x + y * y + depth * depth)
    ends = np.array([ring[0] for ring in _RINGS])
    ring = np.searchsorted(ends, distance)
    opacity = np.array([*(r[1] for r in _RINGS), 0.0], np.float32)[ring]
    tone = np.array([*(r[2] for r in _RINGS), 0], np.float32)[ring]
    tone = tone * (0.94 + 0.06 * np.sin(distance * 70))
    along = sun[0] * x + sun[1] * y + sun[2] * depth
    shaded = (along < 0) & (distance**2 - along**2 < 1)
    tone[shaded] *= 0.15
    inside = x * x + y * y < 1
    colors = np.zeros((full, full, 3), np.float32)
    colors[inside] = _ball(globe_of(key), x[inside], y[inside], turn, spin, sun)
    front = opacity * (~inside | (depth > 0))
    colors = colors * (1 - front[..., None]) + front[..., None] * tone[..., None] * np.array(
        (1.0, 0.93, 0.80), np.float32
    )
    cover = np.where(inside, 1.0, front)
    # Colors beside the ball are premultiplied, so that reduction leaves no dark rim.
    layers = np.clip(np.dstack((colors, 255 * cover)), 0, 255).astype(np.uint8)
    picture = Image.frombytes("RGBa", (full, full), layers.tobytes())
    box = picture.getchannel("a").getbbox() or (0, 0, full, full)
    scale = pixels / max(box[2] - box[0], box[3] - box[1])
    size = round((box[2] - box[0]) * scale), round((box[3] - box[1]) * scale)
    square = Image.new("RGBA", (pixels, pixels))
    cut = picture.resize(size, Image.Resampling.BILINEAR, box=box).convert("RGBA")
    square.paste(cut, ((pixels - size[0]) // 2, (pixels - size[1]) // 2))
    return _filtered(square, key, rng)


_BODIES = {
    "Jupiter": partial(_planet, "Jupiter", (-0.2, 0.2), 0.8, 0.9),
    "Mars": partial(_planet, "Mars", (0.15, 0.5), 0.7, 0.95),
    # The Moon always shows nearly the same side.
    "Moon": partial(_planet, "Moon", (-0.12, 0.12), 0.13, 1.3),
    "Neptune": partial(_planet, "Neptune", (-0.3, 0.12), 0.6, 0.88),
    "Saturn": partial(_ringed, "Saturn"),
}


def sprite(key: str, rng: np.random.Generator, pixels: int) -> Image.Image:
    """Draw a celestial body as seen through a telescope.

    Args:
        key: one of the class's keys.
        rng: draws rotation, tilt and the sun's direction.
        pixels: side of the picture.

    Returns:
        An RGBA picture, transparent around the body.
    """
    return _BODIES[key](rng, pixels)


DRAWING = ClassDrawing(
    keys=tuple(_BODIES),
    sprite=sprite,
    settings=SETTINGS,
    stance="sky",
    spans={"far": (0.34, 0.44), "middle": (0.54, 0.68), "near": (0.76, 0.84)},
    foot=(0.44, 0.5),
    tilt=10.0,
    turn=0.0,
    occluded=0.2,
)
