"""Measure how similar two ID photos are, independent of how their pages were scanned.

A photo is sampled between its corners and turned into gray-level gradients; similarity is their correlation, at most 1.
Measured on icu, seed 0: the same photo in two scans 0.92 or more (600 profiles), photos of two people 0.90 or less.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from PIL import Image, ImageFilter

FINE, COARSE = (41, 51), (17, 21)
"""Sampling points of a photo, across and down: to compare, and to search."""
_BLUR = {FINE: 1, COARSE: 3}  # radius in pixels around each point
_INSET = 0.1  # share of the photo's sides that is left out: its frame, and the edge of a bar
_MARGIN = 48  # pixels kept around the photo for the search

Moves = np.ndarray
"""Shape (n, 3): pixels right, pixels down, degrees clockwise."""


def moves(across: Sequence[float], down: Sequence[float], degrees: Sequence[float]) -> Moves:
    """Return every combination of the three."""
    return np.array(list(product(across, down, degrees)), float)


STAY: Moves = np.zeros((1, 3))
SWEEP: Moves = moves(range(-20, 21, 5), range(-20, 21, 5), (-2.4, -1.2, 0.0, 1.2, 2.4))
"""Where another scan of a page may have moved its photo, coarsely."""
_NEAR = moves((-1, 0, 1), (-1, 0, 1), (-1, 0, 1))
_REFINE = ((COARSE, 3.0, 1.0), (COARSE, 1.5, 0.5), (FINE, 1.0, 0.3), (FINE, 0.5, 0.15))
_STEPS = 4  # the most steps towards the best place at each resolution


@dataclass(frozen=True)
class Photo:
    """The part of a page around an ID photo.

    `levels`: sampling size -> gray levels (height, width), blurred accordingly; `corners` of the photo within it, shape
    (4, 2), clockwise from the top left, in pixels.
    """

    levels: dict[tuple[int, int], np.ndarray]
    corners: np.ndarray

    @property
    def width(self) -> float:
        """Width of the photo in pixels."""
        return float(np.hypot(*(self.corners[1] - self.corners[0])))

    def vectors(self, size: tuple[int, int], at: Moves = STAY) -> np.ndarray:
        """Return the photo as unit vectors of gradients, sampled at places moved and turned about its center.

        `at` has shape (n, 3); the result has shape (n, 2 * (size[0] - 1) * (size[1] - 1)).
        """
        across, down = size
        center = self.corners.mean(axis=0)
        right, below = (self.corners[1] - self.corners[0]) / 2, (self.corners[3] - self.corners[0]) / 2
        reach = 1 - 2 * _INSET
        grid = (
            np.linspace(-reach, reach, down)[:, None, None] * below
            + np.linspace(-reach, reach, across)[:, None] * right
        )
        turn = np.radians(at[:, 2])[:, None, None]
        x = np.cos(turn) * grid[..., 0] - np.sin(turn) * grid[..., 1] + center[0] + at[:, 0][:, None, None]
        y = np.sin(turn) * grid[..., 0] + np.cos(turn) * grid[..., 1] + center[1] + at[:, 1][:, None, None]
        sampled = _bilinear(self.levels[size], x, y)
        gradients = np.concatenate(
            [
                np.diff(sampled, axis=2)[:, :-1].reshape(len(at), -1),
                np.diff(sampled, axis=1)[:, :, :-1].reshape(len(at), -1),
            ],
            axis=1,
        )
        gradients -= gradients.mean(axis=1, keepdims=True)
        return gradients / (np.linalg.norm(gradients, axis=1, keepdims=True) + 1e-6)


def photo(page: Image.Image, corners: Sequence[int]) -> Photo:
    """Return the surroundings of an ID photo on a page; `corners` as x and y, clockwise from the top left."""
    points = np.asarray(corners, float).reshape(4, 2)
    left, top = (int(edge) - _MARGIN for edge in points.min(axis=0))
    right, bottom = (int(edge) + _MARGIN for edge in points.max(axis=0))
    gray = page.crop((left, top, right, bottom)).convert("L")
    levels = {size: np.asarray(gray.filter(ImageFilter.BoxBlur(blur)), np.float32) for size, blur in _BLUR.items()}
    return Photo(levels, points - (left, top))


@dataclass(frozen=True)
class Portrait:
    """The vectors of a photo at both sampling sizes."""

    fine: np.ndarray
    coarse: np.ndarray


def portrait(view: Photo) -> Portrait:
    """Return the vectors of a photo at its declared place."""
    return Portrait(view.vectors(FINE)[0], view.vectors(COARSE)[0])


def locate(view: Photo, target: Portrait, starts: Moves = SWEEP) -> tuple[float, Moves]:
    """Search for a known photo around its declared place, from the best of `starts`.

    Returns the similarity at the best place, and that place, shape (1, 3).
    """
    aims = {FINE: target.fine, COARSE: target.coarse}
    best = _best(view, COARSE, starts, aims) if len(starts) > 1 else starts[0]
    for size, step, degrees in _REFINE:
        for _ in range(_STEPS):
            before = best
            best = _best(view, size, before + _NEAR * (step, step, degrees), aims)
            if np.array_equal(best, before):
                break
    return float(view.vectors(FINE, best[None])[0] @ target.fine), best[None]


def _best(view: Photo, size: tuple[int, int], at: Moves, aims: dict[tuple[int, int], np.ndarray]) -> np.ndarray:
    return at[int((view.vectors(size, at) @ aims[size]).argmax())]


def _bilinear(levels: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return gray levels at points between pixels; points outside take the edge's."""
    height, width = levels.shape
    x, y = np.clip(x, 0, width - 1.001), np.clip(y, 0, height - 1.001)
    left, top = x.astype(np.int32), y.astype(np.int32)
    right_share, bottom_share = (x - left).astype(np.float32), (y - top).astype(np.float32)
    flat, at = levels.ravel(), top * width + left
    upper = flat[at] * (1 - right_share) + flat[at + 1] * right_share
    lower = flat[at + width] * (1 - right_share) + flat[at + width + 1] * right_share
    return upper * (1 - bottom_share) + lower * bottom_share
