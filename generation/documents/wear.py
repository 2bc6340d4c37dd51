"""What happens to paper and to its picture: folds, creases, stains, low ink, the back showing through, light, shadow.

Effects as in augraphy (arXiv 2208.14558), drawn with Pillow and NumPy.
"""

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from PIL import Image, ImageChops, ImageDraw, ImageFilter

from lethebench.generation.documents.wording import ADVICE, CLAUSES
from lethebench.generation.drawing.fonts import font

_SHADOW = 22  # pixels from the edge that a scanner's shadow reaches
_GHOSTS = 6  # different backs of pages


@dataclass(frozen=True)
class Wear:
    """The wear of one picture, drawn by `draw_wear`.

    Attributes:
        light: levels that light and shadow leave of white, at a few points; shape (rows, columns).
        edge: (side, depth in levels) of the shadow along one side; depth 0 is none.
        lines: folds, creases and streaks: points in pixels, width and the level that they leave of white.
        stain: (center x, center y, radius, strength) of a ring left by a cup.
        dots: points of dirt on the glass.
        fade: seed of the bands where ink was low.
        ghost: (number, strength) of the back that shows through.
    """

    light: np.ndarray
    edge: tuple[str, int]
    lines: tuple[tuple[tuple[tuple[float, float], ...], int, int], ...] = ()
    stain: tuple[float, float, float, float] | None = None
    dots: tuple[tuple[int, int], ...] = ()
    fade: int | None = None
    ghost: tuple[int, float] | None = None

    def on(self, picture: Image.Image) -> Image.Image:
        """Return an RGB or L picture with this wear."""
        shade = Image.fromarray(self.light).resize(picture.size, Image.Resampling.BICUBIC)
        draw = ImageDraw.Draw(shade)
        for points, width, level in self.lines:
            draw.line(points, fill=(255 + level) // 2 - 8, width=width + 2, joint="curve")
            draw.line(points, fill=level - 8, width=width, joint="curve")
        if self.dots:
            draw.point(self.dots, fill=70)
        if self.edge[1]:
            _shade_edge(shade, *self.edge)
        if picture.mode == "L":
            return ImageChops.multiply(picture, shade)
        channels = [shade] * 3
        if self.stain is not None:
            mark = _ring(*self.stain)
            box = (round(self.stain[0] - mark.width / 2), round(self.stain[1] - mark.height / 2))
            for number, share in enumerate((0.35, 0.6, 1.0)):  # coffee takes more of the blue
                channel = shade.copy()
                part = mark.point([round(255 - share * level) for level in range(256)])
                area = (*box, box[0] + mark.width, box[1] + mark.height)
                channel.paste(ImageChops.multiply(channel.crop(area), part), box)
                channels[number] = channel
        return ImageChops.multiply(picture, Image.merge("RGB", channels))


def draw_wear(rng: np.random.Generator, size: tuple[int, int], device: str) -> Wear:
    """Draw the wear of a picture of this size that a device takes."""
    width, height = size
    lines: list[tuple[tuple[tuple[float, float], ...], int, int]] = []
    if rng.random() < 0.35:
        for at in ((1 / 3, 2 / 3), (0.5,))[int(rng.integers(2))]:
            y = height * (at + rng.uniform(-0.01, 0.01))
            lines.append((((0, y), (width, y + rng.uniform(-6, 6))), 1, int(rng.integers(214, 241))))
    if rng.random() < 0.2:
        x = width * rng.uniform(0.48, 0.52)
        lines.append((((x, 0), (x + rng.uniform(-5, 5), height)), 1, int(rng.integers(214, 241))))
    for _ in range(int(rng.integers(0, 3)) if rng.random() < 0.5 else 0):
        lines.append((_crease(rng, width, height), 1, int(rng.integers(214, 241))))
    if device == "photocopier" and rng.random() < 0.5:
        x = float(rng.uniform(0, width))
        lines.append((((x, 0), (x, height)), 1, int(rng.integers(190, 235))))
    stain = None
    if rng.random() < 0.15:
        stain = (*rng.uniform((0, 0), size), rng.uniform(38, 70), rng.uniform(0.15, 0.32))
    dots: tuple[tuple[int, int], ...] = ()
    if device == "photocopier":
        places = rng.integers((0, 0), size, (int(rng.integers(30, 160)), 2))
        dots = tuple((x, y) for x, y in places.tolist())
    side = ("left", "right", "top", "bottom")[int(rng.integers(4))]
    return Wear(
        light=_light(rng, 5.0 if device != "phone" else 30.0, device == "phone"),
        edge=(side, 0 if device == "phone" else int(rng.integers(14, 46))),
        lines=tuple(lines),
        stain=stain,
        dots=dots,
        fade=int(rng.integers(1 << 30)) if rng.random() < 0.2 else None,
        ghost=(int(rng.integers(_GHOSTS)), float(rng.uniform(0.05, 0.11))) if rng.random() < 0.2 else None,
    )


def _light(rng: np.random.Generator, depth: float, shadowed: bool) -> np.ndarray:
    """Draw an even fall of light, and the soft shadow of whoever holds the phone; levels of white, shape (18, 13)."""
    y, x = np.mgrid[-1:1:18j, -1:1:13j]
    angle = rng.uniform(0, 2 * math.pi)
    levels = 255 - depth * rng.uniform(0.3, 1.0) * (1 + math.cos(angle) * x + math.sin(angle) * y) / 2
    if shadowed:
        at_x, at_y = rng.uniform(-1.2, 1.2, 2)
        distance = ((x - at_x) / rng.uniform(0.5, 1.1)) ** 2 + ((y - at_y) / rng.uniform(0.5, 1.1)) ** 2
        levels -= rng.uniform(15, 55) / (1 + np.exp(6 * (distance - 1)))
    return np.clip(levels + rng.normal(0, 1.0, levels.shape), 0, 255).astype(np.uint8)


def _crease(rng: np.random.Generator, width: int, height: int) -> tuple[tuple[float, float], ...]:
    """Draw a crooked line near a corner or across the page."""
    start = rng.uniform((0, 0), (width, height))
    heading, points = rng.uniform(0, 2 * math.pi), [start]
    for _ in range(int(rng.integers(3, 8))):
        heading += rng.uniform(-0.35, 0.35)
        points.append(points[-1] + rng.uniform(25, 70) * np.array((math.cos(heading), math.sin(heading))))
    return tuple((float(x), float(y)) for x, y in points)


def _shade_edge(shade: Image.Image, side: str, depth: int) -> None:
    """Darken a side of an L picture: by `depth` levels at the edge, fading to none within `_SHADOW` pixels."""
    ramp = np.rint(255 - depth * (1 - np.arange(_SHADOW) / _SHADOW) ** 2).astype(np.uint8)
    upright = side in ("left", "right")
    ramp = ramp if side in ("left", "top") else ramp[::-1]
    strip = Image.fromarray(ramp[None] if upright else ramp[:, None])
    strip = strip.resize((_SHADOW, shade.height) if upright else (shade.width, _SHADOW))
    corner = {"right": (shade.width - _SHADOW, 0), "bottom": (0, shade.height - _SHADOW)}.get(side, (0, 0))
    box = (*corner, corner[0] + strip.width, corner[1] + strip.height)
    shade.paste(ImageChops.multiply(shade.crop(box), strip), corner)


def _ring(_x: float, _y: float, radius: float, strength: float) -> Image.Image:
    """Draw the ring of a cup: L levels of coffee, a dark rim and a faint inside."""
    half = round(radius + 6)
    y, x = np.mgrid[-half:half, -half:half]
    distance = np.hypot(x, y * 1.04)
    rim = np.exp(-(((distance - radius) / 2.2) ** 2)) * (0.6 + 0.4 * np.sin(np.arctan2(y, x) * 2 + radius))
    return Image.fromarray((255 * strength * np.clip(rim + 0.12 * (distance < radius), 0, 1)).astype(np.uint8))


def low_ink(page: Image.Image, seed: int) -> Image.Image:
    """Return the page with paler ink in bands across it."""
    rng = np.random.default_rng(seed)
    rows = np.clip(rng.normal(18, 34, (24, 1)), 0, 88).astype(np.uint8)
    columns = np.repeat(rows, 2, axis=1)
    fade = Image.fromarray(columns).resize(page.size, Image.Resampling.BICUBIC)
    return ImageChops.screen(page, Image.merge("RGB", [fade] * 3))


def through(number: int, strength: float, size: tuple[int, int]) -> Image.Image:
    """Return what shows through of the back of a page: RGB levels of white. It carries no fact."""
    levels = _back(number, size).point([round(255 - strength * (255 - level)) for level in range(256)])
    return Image.merge("RGB", [levels] * 3)


@lru_cache(maxsize=_GHOSTS)
def _back(number: int, size: tuple[int, int]) -> Image.Image:
    """Print the back of a page, mirrored and blurred: standing text, black on white."""
    rng = np.random.default_rng(number)
    back = Image.new("L", size, 255)
    draw = ImageDraw.Draw(back)
    texts = [
        *ADVICE,
        *(f"{heading}. {text}" for heading, sentences in CLAUSES for text in sentences if "{" not in text),
    ]
    face = font("times", 14)
    for y in range(70, size[1] - 90, 19):
        if rng.random() < 0.85:
            draw.text((60, y), texts[int(rng.integers(len(texts)))][:92], font=face, fill=0)
    return back.transpose(Image.Transpose.FLIP_LEFT_RIGHT).filter(ImageFilter.BoxBlur(1))
