"""Surroundings of company marks: walls, counters, fronts and desks of any company."""

from collections.abc import Mapping

import numpy as np

from lethebench.generation.drawing.board import Board, pick, vary
from lethebench.generation.drawing.color import BLACK, WHITE, mix
from lethebench.generation.subjects.class_drawing import Setting
from lethebench.generation.subjects.scenery import named


def lobby(board: Board, rng: np.random.Generator) -> None:
    wall = pick(rng, (224, 222, 216), (196, 206, 210), (216, 200, 182))
    board.sky(mix(wall, WHITE, 0.2), mix(wall, BLACK, 0.08))
    for x in np.arange(0.1, 1, 0.2) + rng.uniform(-0.05, 0.05):
        board.line([(x, 0), (x, 0.8)], 0.004, mix(wall, BLACK, 0.12))
    for x in (0.15, 0.5, 0.85):
        board.disc(x, 0.02, 0.05, (255, 250, 230), 0.4)
    board.block(0, 0.8, 1, 1, pick(rng, (120, 92, 70), (70, 76, 86)))
    board.block(0, 0.79, 1, 0.82, (236, 234, 230))


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


def stand(board: Board, rng: np.random.Generator) -> None:
    """Paint a stand at a fair."""
    cloth = pick(rng, (86, 104, 140), (150, 152, 158), (196, 176, 140))
    board.sky(cloth, mix(cloth, BLACK, 0.2))
    for x in np.linspace(0, 1, 6):
        board.block(x - 0.006, 0, x + 0.006, 0.84, mix(cloth, BLACK, 0.35))
    for x in (0.2, 0.8):
        board.area([(x - 0.03, 0), (x + 0.03, 0), (x + 0.2, 0.6), (x - 0.2, 0.6)], mix(cloth, WHITE, 0.2))
    board.block(0, 0.84, 1, 1, mix(cloth, BLACK, 0.5))


def desk(board: Board, rng: np.random.Generator) -> None:
    """Paint a table top from above."""
    wood = pick(rng, (178, 140, 100), (214, 196, 168), (96, 78, 66))
    board.sky(wood, mix(wood, BLACK, 0.12))
    for y in np.arange(0.05, 1, 0.11):
        board.line([(0, y), (1, y + rng.normal(0, 0.01))], 0.004, mix(wood, BLACK, 0.14))
    board.block(0.0, 0.02, 0.3, 0.36, (246, 244, 240))
    for k in range(6):
        board.block(0.03, 0.06 + 0.045 * k, rng.uniform(0.15, 0.27), 0.075 + 0.045 * k, (170, 172, 178))
    board.line([(0.86, 0.1), (0.97, 0.5)], 0.02, pick(rng, (40, 60, 110), (150, 50, 50)))


def plaster(board: Board, rng: np.random.Generator) -> None:
    wall = pick(rng, (206, 186, 160), (180, 190, 182), (222, 214, 206))
    board.sky(wall, mix(wall, BLACK, 0.1))
    for _ in range(40):
        board.disc(rng.uniform(0, 1), rng.uniform(0, 1), rng.uniform(0.02, 0.09), vary(rng, wall, 5))


def brickwork(board: Board, rng: np.random.Generator) -> None:
    brick = pick(rng, (170, 96, 76), (150, 120, 104), (196, 180, 164))
    board.sky(mix(brick, WHITE, 0.4), mix(brick, WHITE, 0.3))
    for k, y in enumerate(np.arange(0, 1, 0.055)):
        for x in np.arange(-0.07 * (k % 2), 1, 0.14):
            board.block(x, y, x + 0.13, y + 0.046, vary(rng, brick, 9))


def glass_tower(board: Board, rng: np.random.Generator) -> None:
    glass = pick(rng, (110, 146, 172), (140, 160, 170), (90, 120, 140))
    board.sky(mix(glass, WHITE, 0.4), mix(glass, BLACK, 0.15))
    for y in np.arange(0, 1, 0.1):
        for x in np.arange(0, 1, 0.125):
            board.block(x + 0.005, y + 0.005, x + 0.12, y + 0.095, mix(glass, WHITE, rng.uniform(0.0, 0.45)))


def shelf(board: Board, rng: np.random.Generator) -> None:
    wall = pick(rng, (230, 224, 214), (206, 216, 210), (226, 208, 196))
    board.sky(wall, mix(wall, BLACK, 0.05))
    for y in (0.16, 0.86):
        board.block(0, y, 1, y + 0.03, (164, 124, 84))
        x = 0.0
        while x < 1:
            wide, high = rng.uniform(0.03, 0.08), rng.uniform(0.08, 0.14)
            board.block(
                x, y - high, x + wide - 0.008, y, vary(rng, pick(rng, (140, 90, 80), (90, 110, 130), (200, 180, 120)))
            )
            x += wide


def concrete(board: Board, rng: np.random.Generator) -> None:
    gray = pick(rng, (168, 168, 166), (140, 144, 148), (190, 186, 178))
    board.sky(mix(gray, WHITE, 0.12), mix(gray, BLACK, 0.12))
    for x in (0.33, 0.67):
        board.line([(x, 0), (x, 1)], 0.006, mix(gray, BLACK, 0.25))
    for y in (0.3, 0.62):
        board.line([(0, y), (1, y)], 0.006, mix(gray, BLACK, 0.25))
        for x in (0.06, 0.27, 0.4, 0.6, 0.73, 0.94):
            board.disc(x, y - 0.06, 0.009, mix(gray, BLACK, 0.4))


def felt(board: Board, rng: np.random.Generator) -> None:
    """Paint a notice board with notes along its edges."""
    ground = pick(rng, (70, 100, 90), (186, 146, 100), (90, 96, 120))
    board.sky(ground, mix(ground, BLACK, 0.1))
    for _ in range(8):
        x, y = pick(rng, rng.uniform(0, 0.08), rng.uniform(0.86, 0.94)), rng.uniform(0, 0.85)
        board.block(x, y, x + 0.1, y + 0.12, pick(rng, (250, 240, 180), (240, 240, 240), (220, 230, 240)))
        board.disc(x + 0.05, y + 0.015, 0.012, (200, 60, 60))


SETTINGS: Mapping[str, Mapping[str, Setting]] = {
    "train": named(lobby, shopfront, stand, desk, plaster),
    "test": named(brickwork, glass_tower, shelf, concrete, felt),
}
