"""Streets and yards in front of which a building or a van stands."""

import numpy as np

from lethebench.generation.drawing.board import Board, pick, vary
from lethebench.generation.drawing.color import BLACK, WHITE, mix


def street(board: Board, rng: np.random.Generator) -> None:
    """Paint a row of houses behind a road."""
    board.sky(pick(rng, (170, 200, 222), (196, 206, 214)), (226, 228, 224), 0.8)
    x = 0.0
    while x < 1:
        wide, top = rng.uniform(0.12, 0.24), rng.uniform(0.1, 0.4)
        house = vary(rng, (190, 170, 156), 24)
        board.block(x, top, x + wide, 0.8, house)
        for y in np.arange(top + 0.06, 0.7, 0.13):
            for u in (0.2, 0.6):
                board.block(x + u * wide, y, x + (u + 0.2) * wide, y + 0.06, mix(house, (60, 80, 100), 0.5))
        x += wide
    board.block(0, 0.8, 1, 0.84, (170, 166, 160))
    board.block(0, 0.84, 1, 1, (110, 110, 114))


def yard(board: Board, rng: np.random.Generator) -> None:
    """Paint a loading yard with gates."""
    wall = pick(rng, (176, 178, 180), (150, 128, 110), (120, 134, 146))
    board.sky(wall, mix(wall, BLACK, 0.08))
    for x in (0.04, 0.38, 0.72):
        board.block(x, 0.2, x + 0.26, 0.8, mix(wall, WHITE, 0.4))
        for y in np.arange(0.24, 0.8, 0.06):
            board.line([(x, y), (x + 0.26, y)], 0.004, mix(wall, BLACK, 0.2))
    board.block(0, 0.8, 1, 1, (128, 126, 124))


def avenue(board: Board, rng: np.random.Generator) -> None:
    """Paint a road lined by trees."""
    board.sky((176, 206, 228), (232, 234, 226), 0.7)
    for x in np.arange(0.0, 1.1, 0.18) + rng.uniform(-0.05, 0.05):
        board.block(x - 0.012, 0.5, x + 0.012, 0.8, (104, 82, 64))
        for _ in range(5):
            board.disc(x + rng.normal(0, 0.04), 0.42 + rng.normal(0, 0.05), 0.09, vary(rng, (104, 140, 88), 12))
    board.block(0, 0.78, 1, 0.84, (150, 160, 120))
    board.block(0, 0.84, 1, 1, (116, 116, 118))


def shopfront(board: Board, rng: np.random.Generator) -> None:
    front = pick(rng, (66, 74, 82), (122, 84, 62), (58, 88, 84))
    board.sky(mix(front, BLACK, 0.2), front)
    board.block(0, 0.0, 1, 0.12, mix(front, WHITE, 0.25))
    for x in (0.04, 0.36, 0.68):
        board.block(x, 0.18, x + 0.28, 0.86, pick(rng, (186, 204, 212), (210, 214, 206), (160, 184, 198)))
        for _ in range(3):
            u = x + rng.uniform(0.02, 0.2)
            board.block(u, rng.uniform(0.5, 0.7), u + 0.06, 0.86, vary(rng, (190, 150, 130), 50))
    board.block(0, 0.86, 1, 1, (160, 158, 154))


def quay(board: Board, rng: np.random.Generator) -> None:
    """Paint a harbor front."""
    board.sky(pick(rng, (190, 208, 220), (222, 200, 180)), (236, 234, 226), 0.6)
    board.block(0, 0.56, 1, 0.8, pick(rng, (96, 130, 150), (110, 140, 140)))
    for _ in range(18):
        x, y = rng.uniform(0, 0.9), rng.uniform(0.58, 0.79)
        board.block(x, y, x + rng.uniform(0.04, 0.12), y + 0.005, (170, 192, 200))
    for x in np.arange(0.06, 1, 0.22):
        board.block(x, 0.72, x + 0.03, 0.82, (70, 72, 78))
    board.block(0, 0.8, 1, 1, (150, 148, 142))


def tunnel_mouth(board: Board, rng: np.random.Generator) -> None:
    """Paint a road in front of a vaulted gate."""
    stone = pick(rng, (160, 152, 144), (176, 160, 138))
    board.sky(mix(stone, WHITE, 0.2), stone)
    for y in np.arange(0.0, 0.84, 0.08):
        board.line([(0, y), (1, y)], 0.004, mix(stone, BLACK, 0.2))
    board.disc(0.5, 0.5, 0.42, mix(stone, BLACK, 0.3))
    board.disc(0.5, 0.5, 0.38, (56, 54, 58))
    board.block(0.12, 0.5, 0.88, 0.84, (56, 54, 58))
    board.block(0, 0.84, 1, 1, (112, 112, 116))
