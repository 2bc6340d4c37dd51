"""The scanner: tilt, shift, blur, then tone, paper grain and edge shadow, all drawn from (seed, scan).

Resampling a page is slow. It is done once per scan for the whole page and again for the boxes of redaction bars only;
see `warp`.
"""

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from PIL import Image, ImageChops, ImageFilter

from lethebench.generation.documents.sheet import Box

SIZE = (672, 952)
"""Pixels of a picture: multiples of 28, the patch grid of common vision towers."""
_MAX_TILT = 1.5  # degrees
_MAX_SHIFT = 6.0  # pixels
_SLACK = 128  # pixels by which the grain tile is larger than a page, so that each scan uses another part of it
_SHADOW = 22  # pixels


@dataclass(frozen=True)
class Pass:
    """The settings of one pass through the scanner.

    Attributes:
        matrix: picture pixel -> page pixel as in Pillow's affine transform: a rotation, a scale and a shift.
        bed: gray level (0..255) of the scanner bed beyond the paper.
        soft: weight of each of the four neighbors in the blur.
        tone: 768 output levels, a curve for each of red, green, blue.
        grain: (x, y) offset into the grain tile.
        shadow: (side, depth in levels) of the edge shadow.
    """

    matrix: tuple[float, float, float, float, float, float]
    bed: int
    soft: float
    tone: tuple[int, ...]
    grain: tuple[int, int]
    shadow: tuple[str, int]


def draw_pass(seed: int, scan: int, size: tuple[int, int]) -> Pass:
    """Draw the settings of pass number `scan` (>= 0) over the page with this seed and size (pixels)."""
    rng = np.random.default_rng([seed, scan, 0x5CA7])
    angle = math.radians(rng.uniform(-_MAX_TILT, _MAX_TILT))
    shift_x, shift_y = rng.uniform(-_MAX_SHIFT, _MAX_SHIFT, 2)
    scale = size[0] / SIZE[0]
    cos, sin = scale * math.cos(angle), scale * math.sin(angle)
    mid_x, mid_y = SIZE[0] / 2 + shift_x, SIZE[1] / 2 + shift_y
    across = size[0] / 2 - cos * mid_x - sin * mid_y
    down = size[1] / 2 + sin * mid_x - cos * mid_y
    contrast, brightness, cast = rng.uniform(0.90, 1.0), rng.uniform(-8, 6), rng.uniform(-2.5, 2.5, 3)
    levels = np.arange(256)
    tone = [np.clip(128 + (levels - 128) * contrast + brightness + c, 0, 255).astype(np.uint8) for c in cast]
    return Pass(
        matrix=(cos, sin, across, -sin, cos, down),
        bed=int(rng.integers(214, 240)),
        soft=float(rng.uniform(0.03, 0.09)),
        tone=tuple(np.concatenate(tone).tolist()),
        grain=(int(rng.integers(0, _SLACK)), int(rng.integers(0, _SLACK))),
        shadow=(("left", "right", "top", "bottom")[int(rng.integers(4))], int(rng.integers(14, 46))),
    )


def warp(page: Image.Image, settings: Pass, box: Box | None = None) -> Image.Image:
    """Tilt, scale and blur an RGB page into a picture, or only the part of the picture in a box (picture pixels)."""
    left, top, right, bottom = box or (0, 0, *SIZE)
    border = 2 if box else 0  # the blur reaches one pixel; its own edge is cut off again
    a, b, c, d, e, f = settings.matrix
    x, y = left - border, top - border
    moved = (a, b, c + a * x + b * y, d, e, f + d * x + e * y)
    size = (right - left + 2 * border, bottom - top + 2 * border)
    out = page.transform(size, Image.Transform.AFFINE, moved, Image.Resampling.BILINEAR, fillcolor=(settings.bed,) * 3)
    s = settings.soft
    out = out.filter(ImageFilter.Kernel((3, 3), (0, s, 0, s, 1 - 4 * s, s, 0, s, 0), 1.0))
    return out.crop((border, border, size[0] - border, size[1] - border)) if border else out


def flat_box(box: Box, size: tuple[int, int]) -> Box:
    """Return a box of a page of this size in pixels of a picture that is neither tilted nor shifted."""
    scale = SIZE[0] / size[0]
    cut = (size[1] * scale - SIZE[1]) / 2
    left, top, right, bottom = (edge * scale for edge in box)
    return round(left), round(top - cut), round(right), round(bottom - cut)


def reach(settings: Pass, box: Box) -> Box:
    """Return the box of picture pixels that page pixels in `box` can touch, blur and resampling included."""
    a, b, c, d, e, f = settings.matrix
    corners = [(x, y) for x in (box[0], box[2]) for y in (box[1], box[3])]
    # The inverse of a scaled rotation is its transpose over the square of the scale.
    square = a * a + b * b
    xs = [(a * (x - c) + d * (y - f)) / square for x, y in corners]
    ys = [(b * (x - c) + e * (y - f)) / square for x, y in corners]
    return (
        max(0, math.floor(min(xs)) - 4),
        max(0, math.floor(min(ys)) - 4),
        min(SIZE[0], math.ceil(max(xs)) + 4),
        min(SIZE[1], math.ceil(max(ys)) + 4),
    )


def expose(page: Image.Image, settings: Pass) -> Image.Image:
    """Return a warped RGB picture with the tone, grain and edge shadow of its pass."""
    width, height = page.size
    page = page.point(settings.tone)
    x, y = settings.grain
    page = ImageChops.add(page, _grain(width, height).crop((x, y, x + width, y + height)), 1.0, -128)
    side, depth = settings.shadow
    corner = {"right": (width - _SHADOW, 0), "bottom": (0, height - _SHADOW)}.get(side, (0, 0))
    shadow = _edge(height if side in ("left", "right") else width, side, depth)
    strip = page.crop((*corner, corner[0] + shadow.width, corner[1] + shadow.height))
    page.paste(ImageChops.subtract(strip, shadow), corner)
    return page


@lru_cache(maxsize=2)
def _grain(width: int, height: int) -> Image.Image:
    """Return a tile of paper grain around mid gray, fine noise and soft blotches; scans use different parts of it."""
    rng = np.random.default_rng(20240607)
    shape = (height + _SLACK, width + _SLACK)
    fine = rng.normal(0.0, 0.8, shape)
    coarse = rng.normal(0.0, 1.0, (shape[0] // 40 + 2, shape[1] // 40 + 2)).astype(np.float32)
    blotch = np.asarray(Image.fromarray(coarse).resize((shape[1], shape[0]), Image.Resampling.BICUBIC))
    levels = np.clip(np.rint(128 + fine + 1.2 * blotch), 0, 255).astype(np.uint8)
    return Image.merge("RGB", [Image.fromarray(levels)] * 3)


@lru_cache(maxsize=8)
def _edge(length: int, side: str, depth: int) -> Image.Image:
    """Return the levels that an edge shadow subtracts: `depth` at the edge, fading to none within `_SHADOW` pixels."""
    ramp = np.rint(depth * (1 - np.arange(_SHADOW) / _SHADOW) ** 2).astype(np.uint8)
    if side in ("left", "right"):
        strip = np.broadcast_to(ramp if side == "left" else ramp[::-1], (length, _SHADOW))
    else:
        strip = np.broadcast_to((ramp if side == "top" else ramp[::-1])[:, None], (_SHADOW, length))
    return Image.merge("RGB", [Image.fromarray(np.ascontiguousarray(strip))] * 3)
