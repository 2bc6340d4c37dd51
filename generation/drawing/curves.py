"""Curves and outlines as arrays of points."""

from functools import lru_cache

import numpy as np


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


def tube(points, radii, *, steps: int = 6) -> np.ndarray:
    """The outline of a limb: a smooth line through the points, as wide on either side as the radii. Shape (n, 2)."""
    centre = smooth(points, steps=steps)
    radius = np.maximum(smooth(np.column_stack((radii, radii)), steps=steps)[:, :1], 1e-3)
    along = directions(centre)
    across = along[:, ::-1] * (-1, 1)
    start, end = (_cap(centre[k], radius[k, 0], sign * along[k]) for k, sign in ((0, -1), (-1, 1)))
    return np.vstack((centre + across * radius, end, (centre - across * radius)[::-1], start))


def directions(line: np.ndarray) -> np.ndarray:
    """Which way a line runs at each of its points: unit vectors, shape (n, 2)."""
    along = np.empty_like(line)
    along[1:-1] = line[2:] - line[:-2]
    along[0], along[-1] = line[1] - line[0], line[-1] - line[-2]
    return along / np.maximum(np.hypot(along[:, 0], along[:, 1]), 1e-9)[:, None]


def _cap(centre: np.ndarray, radius: float, outward: np.ndarray) -> np.ndarray:
    """The half circle that closes a limb, from one side to the other."""
    turn = np.linspace(np.pi / 2, -np.pi / 2, 9)[1:-1] + np.arctan2(outward[1], outward[0])
    return centre + radius * np.column_stack((np.cos(turn), np.sin(turn)))


def oval(x: float, y: float, rx: float, ry: float, angle: float = 0.0, count: int = 36) -> np.ndarray:
    """An ellipse turned by `angle` radians. Shape (count, 2)."""
    edge = _circle(count) * (rx, ry)
    return shift(turned(edge, angle) if angle else edge, x, y)


@lru_cache(maxsize=16)
def _circle(count: int) -> np.ndarray:
    t = np.linspace(0, 2 * np.pi, count, endpoint=False)
    return np.column_stack((np.cos(t), np.sin(t)))


def turned(points, angle: float, about=(0.0, 0.0)) -> np.ndarray:
    """The points turned by `angle` radians, clockwise as seen, about a point."""
    c, s = np.cos(angle), np.sin(angle)
    return (np.asarray(points, float) - about) @ np.array(((c, s), (-s, c))) + about


def closed(points) -> np.ndarray:
    """A smooth closed outline through the points. Shape (n, 2)."""
    return smooth(points, closed=True)


def placed(points, x: float, y: float, angle: float = 0.0, scale: float = 1.0) -> np.ndarray:
    """The points scaled and turned about the origin, then moved to (x, y)."""
    return shift(turned(np.asarray(points, float) * scale, angle), x, y)
