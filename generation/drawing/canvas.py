"""An oversampled canvas in face units: soft shapes and smooth lines, reduced to an antialiased picture at the end."""

from collections.abc import Callable
from typing import Any

import numpy as np
from PIL import Image, ImageChops, ImageDraw, ImageFilter

from lethebench.generation.drawing.color import Color
from lethebench.generation.drawing.curves import Points

OVERSAMPLE = 3

_ANGLE = np.linspace(0, 2 * np.pi, 28, endpoint=False)

_CIRCLE = np.column_stack((np.cos(_ANGLE), np.sin(_ANGLE)))
Paint = Callable[[ImageDraw.ImageDraw, list[float], int], None]
"""(drawing, x, y, x, y ... in pixels, level): draws a shape into an L mask."""


class Canvas:
    """An RGB picture, drawn `oversample` times too large, in face units (x right, y down, the head about 2 high).

    `warp`, where set, first moves points in face units, (n, 2) -> (n, 2); this is how a turned head is drawn.

    Args:
        size: (width, height) of the finished picture in pixels.
        center: of the face, in pixels of the finished picture.
        unit: pixels per face unit in the finished picture.
        background: color of the empty canvas.
    """

    oversample = OVERSAMPLE
    warp: Callable[[np.ndarray], np.ndarray] | None = None

    def __init__(self, size: tuple[int, int], center: tuple[float, float], unit: float, background: Color):
        self.size = size
        self.center = np.array(center) * self.oversample
        self.unit = unit * self.oversample
        self.image = Image.new("RGB", (size[0] * self.oversample, size[1] * self.oversample), background)

    def at(self, points: Points) -> list[float]:
        """Convert face units to pixels of the large picture, as x, y, x, y ..."""
        flat = np.asarray(points, float).reshape(-1, 2)
        return ((flat if self.warp is None else self.warp(flat)) * self.unit + self.center).ravel().tolist()

    def mask(self, points: Points, blur: float = 0.0) -> Image.Image:
        """Return a polygon as an L picture the size of the canvas; `blur` in face units."""
        mask = Image.new("L", self.image.size)
        ImageDraw.Draw(mask).polygon(self.at(points), fill=255)
        return mask.filter(ImageFilter.GaussianBlur(blur * self.unit)) if blur else mask

    def shape(
        self, points: Points, color: Color, *, alpha: float = 1.0, blur: float = 0.0, clip: Image.Image | None = None
    ) -> None:
        """Fill a polygon, blurred by `blur` face units, only inside the L mask `clip`."""
        flat = self.at(points)
        if alpha >= 1 and not blur and clip is None:
            ImageDraw.Draw(self.image).polygon(flat, fill=color)
            return
        self._blend(flat, color, alpha, blur, clip, lambda draw, moved, level: draw.polygon(moved, fill=level), 1)

    def stroke(
        self,
        points: Points,
        width: float,
        color: Color,
        *,
        alpha: float = 1.0,
        blur: float = 0.0,
        clip: Image.Image | None = None,
    ) -> None:
        """Draw a line of `width` face units with round joints."""
        flat = self.at(points)
        pixels = max(1, round(width * self.unit))

        def line(draw: ImageDraw.ImageDraw, moved: list[float], level: int) -> None:
            draw.line(moved, fill=level, width=pixels, joint="curve")
            r = pixels / 2 - 0.5
            for x, y in (moved[:2], moved[-2:]):
                draw.ellipse((x - r, y - r, x + r, y + r), fill=level)

        self._blend(flat, color, alpha, blur, clip, line, pixels)

    def dot(self, x: float, y: float, rx: float, ry: float, color: Color, **style: Any) -> None:
        """Fill an ellipse."""
        self.shape(_CIRCLE * (rx, ry) + (x, y), color, **style)

    def _blend(
        self,
        flat: list[float],
        color: Color,
        alpha: float,
        blur: float,
        clip: Image.Image | None,
        paint: Paint,
        reach: int,
    ) -> None:
        radius = blur * self.unit
        pad = int(3 * radius + reach + 2)
        x, y = flat[0::2], flat[1::2]
        left, top = max(0, int(min(x)) - pad), max(0, int(min(y)) - pad)
        right, bottom = min(self.image.width, int(max(x)) + pad), min(self.image.height, int(max(y)) + pad)
        if right <= left or bottom <= top:
            return
        moved = (np.array(flat).reshape(-1, 2) - (left, top)).ravel().tolist()
        mask = self._cover((right - left, bottom - top), moved, round(255 * min(1.0, alpha)), radius, paint)
        if clip is not None:
            mask = ImageChops.multiply(mask, clip.crop((left, top, right, bottom)))
        self.image.paste(color, (left, top), mask)

    def _cover(self, size: tuple[int, int], moved: list[float], level: int, radius: float, paint: Paint) -> Image.Image:
        """Return an L picture of `size` pixels with the shape `moved` at `level`, blurred by `radius` pixels."""
        mask = Image.new("L", size)
        paint(ImageDraw.Draw(mask), moved, level)
        return mask.filter(ImageFilter.GaussianBlur(radius)) if radius else mask

    def finish(self) -> Image.Image:
        """Return the finished picture."""
        return self.image.reduce(self.oversample)
