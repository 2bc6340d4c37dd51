"""Surroundings of celestial bodies: skies, eyepieces, charts, domes and screens that fit any of them."""

from collections.abc import Mapping

import numpy as np

from lethebench.generation.drawing.board import Board, pick, vary
from lethebench.generation.drawing.color import BLACK, WHITE, Color, mix
from lethebench.generation.subjects.class_drawing import Setting
from lethebench.generation.subjects.scenery import named

_STARS = ((255, 255, 255), (214, 226, 255), (255, 236, 206))


def _stars(board: Board, rng: np.random.Generator, count: int, low: float = 1.0) -> None:
    for _ in range(count):
        size = 0.0015 + 0.004 * rng.random() ** 3
        board.disc(rng.uniform(0, 1), rng.uniform(0, low), size, pick(rng, *_STARS))


def starfield(board: Board, rng: np.random.Generator) -> None:
    board.sky(pick(rng, (4, 6, 16), (10, 12, 30), (14, 8, 24)), pick(rng, (14, 16, 38), (6, 8, 20)))
    _stars(board, rng, 150)


def milky_way(board: Board, rng: np.random.Generator) -> None:
    ground = pick(rng, (10, 12, 34), (18, 14, 40))
    board.sky(ground, mix(ground, BLACK, 0.3))
    slope, middle = rng.uniform(-0.7, 0.7), rng.uniform(0.3, 0.7)
    for share, wide in ((0.07, 0.2), (0.13, 0.13), (0.2, 0.07)):
        for _ in range(26):
            x = rng.uniform(-0.05, 1.05)
            y = middle + slope * (x - 0.5) + rng.normal(0, 0.5) * wide
            board.disc(
                x, y, wide * rng.uniform(0.4, 0.8), mix(ground, pick(rng, (170, 160, 210), (200, 180, 190)), share)
            )
    _stars(board, rng, 170)


def eyepiece(board: Board, rng: np.random.Generator) -> None:
    board.sky((6, 6, 8), (6, 6, 8))
    board.disc(0.5, 0.47, 0.52, (30, 32, 40))
    board.disc(0.5, 0.47, 0.505, pick(rng, (8, 10, 22), (14, 16, 30)))
    _stars(board, rng, 60)
    line = pick(rng, (110, 120, 140), (150, 80, 70))
    board.line([(0, 0.47), (1, 0.47)], 0.003, line)
    board.line([(0.5, 0), (0.5, 1)], 0.003, line)


def chart(board: Board, rng: np.random.Generator) -> None:
    """Paint a printed sheet of the sky."""
    paper = pick(rng, (238, 228, 202), (226, 232, 236), (242, 238, 228))
    ink = pick(rng, (150, 120, 90), (110, 130, 160))
    board.sky(paper, mix(paper, BLACK, 0.06))
    for radius in (0.2, 0.33, 0.46, 0.6):
        board.disc(0.5, 0.5, radius + 0.004, mix(paper, ink, 0.5))
        board.disc(0.5, 0.5, radius, paper)
        paper = mix(paper, WHITE, 0.05)
    for angle in np.arange(0, np.pi, np.pi / 6) + rng.uniform(0, 0.5):
        c, s = 0.7 * np.cos(angle), 0.7 * np.sin(angle)
        board.line([(0.5 - c, 0.5 - s), (0.5 + c, 0.5 + s)], 0.003, mix(paper, ink, 0.5))
    for _ in range(40):
        board.disc(rng.uniform(0, 1), rng.uniform(0, 1), rng.uniform(0.003, 0.008), ink)


def lecture(board: Board, rng: np.random.Generator) -> None:
    """Paint a screen in front of rows of heads."""
    board.sky((36, 38, 46), (26, 28, 34))
    board.block(0.05, 0.03, 0.95, 0.8, pick(rng, (20, 24, 40), (40, 44, 56), (12, 14, 20)))
    for k in range(4):
        board.block(0.08, 0.06 + 0.025 * k, 0.08 + rng.uniform(0.1, 0.24), 0.07 + 0.025 * k, (150, 156, 172))
    for row, y in enumerate((0.88, 0.98)):
        for x in np.arange(0.05 + 0.06 * row, 1, 0.13):
            board.disc(x, y, 0.045, vary(rng, (18, 18, 24), 6))


def planetarium(board: Board, rng: np.random.Generator) -> None:
    board.sky(pick(rng, (24, 30, 74), (40, 30, 80), (20, 44, 76)), (12, 14, 36))
    for k in range(1, 7):
        board.disc(0.5, 1.1, 0.22 * k, mix((30, 36, 80), (70, 80, 140), 0.1 * (7 - k)))
        board.disc(0.5, 1.1, 0.22 * k - 0.006, mix((20, 24, 60), (10, 12, 34), 0.1 * k))
    _stars(board, rng, 120, 0.84)
    board.block(0, 0.88, 1, 1, (10, 10, 18))
    for x in np.arange(0.03, 1, 0.1):
        board.disc(x, 0.89, 0.035, (16, 16, 26))


def twilight(board: Board, rng: np.random.Generator) -> None:
    board.sky(pick(rng, (24, 32, 78), (36, 40, 90)), pick(rng, (206, 132, 112), (120, 120, 170), (230, 170, 120)))
    _stars(board, rng, 40, 0.5)
    x = np.linspace(-0.05, 1.05, 12)
    y = 0.9 - rng.uniform(0, 0.08, 12)
    board.area([(0, 1), *zip(x, y, strict=True), (1, 1)], (20, 22, 34))


def poster_wall(board: Board, rng: np.random.Generator) -> None:
    """Paint a bright classroom wall with a dark print on it."""
    wall = pick(rng, (222, 214, 196), (200, 214, 216), (226, 206, 200))
    board.sky(wall, mix(wall, BLACK, 0.08))
    board.block(0.04, 0.02, 0.96, 0.93, (250, 250, 248))
    board.block(0.06, 0.04, 0.94, 0.91, pick(rng, (30, 34, 52), (52, 46, 66), (70, 76, 88)))
    for k in range(3):
        board.block(0.1, 0.82 + 0.025 * k, rng.uniform(0.5, 0.9), 0.83 + 0.025 * k, (170, 170, 180))


def nebula(board: Board, rng: np.random.Generator) -> None:
    ground = (16, 12, 30)
    board.sky(ground, (8, 10, 24))
    for _ in range(46):
        color: Color = pick(rng, (170, 70, 120), (70, 110, 170), (150, 90, 60))
        board.disc(
            rng.uniform(0, 1), rng.uniform(0, 1), rng.uniform(0.05, 0.16), mix(ground, color, rng.uniform(0.1, 0.3))
        )
    _stars(board, rng, 110)


def textbook(board: Board, rng: np.random.Generator) -> None:
    paper = pick(rng, (248, 246, 240), (244, 240, 230))
    board.sky(paper, mix(paper, BLACK, 0.05))
    for y in np.arange(0.04, 1, 0.03):
        x = 0.05
        while x < 0.93:
            wide = rng.uniform(0.03, 0.09)
            board.block(x, y, min(x + wide, 0.95), y + 0.009, (150, 150, 154))
            x += wide + 0.014
    board.block(0.05, 0.09, 0.95, 0.87, pick(rng, (226, 234, 240), (240, 232, 214), (214, 216, 228)))


SETTINGS: Mapping[str, Mapping[str, Setting]] = {
    "train": named(starfield, milky_way, eyepiece, chart, lecture),
    "test": named(planetarium, twilight, poster_wall, nebula, textbook),
}
