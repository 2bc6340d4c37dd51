"""Curves and outlines as arrays of points, shape (n, 2)."""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np

Points = np.ndarray | Sequence[Sequence[float] | np.ndarray]
"""An array (n, 2), or (n, 3) for points in space, or a sequence of pairs or triples."""


def smooth(points: Points, *, closed: bool = False, steps: int = 7) -> np.ndarray:
    """Return a Catmull-Rom curve through the points, with `steps` segments between neighbors."""
    p = np.asarray(points, float)
    weights = _weights(steps)
    ends = (p[-1], p[0], p[1]) if closed else (2 * p[0] - p[1], 2 * p[-1] - p[-2])
    p = np.vstack((ends[0], p, *ends[1:]))
    curve = sum(w[None, :, None] * p[k : len(p) - 3 + k, None] for k, w in enumerate(weights)).reshape(-1, 2)
    return curve if closed else np.vstack((curve, p[-2]))


@lru_cache(maxsize=8)
def _weights(steps: int) -> tuple[np.ndarray, ...]:
    """Return the weights of four neighboring points along the segment between the middle two."""
    t = np.linspace(0, 1, steps, endpoint=False)
    return tuple(
        0.5 * w for w in (-t + 2 * t**2 - t**3, 2 - 5 * t**2 + 3 * t**3, t + 4 * t**2 - 3 * t**3, -(t**2) + t**3)
    )


def shift(curve: np.ndarray, x: float, y: float) -> np.ndarray:
    """Return the curve moved by (x, y)."""
    return curve + np.array((x, y))


def mirrored(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Return the points of the right side followed by those of the left side, back to the top."""
    return [*points, *((-x, y) for x, y in reversed(points) if x != 0)]


def tube(points: Points, radii: np.ndarray | Sequence[float], *, steps: int = 6) -> np.ndarray:
    """Return the outline of a limb: a smooth line through the points, as wide on either side as the radii."""
    center = smooth(points, steps=steps)
    radius = np.maximum(smooth(np.column_stack((radii, radii)), steps=steps)[:, :1], 1e-3)
    along = directions(center)
    across = along[:, ::-1] * (-1, 1)
    start, end = (_cap(center[k], radius[k, 0], sign * along[k]) for k, sign in ((0, -1), (-1, 1)))
    return np.vstack((center + across * radius, end, (center - across * radius)[::-1], start))


def directions(line: np.ndarray) -> np.ndarray:
    """Return the unit tangent of a line at each of its points."""
    along = np.empty_like(line)
    along[1:-1] = line[2:] - line[:-2]
    along[0], along[-1] = line[1] - line[0], line[-1] - line[-2]
    return along / np.maximum(np.hypot(along[:, 0], along[:, 1]), 1e-9)[:, None]


def _cap(center: np.ndarray, radius: float, outward: np.ndarray) -> np.ndarray:
    """Return the half circle that closes a limb, from one side to the other."""
    turn = np.linspace(np.pi / 2, -np.pi / 2, 9)[1:-1] + np.arctan2(outward[1], outward[0])
    return center + radius * np.column_stack((np.cos(turn), np.sin(turn)))


def oval(x: float, y: float, rx: float, ry: float, angle: float = 0.0, count: int = 36) -> np.ndarray:
    """Return an ellipse of `count` points, turned by `angle` radians."""
    edge = _circle(count) * (rx, ry)
    return shift(turned(edge, angle) if angle else edge, x, y)


@lru_cache(maxsize=16)
def _circle(count: int) -> np.ndarray:
    t = np.linspace(0, 2 * np.pi, count, endpoint=False)
    return np.column_stack((np.cos(t), np.sin(t)))


def turned(points: Points, angle: float, about: Sequence[float] | np.ndarray = (0.0, 0.0)) -> np.ndarray:
    """Return the points turned by `angle` radians about a point, clockwise as seen."""
    c, s = np.cos(angle), np.sin(angle)
    return (np.asarray(points, float) - about) @ np.array(((c, s), (-s, c))) + about


def closed(points: Points) -> np.ndarray:
    """Return a smooth closed outline through the points."""
    return smooth(points, closed=True)


def placed(points: Points, x: float, y: float, angle: float = 0.0, scale: float = 1.0) -> np.ndarray:
    """Return the points scaled and turned about the origin, then moved to (x, y)."""
    return shift(turned(np.asarray(points, float) * scale, angle), x, y)
