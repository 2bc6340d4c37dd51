"""Doorways, and flat walls that take shapes in shares of their width and height."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from lethebench.generation.drawing.color import Color
from lethebench.generation.drawing.curves import Points
from lethebench.generation.drawing.pen import Pen

QUARTER_TURNS = ((1, 0), (0, 1), (-1, 0), (0, -1))
"""(cos, sin) of a turn by no, one, two and three right angles."""

_HALF = np.linspace(np.pi, 0, 7)


def arch(left: float, right: float, bottom: float, spring: float, top: float) -> np.ndarray:
    """Return a doorway with a round head, from the sill up: (9, 2)."""
    middle, half = (left + right) / 2, (right - left) / 2
    head = np.column_stack((middle + half * np.cos(_HALF), spring + (top - spring) * np.sin(_HALF)))
    return np.vstack(((left, bottom), head, (right, bottom)))


def pointed(left: float, right: float, bottom: float, spring: float, top: float) -> np.ndarray:
    """Return a doorway with a pointed head: (9, 2)."""
    middle, half = (left + right) / 2, (right - left) / 2
    share = np.array((1, 0.92, 0.68, 0, -0.68, -0.92, -1))
    rise = np.array((0, 0.35, 0.68, 1, 0.68, 0.35, 0))
    return np.vstack(
        ((left, bottom), np.column_stack((middle - half * share, spring + (top - spring) * rise)), (right, bottom))
    )


@dataclass
class Face:
    """A flat wall in the picture, which takes shapes in shares of its width (u, to the right) and height (v, up)."""

    pen: Pen
    origin: np.ndarray  # lower left corner, (3,)
    across: np.ndarray  # to the lower right corner
    up: np.ndarray
    lean: float  # how much narrower the upper edge is, as a share
    light: float

    def at(self, uv: Points) -> np.ndarray:
        """Convert shares (..., 2) to points in space (..., 3)."""
        shares = np.asarray(uv, float)
        u = 0.5 + (shares[..., :1] - 0.5) * (1 - self.lean * shares[..., 1:])
        return self.origin + u * self.across + shares[..., 1:] * self.up

    def areas(self, shapes: np.ndarray, color: Color) -> None:
        """Fill polygons (k, n, 2) in the light of the wall."""
        color = lit(color, self.light)
        for points in self.at(shapes):
            self.pen.area(points, color)

    def area(self, uv: Points, color: Color) -> None:
        """Fill a polygon."""
        self.pen.area(self.at(uv), lit(color, self.light))

    def block(self, left: float, bottom: float, right: float, top: float, color: Color) -> None:
        """Fill a rectangle."""
        self.area(((left, bottom), (right, bottom), (right, top), (left, top)), color)

    def line(self, uv: Points, width: float, color: Color) -> None:
        """Draw a line, `width` in the model's units."""
        self.pen.line(self.at(uv), width, lit(color, self.light))

    def row(
        self,
        count: int,
        share: float,
        bottom: float,
        top: float,
        color: Color,
        *,
        left: float = 0.0,
        right: float = 1.0,
    ) -> None:
        """Draw `count` rectangles side by side from `left` to `right`, each covering `share` of its cell."""
        corners = np.array(((0, bottom), (share, bottom), (share, top), (0, top)))
        self.areas(_side_by_side(corners, count, share, left, right), color)

    def arches(
        self,
        count: int,
        share: float,
        bottom: float,
        spring: float,
        top: float,
        color: Color,
        *,
        left: float = 0.0,
        right: float = 1.0,
        shape: Callable[[float, float, float, float, float], np.ndarray] = arch,
    ) -> None:
        """Draw `count` doorways side by side, round or `pointed`."""
        self.areas(_side_by_side(shape(0, share, bottom, spring, top), count, share, left, right), color)


def _side_by_side(shape: np.ndarray, count: int, share: float, left: float, right: float) -> np.ndarray:
    """Return copies of a shape, one in each of `count` cells that are 1 wide, (count, n, 2)."""
    offsets = np.arange(count) + 0.5 - share / 2
    copies = np.repeat(shape[None], count, axis=0)
    copies[..., 0] = left + (copies[..., 0] + offsets[:, None]) * (right - left) / count
    return copies


def lit(color: Color, light: float | np.ndarray) -> Color:
    """Return the color in more (above 1) or less light; shadows are bluish."""
    r, g, b = color
    cool = max(0.0, 1 - light)
    return (
        min(255, int(r * light)),
        min(255, int(g * (light + 0.04 * cool))),
        min(255, int(b * (light + 0.16 * cool))),
    )
