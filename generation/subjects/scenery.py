"""Pieces of surroundings that several classes of entities share."""

from collections.abc import Mapping

import numpy as np

from lethebench.generation.drawing.board import Board, pick
from lethebench.generation.drawing.color import BLACK, WHITE, Color, mix
from lethebench.generation.subjects.class_drawing import Setting


def named(*settings: Setting) -> Mapping[str, Setting]:
    """Return the settings by their names, in words with hyphens."""
    return {setting.__name__.replace("_", "-"): setting for setting in settings}


def hills(board: Board, rng: np.random.Generator, base: float, rise: float, color: Color, count: int = 5) -> None:
    """Paint a rolling skyline filled down to the lower edge."""
    x = np.linspace(-0.05, 1.05, 40)
    waves = (rng.uniform(0.2, 1) / k * np.sin(2 * np.pi * (k * 0.6 * x + rng.random())) for k in range(1, count))
    y = base - rise * sum(waves, start=np.zeros(40))
    board.area([(-0.1, 1.1), *zip(x, y, strict=True), (1.1, 1.1)], color)


def crown(board: Board, rng: np.random.Generator, x: float, y: float, radius: float, color: Color) -> None:
    """Paint the leaves of a tree or bush."""
    for shade, dy in ((0.16, 0.2), (0.0, 0.0), (-0.12, -0.25)):
        tone = mix(color, BLACK if shade > 0 else WHITE, abs(shade))
        for _ in range(5):
            board.disc(x + rng.normal(0, 0.42) * radius, y + rng.normal(dy, 0.32) * radius, radius * 0.55, tone)


def blades(board: Board, rng: np.random.Generator, color: Color, count: int = 60, top: float = 0.64) -> None:
    """Paint tufts of grass, larger towards the viewer."""
    for y in np.sort(rng.uniform(top, 1.02, count)):
        x, high = rng.uniform(0, 1), 0.05 * (y - 0.5)
        tone = mix(color, pick(rng, WHITE, BLACK), rng.uniform(0.04, 0.16))
        board.area([(x - 0.006, y), (x + rng.normal(0, 0.01), y - high - 0.01), (x + 0.006, y)], tone)


def clouds(board: Board, rng: np.random.Generator, color: Color = (250, 250, 248), count: int = 3) -> None:
    """Paint small clouds."""
    for _ in range(count):
        x, y = rng.uniform(0, 1), rng.uniform(0.06, 0.3)
        for dx in (-0.06, -0.02, 0.03, 0.07):
            board.disc(x + dx, y + rng.normal(0, 0.008), rng.uniform(0.03, 0.05), color, 0.6)
