"""Head poses: points of a frontal face moved as by a turn, a nod and a tilt.

A flat drawing is turned by its depth: the nose comes forward most, the rim of the head not at all. Every part of a
head goes through one smooth map, so hair, glasses and beard stay in place in every pose.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from lethebench.generation.portraits.identity import Face

PIVOT = np.array((0.0, 1.3))  # where the neck meets the shoulders


def _ramp(x: np.ndarray) -> np.ndarray:
    return np.minimum(np.maximum(x, 0), 1)


def _ease(x: np.ndarray) -> np.ndarray:
    x = _ramp(x)
    return x * x * (3 - 2 * x)


def _pairs(x: np.ndarray, y: np.ndarray | float) -> np.ndarray:
    points = np.empty((len(x), 2))
    points[:, 0], points[:, 1] = x, y
    return points


@dataclass(frozen=True)
class Pose:
    """How the head is posed.

    Attributes:
        turn: -1..1, to the left or the right of the picture; 1 is a three-quarter view.
        nod: -1..1, up or down.
        tilt: in degrees, clockwise.
    """

    turn: float = 0.0
    nod: float = 0.0
    tilt: float = 0.0

    @property
    def word(self) -> str:
        """`front`, `left`, `right`, `three-quarter-left` or `three-quarter-right`."""
        side = "left" if self.turn < 0 else "right"
        return "front" if abs(self.turn) < 0.2 else side if abs(self.turn) < 0.62 else f"three-quarter-{side}"

    def head(self, points: np.ndarray, face: Face) -> np.ndarray:
        """Move points of the head and neck, (n, 2) in face units, as this pose shows them."""
        x, y = points[:, 0], points[:, 1]
        across = np.minimum(np.maximum(x / (1.06 * max(face.cranium, face.cheek)), -1), 1)
        squared = across**2
        below, above = _ramp(y), _ramp(-y / 1.25)
        depth = (1 - squared) * (1 - 0.55 * above**1.6 - 0.15 * below**2)
        tip = face.eye_y + face.nose_length - 0.03
        nose = np.maximum(1 - np.abs(x) / 0.26, 0) * np.exp(-(((y - tip) / 0.15) ** 2))
        moved = x + self.turn * (0.30 * depth + 0.10 * nose)
        side = -1.0 if self.turn < 0 else 1.0  # of the face that is turned away
        if (side * x).max() > 0:
            # The far side is foreshortened, and the eye socket dents its contour.
            far = _ease(side * across) * abs(self.turn)
            dent = np.exp(-(((y - face.eye_y - 0.02) / 0.17) ** 2)) * _ease((np.abs(across) - 0.55) / 0.4)
            moved = moved * (1 - 0.07 * far) - side * far * 0.035 * dent
        bowed = 0.10 * _ramp(1 - ((y - 0.05) / 1.02) ** 2) * (1 - 0.4 * squared) + 0.04 * nose
        posed = self._tilted(_pairs(moved, y + self.nod * bowed))
        if y.max() > 1.04:  # the neck follows the body
            posed += (self.body(points) - posed) * _ease((y - 1.04) / 0.32)[:, None]
        return posed

    def ear(self, points: np.ndarray, face: Face) -> np.ndarray:
        """Move points of an ear or of anything on it: ears move toward the middle of a turned head."""
        side = np.sign(points[:, 0])
        inwards = np.where(side * self.turn < 0, 0.12, 0.10) * abs(self.turn)
        return self._tilted(points - _pairs(side * inwards, 0.05 * self.nod))

    def body(self, points: np.ndarray) -> np.ndarray:
        """Move points of the shoulders and the clothes, which follow a turn a little."""
        return _pairs(points[:, 0] * (1 - 0.06 * abs(self.turn)) + 0.04 * self.turn, points[:, 1])

    @cached_property
    def _rotation(self) -> np.ndarray:
        cos, sin = np.cos(np.radians(self.tilt)), np.sin(np.radians(self.tilt))
        return np.array(((cos, sin), (-sin, cos)))

    def _tilted(self, points: np.ndarray) -> np.ndarray:
        return (points - PIVOT) @ self._rotation + PIVOT
