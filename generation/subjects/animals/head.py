"""Parts that all animal heads share; the origin is where the neck holds the skull, and the head faces right."""

import numpy as np

from lethebench.generation.drawing.color import Color, mix
from lethebench.generation.drawing.curves import Points, oval, placed, smooth
from lethebench.generation.drawing.ink import OFF_WHITE, SHADE, Ink
from lethebench.generation.subjects.animals.body import Point

DARK: Color = (36, 28, 30)


class Head:
    """Draws shapes of a head; lengths in the head's own units."""

    def __init__(self, ink: Ink, at: Point, turn: float, scale: float = 1.0):
        self.ink, self.at, self.turn, self.scale = ink, at, turn, scale

    def put(self, points: Points) -> np.ndarray:
        """Convert points of the head to the animal's units."""
        return placed(points, *self.at, self.turn, self.scale)

    def blob(self, points: Points) -> np.ndarray:
        """Return a smooth closed outline through the points."""
        return self.put(smooth(points, closed=True))

    def form(self, points: Points, color: Color, **style: float) -> None:
        """Fill a rounded part with a smooth outline through the points."""
        self.ink.form(self.blob(points), color, **({"reach": 0.1 * self.scale} | style))

    def eye(self, x: float, y: float, r: float, iris: Color = DARK, lid: Color | None = None) -> None:
        """Draw a round eye with a spark of light; with `lid`, an upper lid of that color."""
        self.ink.patch(self.put(oval(x, y, 1.25 * r, 1.15 * r)), mix(iris, DARK, 0.75))
        self.ink.patch(self.put(oval(x, y, r, r)), iris)
        self.ink.patch(self.put(oval(x, y, 0.6 * r, 0.62 * r)), (16, 12, 14))
        spark = np.array(self.put([(x, y)])[0]) - (0.3 * r * self.scale, 0.35 * r * self.scale)
        self.ink.patch(oval(spark[0], spark[1], 0.28 * r * self.scale, 0.28 * r * self.scale), OFF_WHITE)
        if lid is not None:
            line = [(x - 1.5 * r, y - 0.2 * r), (x, y - 1.15 * r), (x + 1.4 * r, y - 0.1 * r)]
            self.ink.stroke(self.put(smooth(line)), 0.5 * r * self.scale, mix(lid, SHADE, 0.6), alpha=0.99)

    def line(self, points: Points, width: float, color: Color, alpha: float = 0.9) -> None:
        """Draw a smooth line through the points."""
        self.ink.stroke(self.put(smooth(points)), width * self.scale, color, alpha=alpha)
