"""How a page becomes a picture, by flatbed scanner, photocopier or phone, with place, light and wear of its own.

Everything is drawn from the document's seed and the view, so no two pictures of a document are the same scan.
"""

import math
import zlib
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from PIL import Image, ImageChops, ImageFilter

from lethebench.generation.documents.look import pick
from lethebench.generation.documents.sheet import Box
from lethebench.generation.documents.wear import Wear, draw_wear, low_ink, through
from lethebench.generation.drawing.color import Color
from lethebench.generation.questions.records import View

SIZE = (672, 952)
"""Pixels of a picture: multiples of 28, the patch grid of common vision towers."""
DEVICES = ("flatbed", "flatbed", "photocopier", "phone")
"""What takes the picture; flatbed scanners take half of them."""
_MAX_TILT = 1.5  # degrees
_MAX_SHIFT = 6.0  # pixels
_PERSPECTIVE = 4.0  # pixels by which a phone moves a corner of the page
_SLACK = 128  # pixels by which the grain tile is larger than a page, so that each scan uses another part of it
_DESKS: tuple[Color, ...] = ((112, 84, 60), (74, 66, 60), (150, 128, 104), (92, 98, 104), (58, 72, 66))


@dataclass(frozen=True)
class Pass:
    """The settings of one picture of a page.

    Attributes:
        device: one of DEVICES.
        matrix: picture pixel -> page pixel as in Pillow's perspective transform (a, b, c, d, e, f, g, h).
        bed: color beyond the paper.
        soft: weight of each of the four neighbors in the blur.
        tone: 768 output levels, a curve for each of red, green, blue.
        grain: (x, y) offset into the grain tile.
        wear: folds, stains, light and shadow.
    """

    device: str
    matrix: tuple[float, ...]
    bed: Color
    soft: float
    tone: tuple[int, ...]
    grain: tuple[int, int]
    wear: Wear

    def place(self, x: float, y: float) -> tuple[float, float]:
        """Return where a point of the page is on the picture, in pixels."""
        a, b, c, d, e, f, g, h = self.matrix
        u, v, w = np.linalg.inv(np.array(((a, b, c), (d, e, f), (g, h, 1.0)))) @ (x, y, 1.0)
        return float(u / w), float(v / w)


def draw_pass(seed: int, view: View, size: tuple[int, int]) -> Pass:
    """Draw the settings of a view of the page with this seed and size (pixels)."""
    rng = np.random.default_rng([seed, view.scan, 0x5CA7, zlib.crc32(",".join(view.masked).encode()), view.page])
    device = pick(rng, DEVICES)
    contrast, brightness, cast = rng.uniform(0.90, 1.0), rng.uniform(-8, 6), rng.uniform(-2.5, 2.5, 3)
    if device == "phone":
        cast = cast + rng.uniform(-1, 1) * np.array((7.0, 1.0, -9.0))
    elif device == "photocopier":
        contrast, brightness, cast = rng.uniform(1.02, 1.15), rng.uniform(-2, 7), np.zeros(3)
    levels = np.arange(256)
    tone = [np.clip(128 + (levels - 128) * contrast + brightness + c, 0, 255).astype(np.uint8) for c in cast]
    gray = int(rng.integers(214, 240))
    return Pass(
        device=device,
        matrix=_matrix(rng, size, device == "phone"),
        bed=pick(rng, _DESKS) if device == "phone" else (gray, gray, gray),
        soft=float(rng.uniform(0.03, 0.09)),
        tone=tuple(np.concatenate(tone).tolist()),
        grain=(int(rng.integers(0, _SLACK)), int(rng.integers(0, _SLACK))),
        wear=draw_wear(rng, SIZE, device),
    )


def _matrix(rng: np.random.Generator, size: tuple[int, int], phone: bool) -> tuple[float, ...]:
    """Draw tilt and shift, and for a phone the perspective."""
    angle = math.radians(rng.uniform(-_MAX_TILT, _MAX_TILT))
    shift_x, shift_y = rng.uniform(-_MAX_SHIFT, _MAX_SHIFT, 2)
    scale = size[0] / SIZE[0]
    cos, sin = scale * math.cos(angle), scale * math.sin(angle)
    mid_x, mid_y = SIZE[0] / 2 + shift_x, SIZE[1] / 2 + shift_y
    across = size[0] / 2 - cos * mid_x - sin * mid_y
    down = size[1] / 2 + sin * mid_x - cos * mid_y
    if not phone:
        return cos, sin, across, -sin, cos, down, 0.0, 0.0
    # Four corners of the picture -> where they look on the page: the flatbed's place, moved by a few pixels each.
    corners = np.array(((0, 0), (SIZE[0], 0), SIZE, (0, SIZE[1])), float)
    seen = corners @ np.array(((cos, -sin), (sin, cos))) + (across, down)
    seen += rng.uniform(-_PERSPECTIVE, _PERSPECTIVE, (4, 2))
    rows, right = [], []
    for (x, y), (u, v) in zip(corners, seen, strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
        right += [u, v]
    return tuple(np.linalg.solve(np.array(rows), np.array(right)).tolist())


def scan(page: Image.Image, settings: Pass) -> Image.Image:
    """Return the RGB picture that a device takes of an RGB page."""
    if settings.wear.ghost is not None:
        page = ImageChops.multiply(page, through(*settings.wear.ghost, page.size))
    if any(settings.matrix[6:]):
        method, data = Image.Transform.PERSPECTIVE, settings.matrix
    else:
        method, data = Image.Transform.AFFINE, settings.matrix[:6]
    copied = settings.device == "photocopier"
    fill = settings.bed[0] if copied else settings.bed
    picture = (page.convert("L") if copied else page).transform(
        SIZE, method, data, Image.Resampling.BILINEAR, fillcolor=fill
    )
    s = settings.soft
    picture = picture.filter(ImageFilter.Kernel((3, 3), (0, s, 0, s, 1 - 4 * s, s, 0, s, 0), 1.0))
    picture = picture.point(settings.tone[:256] if copied else settings.tone)
    x, y = settings.grain
    grain = _grain(picture.mode).crop((x, y, x + SIZE[0], y + SIZE[1]))
    picture = ImageChops.add(picture, grain, 1.0, -128)
    return settings.wear.on(picture).convert("RGB")


def printed(page: Image.Image, settings: Pass) -> Image.Image:
    """Return the page as a printer low on ink left it, before anything is blacked out."""
    return low_ink(page, settings.wear.fade) if settings.wear.fade is not None else page


def flat_box(box: Box, size: tuple[int, int]) -> Box:
    """Return a box of a page of this size in pixels of a picture that is neither tilted nor shifted."""
    scale = SIZE[0] / size[0]
    cut = (size[1] * scale - SIZE[1]) / 2
    left, top, right, bottom = (edge * scale for edge in box)
    return round(left), round(top - cut), round(right), round(bottom - cut)


@lru_cache(maxsize=2)
def _grain(mode: str) -> Image.Image:
    """Return a tile of paper grain around mid gray, fine noise and soft blotches; scans use different parts of it."""
    rng = np.random.default_rng(20240607)
    shape = (SIZE[1] + _SLACK, SIZE[0] + _SLACK)
    fine = rng.normal(0.0, 1.1, shape)
    coarse = rng.normal(0.0, 1.0, (shape[0] // 40 + 2, shape[1] // 40 + 2)).astype(np.float32)
    blotch = np.asarray(Image.fromarray(coarse).resize((shape[1], shape[0]), Image.Resampling.BICUBIC))
    levels = Image.fromarray(np.clip(np.rint(128 + fine + 1.2 * blotch), 0, 255).astype(np.uint8))
    return levels if mode == "L" else Image.merge("RGB", [levels] * 3)
