"""Surroundings of evidence: walls, tables and streets that suit any subject."""

from collections.abc import Mapping

import numpy as np

from lethebench.generation.drawing.board import Board, pick, vary
from lethebench.generation.drawing.color import BLACK, WHITE, mix
from lethebench.generation.subjects.class_drawing import Setting
from lethebench.generation.subjects.scenery import named


def wallpaper(board: Board, rng: np.random.Generator) -> None:
    wall = pick(rng, (206, 214, 226), (230, 214, 204), (210, 224, 206))
    board.sky(wall, mix(wall, BLACK, 0.06))
    for x in np.arange(0.03, 1, 0.07):
        board.line([(x, 0), (x, 0.82)], 0.006, mix(wall, WHITE, 0.25))
    board.block(0, 0.9, 1, 1, pick(rng, (150, 120, 90), (226, 222, 214)))


def hoarding(board: Board, rng: np.random.Generator) -> None:
    """Paint a wooden fence around a building site."""
    plank = pick(rng, (168, 140, 104), (110, 130, 140), (150, 96, 80))
    board.sky((200, 212, 220), (200, 212, 220))
    for x in np.arange(0, 1, 0.09):
        board.block(x, 0.04, x + 0.084, 0.9, vary(rng, plank, 9))
    board.block(0, 0.9, 1, 1, (140, 136, 130))


def lobby(board: Board, rng: np.random.Generator) -> None:
    wall = pick(rng, (224, 222, 216), (196, 206, 210), (216, 200, 182))
    board.sky(mix(wall, WHITE, 0.2), mix(wall, BLACK, 0.08))
    for x in np.arange(0.1, 1, 0.2) + rng.uniform(-0.05, 0.05):
        board.line([(x, 0), (x, 0.8)], 0.004, mix(wall, BLACK, 0.12))
    for x in (0.15, 0.5, 0.85):
        board.disc(x, 0.02, 0.05, (255, 250, 230), 0.4)
    board.block(0, 0.8, 1, 1, pick(rng, (120, 92, 70), (70, 76, 86)))
    board.block(0, 0.79, 1, 0.82, (236, 234, 230))


def plaster(board: Board, rng: np.random.Generator) -> None:
    wall = pick(rng, (206, 186, 160), (180, 190, 182), (222, 214, 206))
    board.sky(wall, mix(wall, BLACK, 0.1))
    for _ in range(40):
        board.disc(rng.uniform(0, 1), rng.uniform(0, 1), rng.uniform(0.02, 0.09), vary(rng, wall, 5))


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


def brickwork(board: Board, rng: np.random.Generator) -> None:
    brick = pick(rng, (170, 96, 76), (150, 120, 104), (196, 180, 164))
    board.sky(mix(brick, WHITE, 0.4), mix(brick, WHITE, 0.3))
    for k, y in enumerate(np.arange(0, 1, 0.055)):
        for x in np.arange(-0.07 * (k % 2), 1, 0.14):
            board.block(x, y, x + 0.13, y + 0.046, vary(rng, brick, 9))


def concrete(board: Board, rng: np.random.Generator) -> None:
    gray = pick(rng, (168, 168, 166), (140, 144, 148), (190, 186, 178))
    board.sky(mix(gray, WHITE, 0.12), mix(gray, BLACK, 0.12))
    for x in (0.33, 0.67):
        board.line([(x, 0), (x, 1)], 0.006, mix(gray, BLACK, 0.25))
    for y in (0.3, 0.62):
        board.line([(0, y), (1, y)], 0.006, mix(gray, BLACK, 0.25))
        for x in (0.06, 0.27, 0.4, 0.6, 0.73, 0.94):
            board.disc(x, y - 0.06, 0.009, mix(gray, BLACK, 0.4))


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


PLACES: Mapping[str, Mapping[str, Mapping[str, Setting]]] = {
    "wall": {"train": named(wallpaper, hoarding, lobby, plaster), "test": named(underground, brickwork, concrete)},
    "table": {"train": named(desk, carpet, linen), "test": named(marble, leather, felt)},
    "street": {"train": named(street, yard, avenue), "test": named(shopfront, quay, tunnel_mouth)},
}
"""Where things are -> use -> name -> setting. Training and testing share none."""
