"""Surroundings of posters: streets, halls and rooms that suit any title."""

from collections.abc import Mapping

import numpy as np

from lethebench.generation.drawing.board import Board, pick, vary
from lethebench.generation.drawing.color import BLACK, WHITE, mix
from lethebench.generation.subjects.class_drawing import Setting
from lethebench.generation.subjects.scenery import named


def bus_stop(board: Board, rng: np.random.Generator) -> None:
    board.sky(pick(rng, (170, 200, 222), (196, 206, 214)), (226, 228, 224), 0.8)
    x = 0.0
    while x < 1:
        wide, top = rng.uniform(0.1, 0.2), rng.uniform(0.1, 0.4)
        board.block(x, top, x + wide, 0.8, vary(rng, (190, 178, 166), 16))
        x += wide
    board.block(0, 0.03, 1, 0.09, (74, 82, 92))
    for x in (0.03, 0.94):
        board.block(x, 0.06, x + 0.03, 0.92, (92, 100, 110))
    board.block(0.08, 0.1, 0.92, 0.84, (214, 226, 230))
    board.block(0, 0.84, 1, 1, (150, 148, 146))


def cinema(board: Board, rng: np.random.Generator) -> None:
    """Paint the front of a movie theater."""
    wall = pick(rng, (122, 48, 52), (54, 60, 96), (70, 84, 78))
    board.sky(mix(wall, BLACK, 0.2), wall)
    board.block(0, 0.0, 1, 0.1, (238, 226, 190))
    for y in (0.012, 0.088):
        for x in np.arange(0.02, 1, 0.05):
            board.disc(x, y, 0.011, (255, 214, 120))
    for x in (0.04, 0.88):
        board.block(x, 0.14, x + 0.08, 0.86, mix(wall, WHITE, 0.16))
    board.block(0, 0.86, 1, 1, (96, 88, 88))


def bedroom(board: Board, rng: np.random.Generator) -> None:
    wall = pick(rng, (206, 214, 226), (230, 214, 204), (210, 224, 206))
    board.sky(wall, mix(wall, BLACK, 0.06))
    for x in np.arange(0.03, 1, 0.07):
        board.line([(x, 0), (x, 0.82)], 0.006, mix(wall, WHITE, 0.25))
    board.block(0, 0.82, 1, 1, pick(rng, (120, 130, 170), (176, 110, 96)))
    board.block(pick(rng, 0.04, 0.66), 0.74, pick(rng, 0.3, 0.96), 0.86, (246, 244, 240))


def desk(board: Board, rng: np.random.Generator) -> None:
    wood = pick(rng, (186, 148, 108), (112, 88, 70), (222, 206, 184))
    board.sky(wood, mix(wood, BLACK, 0.1))
    for y in np.arange(0.03, 1, 0.12):
        board.line([(0, y), (1, y + rng.normal(0, 0.012))], 0.004, mix(wood, BLACK, 0.13))
    board.disc(0.08, 0.14, 0.08, (244, 244, 240))
    board.disc(0.08, 0.14, 0.062, (96, 62, 44))
    board.line([(0.9, 0.55), (0.97, 0.9)], 0.02, pick(rng, (60, 80, 130), (40, 40, 46)))


def hoarding(board: Board, rng: np.random.Generator) -> None:
    """Paint a wooden fence around a building site."""
    plank = pick(rng, (168, 140, 104), (110, 130, 140), (150, 96, 80))
    board.sky((200, 212, 220), (200, 212, 220))
    for x in np.arange(0, 1, 0.09):
        board.block(x, 0.04, x + 0.084, 0.9, vary(rng, plank, 9))
    board.block(0, 0.9, 1, 1, (140, 136, 130))


def underground(board: Board, rng: np.random.Generator) -> None:
    """Paint a tiled wall in a station."""
    tile = pick(rng, (228, 226, 216), (196, 212, 210), (232, 220, 190))
    board.sky(mix(tile, BLACK, 0.16), mix(tile, BLACK, 0.16))
    for y in np.arange(0, 0.84, 0.05):
        for x in np.arange(0, 1, 0.1):
            board.block(x + 0.003, y + 0.003, x + 0.097, y + 0.047, vary(rng, tile, 4))
    band = pick(rng, (180, 60, 56), (60, 90, 140), (70, 120, 90))
    board.block(0, 0.84, 1, 0.88, band)
    board.block(0, 0.88, 1, 1, (110, 108, 108))


def pillar(board: Board, rng: np.random.Generator) -> None:
    """Paint an advertising column in a street."""
    board.sky((184, 204, 214), (220, 224, 216), 0.8)
    for x in np.arange(0.02, 1, 0.14):
        board.disc(x, 0.6 + rng.normal(0, 0.02), 0.12, vary(rng, (120, 150, 110), 10))
    board.block(0, 0.78, 1, 1, (166, 160, 152))
    for k in range(20):
        x = 0.06 + 0.88 * k / 20
        board.block(x, 0.06, x + 0.05, 0.9, mix((206, 200, 186), BLACK, 0.35 * abs((k - 8) / 12)))
    board.block(0.03, 0.02, 0.97, 0.08, (70, 90, 80))


def corridor(board: Board, rng: np.random.Generator) -> None:
    wall = pick(rng, (216, 210, 200), (170, 180, 190), (198, 178, 160))
    board.sky(mix(wall, WHITE, 0.3), wall)
    board.area([(0, 0), (0.12, 0.1), (0.12, 0.8), (0, 0.95)], mix(wall, BLACK, 0.18))
    board.block(0.12, 0.06, 1, 0.1, mix(wall, BLACK, 0.2))
    board.area([(0.12, 0.82), (1, 0.82), (1, 1), (0, 1), (0, 0.95)], pick(rng, (120, 100, 84), (96, 100, 108)))
    for x in (0.3, 0.6, 0.9):
        board.disc(x, 0.03, 0.04, (255, 250, 226), 0.5)


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


def shop_window(board: Board, rng: np.random.Generator) -> None:
    glass = pick(rng, (120, 140, 150), (150, 160, 156), (90, 104, 120))
    board.sky(mix(glass, WHITE, 0.3), mix(glass, BLACK, 0.2))
    for _ in range(9):
        x, y = rng.uniform(0, 0.9), rng.uniform(0.3, 0.75)
        board.block(
            x, y, x + rng.uniform(0.05, 0.15), 0.86, mix(glass, pick(rng, (210, 150, 110), (90, 120, 110)), 0.35)
        )
    board.area([(0.1, 0), (0.3, 0), (0.0, 0.86), (0, 0.3)], mix(glass, WHITE, 0.5))
    frame = pick(rng, (60, 54, 50), (40, 70, 64))
    board.block(0, 0, 1, 0.05, frame)
    board.block(0, 0.86, 1, 1, frame)


SETTINGS: Mapping[str, Mapping[str, Setting]] = {
    "train": named(bus_stop, cinema, bedroom, desk, hoarding),
    "test": named(underground, pillar, corridor, carpet, shop_window),
}
