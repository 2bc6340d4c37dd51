"""Table tops from above."""

import numpy as np

from lethebench.generation.drawing.board import Board, pick, vary
from lethebench.generation.drawing.color import BLACK, WHITE, mix


def desk(board: Board, rng: np.random.Generator) -> None:
    wood = pick(rng, (186, 148, 108), (112, 88, 70), (222, 206, 184))
    board.sky(wood, mix(wood, BLACK, 0.1))
    for y in np.arange(0.03, 1, 0.12):
        board.line([(0, y), (1, y + rng.normal(0, 0.012))], 0.004, mix(wood, BLACK, 0.13))
    board.disc(0.08, 0.14, 0.08, (244, 244, 240))
    board.disc(0.08, 0.14, 0.062, (96, 62, 44))
    board.line([(0.9, 0.55), (0.97, 0.9)], 0.02, pick(rng, (60, 80, 130), (40, 40, 46)))


def carpet(board: Board, rng: np.random.Generator) -> None:
    """Paint a patterned rug seen from above."""
    ground = pick(rng, (140, 60, 56), (60, 84, 110), (96, 110, 84))
    board.sky(ground, ground)
    for y in np.arange(0.05, 1, 0.12):
        for x in np.arange(0.05, 1, 0.12):
            board.area(
                [(x, y - 0.035), (x + 0.035, y), (x, y + 0.035), (x - 0.035, y)], mix(ground, (236, 206, 150), 0.4)
            )
    board.block(0, 0, 1, 0.03, (226, 206, 170))
    board.block(0, 0.9, 1, 0.94, (226, 206, 170))


def linen(board: Board, rng: np.random.Generator) -> None:
    """Paint a checked tablecloth."""
    cloth, check = (244, 240, 232), pick(rng, (170, 60, 60), (70, 100, 150), (90, 130, 90))
    board.sky(cloth, mix(cloth, BLACK, 0.06))
    for k in np.arange(0, 1, 0.16):
        board.block(k, 0, k + 0.08, 1, mix(cloth, check, 0.25))
    for k in np.arange(0, 1, 0.16):
        board.block(0, k, 1, k + 0.08, mix(cloth, check, 0.35))


def marble(board: Board, rng: np.random.Generator) -> None:
    """Paint a counter of stone with veins."""
    stone = pick(rng, (226, 224, 220), (190, 196, 192), (70, 74, 80))
    board.sky(stone, mix(stone, BLACK, 0.08))
    for _ in range(9):
        x, y = rng.uniform(-0.2, 1), rng.uniform(-0.2, 1)
        line = [(x + 0.13 * k + rng.normal(0, 0.02), y + 0.1 * k + rng.normal(0, 0.03)) for k in range(9)]
        board.line(line, 0.006, mix(stone, pick(rng, WHITE, BLACK), 0.22))


def leather(board: Board, rng: np.random.Generator) -> None:
    """Paint a writing pad with a stitched edge."""
    hide = pick(rng, (96, 58, 42), (44, 62, 54), (58, 40, 44))
    board.sky(hide, mix(hide, BLACK, 0.2))
    for _ in range(60):
        board.disc(rng.uniform(0, 1), rng.uniform(0, 1), rng.uniform(0.01, 0.04), vary(rng, hide, 4))
    for k in np.arange(0.02, 1, 0.04):
        for x, y, across, down in (
            (k, 0.03, 0.022, 0.006),
            (k, 0.9, 0.022, 0.006),
            (0.03, k, 0.006, 0.022),
            (0.96, k, 0.006, 0.022),
        ):
            board.block(x, y, x + across, y + down, mix(hide, (240, 220, 180), 0.5))


def felt(board: Board, rng: np.random.Generator) -> None:
    """Paint a notice board with notes along its edges."""
    ground = pick(rng, (70, 100, 90), (186, 146, 100), (90, 96, 120))
    board.sky(ground, mix(ground, BLACK, 0.1))
    for _ in range(8):
        x, y = pick(rng, rng.uniform(0, 0.08), rng.uniform(0.86, 0.94)), rng.uniform(0, 0.85)
        board.block(x, y, x + 0.1, y + 0.12, pick(rng, (250, 240, 180), (240, 240, 240), (220, 230, 240)))
        board.disc(x + 0.05, y + 0.015, 0.012, (200, 60, 60))
