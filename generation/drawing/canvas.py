"""A supersampled canvas in face units: soft shapes and smooth curves, reduced to an antialiased picture at the end."""

from collections.abc import Callable
from functools import lru_cache

import numpy as np
from PIL import Image, ImageChops, ImageDraw, ImageFilter

from lethebench.generation.drawing.color import Color

OVERSAMPLE = 3
_ANGLE = np.linspace(0, 2 * np.pi, 28, endpoint=False)
_CIRCLE = np.column_stack((np.cos(_ANGLE), np.sin(_ANGLE)))


def smooth(points, *, closed: bool = False, steps: int = 7) -> np.ndarray:
    """A Catmull-Rom curve through the points, `steps` segments between neighbours. Shape (n, 2)."""
    p = np.asarray(points, float)
    weights = _weights(steps)
    ends = (p[-1], p[0], p[1]) if closed else (2 * p[0] - p[1], 2 * p[-1] - p[-2])
    p = np.vstack((ends[0], p, *ends[1:]))
    curve = sum(w[None, :, None] * p[k : len(p) - 3 + k, None] for k, w in enumerate(weights)).reshape(-1, 2)
    return curve if closed else np.vstack((curve, p[-2]))


@lru_cache(maxsize=8)
def _weights(steps: int) -> tuple[np.ndarray, ...]:
    """What each of four neighbouring points weighs along the segment between the middle two."""
    t = np.linspace(0, 1, steps, endpoint=False)
    return tuple(
        0.5 * w for w in (-t + 2 * t**2 - t**3, 2 - 5 * t**2 + 3 * t**3, t + 4 * t**2 - 3 * t**3, -(t**2) + t**3)
    )


def shift(curve: np.ndarray, x: float, y: float) -> np.ndarray:
    """The curve moved by (x, y)."""
    return curve + np.array((x, y))


def mirrored(points) -> list[tuple[float, float]]:
    """The points of the right side followed by those of the left side, back to the top."""
    return [*points, *((-x, y) for x, y in reversed(points) if x != 0)]


class Canvas:
    """Draws in face units (x right, y down, the head about 2 high) on an RGB picture `oversample` times too large.

    `place`, where set, moves points of face units first: (n, 2) -> (n, 2). A turned head is drawn this way.
    """

    oversample = OVERSAMPLE
    place: Callable[[np.ndarray], np.ndarray] | None = None

    def __init__(self, size: tuple[int, int], centre: tuple[float, float], unit: float, background: Color):
        """`size`, `centre` of the face and `unit` (pixels per face unit) are those of the finished picture."""
        self.size = size
        self.centre = (centre[0] * self.oversample, centre[1] * self.oversample)
        self.unit = unit * self.oversample
        self.image = Image.new("RGB", (size[0] * self.oversample, size[1] * self.oversample), background)

    def at(self, points) -> list[float]:
        """Face units to pixels of the large picture, as x, y, x, y ..."""
        points = np.asarray(points, float).reshape(-1, 2)
        return ((points if self.place is None else self.place(points)) * self.unit + self.centre).ravel().tolist()

    def mask(self, points, blur: float = 0.0) -> Image.Image:
        """A polygon as an L picture the size of the canvas; `blur` in face units."""
        mask = Image.new("L", self.image.size)
        ImageDraw.Draw(mask).polygon(self.at(points), fill=255)
        return mask.filter(ImageFilter.GaussianBlur(blur * self.unit)) if blur else mask

    def shape(
        self, points, color: Color, *, alpha: float = 1.0, blur: float = 0.0, clip: Image.Image | None = None
    ) -> None:
        """Fills a polygon, softly where `blur` (face units) is given, inside the L mask `clip` only."""
        flat = self.at(points)
        if alpha >= 1 and not blur and clip is None:
            ImageDraw.Draw(self.image).polygon(flat, fill=color)
            return
        self._blend(flat, color, alpha, blur, clip, lambda draw, moved, level: draw.polygon(moved, fill=level), 1)

    def stroke(
        self,
        points,
        width: float,
        color: Color,
        *,
        alpha: float = 1.0,
        blur: float = 0.0,
        clip: Image.Image | None = None,
    ) -> None:
        """Draws a line of `width` face units with round joints."""
        flat = self.at(points)
        pixels = max(1, round(width * self.unit))

        def line(draw, moved, level):
            draw.line(moved, fill=level, width=pixels, joint="curve")
            r = pixels / 2 - 0.5
            for x, y in (moved[:2], moved[-2:]):
                draw.ellipse((x - r, y - r, x + r, y + r), fill=level)

        self._blend(flat, color, alpha, blur, clip, line, pixels)

    def dot(self, x: float, y: float, rx: float, ry: float, color: Color, **how) -> None:
        """Fills an ellipse."""
        self.shape(_CIRCLE * (rx, ry) + (x, y), color, **how)

    def _blend(self, flat, color, alpha, blur, clip, paint, reach) -> None:
        radius = blur * self.unit
        pad = int(3 * radius + reach + 2)
        left, top = max(0, int(min(flat[0::2])) - pad), max(0, int(min(flat[1::2])) - pad)
        right = min(self.image.width, int(max(flat[0::2])) + pad)
        bottom = min(self.image.height, int(max(flat[1::2])) + pad)
        if right <= left or bottom <= top:
            return
        moved = [v - (left, top)[i % 2] for i, v in enumerate(flat)]
        mask = self._cover((right - left, bottom - top), moved, round(255 * min(1.0, alpha)), radius, paint)
        if clip is not None:
            mask = ImageChops.multiply(mask, clip.crop((left, top, right, bottom)))
        self.image.paste(color, (left, top), mask)

    def _cover(self, size, moved, level, radius, paint) -> Image.Image:
        """An L picture of `size` pixels with the shape `moved` at `level`, blurred by `radius` pixels."""
        mask = Image.new("L", size)
        paint(ImageDraw.Draw(mask), moved, level)
        return mask.filter(ImageFilter.GaussianBlur(radius)) if radius else mask

    def finish(self) -> Image.Image:
        return self.image.reduce(self.oversample)
