"""A small picture with coordinates from 0 to 1, and random choices of colors for it."""

from typing import TypeVar

import numpy as np
from PIL import Image, ImageDraw

from lethebench.generation.drawing.color import Color
from lethebench.generation.drawing.curves import Points

T = TypeVar("T")


class Board:
    """A small picture with coordinates from 0 to 1 in both directions, y down."""

    def __init__(self, size: tuple[int, int]):
        self.image = Image.new("RGB", size)
        self.draw = ImageDraw.Draw(self.image)

    def sky(self, top: Color, bottom: Color, end: float = 1.0) -> None:
        """Paint a smooth change from `top` to `bottom` over the height from 0 to `end`."""
        share = np.clip(np.linspace(0, 1 / end, self.image.height), 0, 1)[:, None, None]
        rows = np.asarray(top) * (1 - share) + np.asarray(bottom) * share
        rows = np.broadcast_to(rows, (self.image.height, self.image.width, 3))
        self.image.paste(Image.fromarray(rows.round().astype(np.uint8)))

    def area(self, points: Points, color: Color) -> None:
        """Fill a polygon."""
        w, h = self.image.size
        self.draw.polygon([(x * w, y * h) for x, y in points], fill=color)

    def block(self, left: float, top: float, right: float, bottom: float, color: Color) -> None:
        """Fill a rectangle."""
        w, h = self.image.size
        self.draw.rectangle((left * w, top * h, max(left, right) * w, max(top, bottom) * h), fill=color)

    def disc(self, x: float, y: float, radius: float, color: Color, squash: float = 1.0) -> None:
        """Fill a disc; `squash` is its height over its width."""
        w, h = self.image.size
        r = radius * min(w, h)
        self.draw.ellipse((x * w - r, y * h - r * squash, x * w + r, y * h + r * squash), fill=color)

    def line(self, points: Points, width: float, color: Color) -> None:
        """Draw a line through the points."""
        w, h = self.image.size
        self.draw.line([(x * w, y * h) for x, y in points], fill=color, width=max(1, round(width * w)), joint="curve")


def pick(rng: np.random.Generator, *options: T) -> T:
    """Return one of the options."""
    return options[int(rng.integers(len(options)))]


def vary(rng: np.random.Generator, color: Color, by: int = 10) -> Color:
    """Return a color near this one."""
    red, green, blue = (int(np.clip(channel + rng.integers(-by, by + 1), 0, 255)) for channel in color)
    return red, green, blue
