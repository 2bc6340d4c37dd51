"""Surroundings of animals: open country, whose ground is below 0.6."""

from collections.abc import Mapping

import numpy as np

from lethebench.generation.drawing.board import Board, pick, vary
from lethebench.generation.drawing.color import BLACK, WHITE, mix
from lethebench.generation.subjects.class_drawing import Setting
from lethebench.generation.subjects.scenery import blades, clouds, crown, hills, named


def meadow(board: Board, rng: np.random.Generator) -> None:
    board.sky(pick(rng, (138, 196, 236), (172, 212, 236)), (234, 244, 242), 0.55)
    clouds(board, rng)
    grass = vary(rng, pick(rng, (126, 182, 92), (150, 190, 100), (112, 168, 90)))
    hills(board, rng, 0.5, 0.03, mix(grass, (200, 220, 226), 0.45))
    hills(board, rng, 0.58, 0.015, grass)
    blades(board, rng, grass)
    for _ in range(14):
        board.disc(rng.uniform(0, 1), rng.uniform(0.66, 1), 0.008, pick(rng, WHITE, (246, 214, 90), (226, 130, 150)))


def farmyard(board: Board, rng: np.random.Generator) -> None:
    board.sky(pick(rng, (176, 208, 228), (226, 214, 196)), (244, 240, 228), 0.6)
    barn = pick(rng, (168, 66, 54), (150, 108, 74), (206, 196, 178))
    x = rng.uniform(0.0, 0.5)
    board.block(x, 0.28, x + 0.42, 0.66, barn)
    board.area([(x - 0.03, 0.3), (x + 0.21, 0.1), (x + 0.45, 0.3)], mix(barn, BLACK, 0.4))
    board.block(x + 0.14, 0.42, x + 0.28, 0.66, mix(barn, WHITE, 0.55))
    earth = vary(rng, (198, 172, 128))
    board.block(0, 0.62, 1, 1, earth)
    for y in (0.54, 0.6):
        board.line([(0, y), (1, y)], 0.012, (126, 96, 70))
    for post in np.arange(0.04, 1, 0.16):
        board.block(post, 0.5, post + 0.02, 0.66, (110, 82, 60))
    for _ in range(40):
        at, y = rng.uniform(0, 1), rng.uniform(0.68, 1)
        board.line([(at, y), (at + rng.normal(0, 0.03), y + 0.008)], 0.006, mix(earth, (240, 214, 130), 0.6))


def hillside(board: Board, rng: np.random.Generator) -> None:
    board.sky(*pick(rng, ((240, 178, 140), (252, 232, 196)), ((150, 190, 226), (236, 240, 238))), 0.6)
    stone = vary(rng, (128, 136, 160))
    for depth, base in ((0.5, 0.42), (0.2, 0.52)):
        x = np.linspace(-0.05, 1.05, 8)
        board.area([(0, 1), *zip(x, base - rng.uniform(0, 0.22, 8), strict=True), (1, 1)], mix(stone, WHITE, depth))
    hills(board, rng, 0.62, 0.03, vary(rng, (158, 164, 104)))
    for _ in range(7):
        board.disc(rng.uniform(0, 1), rng.uniform(0.7, 0.98), rng.uniform(0.02, 0.05), vary(rng, (170, 166, 156)), 0.6)


def shore(board: Board, rng: np.random.Generator) -> None:
    board.sky(*pick(rng, ((120, 188, 230), (220, 238, 244)), ((176, 200, 214), (240, 236, 228))), 0.45)
    sea = pick(rng, (66, 146, 176), (84, 166, 178), (84, 128, 160))
    board.block(0, 0.42, 1, 0.7, sea)
    for _ in range(12):
        y, x = rng.uniform(0.44, 0.6), rng.uniform(-0.1, 0.9)
        board.line([(x, y), (x + rng.uniform(0.08, 0.22), y)], 0.006, mix(sea, WHITE, 0.35))
    hills(board, rng, 0.63, 0.012, (250, 250, 244))
    hills(board, rng, 0.66, 0.012, vary(rng, (234, 212, 168)))


def paper(board: Board, rng: np.random.Generator) -> None:
    color = pick(rng, (206, 216, 224), (230, 210, 196), (200, 216, 200), (216, 206, 226), (236, 222, 188))
    board.sky(mix(color, WHITE, 0.2), color, 0.7)
    board.disc(0.5 + rng.uniform(-0.2, 0.2), 0.45, 0.5, mix(color, WHITE, 0.4))
    board.block(0, 0.8, 1, 1, mix(color, BLACK, 0.06))


def woodland(board: Board, rng: np.random.Generator) -> None:
    leaf = vary(rng, pick(rng, (82, 130, 82), (176, 130, 62), (104, 150, 84)))
    board.sky(mix(leaf, WHITE, 0.6), mix(leaf, WHITE, 0.3), 0.6)
    for depth, count in ((0.45, 9), (0.1, 5)):
        for _ in range(count):
            x, wide = rng.uniform(0, 1), rng.uniform(0.012, 0.03)
            board.block(x - wide, 0, x + wide, 0.68, mix((86, 66, 54), mix(leaf, WHITE, 0.5), depth))
    for _ in range(9):
        crown(board, rng, rng.uniform(0, 1), rng.uniform(-0.02, 0.12), 0.13, leaf)
    hills(board, rng, 0.64, 0.02, mix(leaf, (120, 96, 66), 0.55))
    for _ in range(40):
        board.disc(rng.uniform(0, 1), rng.uniform(0.68, 1), 0.008, vary(rng, (170, 116, 62), 24), 0.6)


def desert(board: Board, rng: np.random.Generator) -> None:
    board.sky(*pick(rng, ((92, 168, 214), (240, 226, 190)), ((230, 132, 96), (250, 214, 150))), 0.6)
    board.disc(rng.uniform(0.15, 0.85), rng.uniform(0.1, 0.3), 0.06, (255, 244, 204))
    sand = vary(rng, (222, 182, 120))
    for depth, base in ((0.35, 0.46), (0.15, 0.56), (0.0, 0.66)):
        hills(board, rng, base, 0.04, mix(sand, (170, 120, 90), depth), 4)
    for _ in range(9):
        y, x = rng.uniform(0.7, 1), rng.uniform(-0.1, 0.9)
        board.line([(x, y), (x + 0.1, y - 0.008), (x + 0.24, y)], 0.005, mix(sand, BLACK, 0.08))


def snowfield(board: Board, rng: np.random.Generator) -> None:
    board.sky(*pick(rng, ((150, 180, 212), (230, 236, 242)), ((196, 190, 214), (248, 228, 222))), 0.6)
    for _ in range(11):
        x, high = rng.uniform(0, 1), rng.uniform(0.14, 0.28)
        for k in range(3):
            y = 0.6 - high * (0.3 + 0.28 * k)
            wide = 0.055 - 0.013 * k
            board.area([(x - wide, y + high * 0.3), (x, y - high * 0.12), (x + wide, y + high * 0.3)], (92, 120, 118))
    hills(board, rng, 0.6, 0.015, (226, 234, 242))
    hills(board, rng, 0.72, 0.02, (240, 244, 248))
    for _ in range(30):
        board.disc(rng.uniform(0, 1), rng.uniform(0, 0.7), 0.005, WHITE)


def garden(board: Board, rng: np.random.Generator) -> None:
    board.sky((226, 232, 226), (214, 226, 210), 0.5)
    wall = pick(rng, (196, 124, 98), (208, 200, 186), (232, 222, 200))
    board.block(0, 0.1, 1, 0.6, wall)
    for k, y in enumerate(np.arange(0.1, 0.6, 0.06)):
        for x in np.arange(-0.07 * (k % 2), 1, 0.14):
            board.block(x, y, x + 0.13, y + 0.05, vary(rng, wall, 7))
    for _ in range(6):
        x = rng.uniform(0, 1)
        crown(board, rng, x, 0.56, rng.uniform(0.07, 0.12), vary(rng, (86, 140, 84)))
        for _ in range(4):
            board.disc(
                x + rng.normal(0, 0.05), 0.54 + rng.normal(0, 0.04), 0.014, pick(rng, (236, 110, 120), (250, 206, 96))
            )
    board.block(0, 0.64, 1, 1, (200, 192, 180))
    for y in (0.66, 0.72, 0.8, 0.9):
        board.line([(0, y), (1, y)], 0.005, (176, 168, 158))


def river(board: Board, rng: np.random.Generator) -> None:
    board.sky(pick(rng, (170, 206, 226), (206, 214, 222)), (238, 242, 236), 0.4)
    far = vary(rng, (112, 150, 100))
    hills(board, rng, 0.36, 0.03, mix(far, WHITE, 0.3))
    board.block(0, 0.42, 1, 0.64, vary(rng, (108, 156, 176)))
    for _ in range(14):
        y, x = rng.uniform(0.44, 0.6), rng.uniform(-0.1, 0.95)
        board.line([(x, y), (x + rng.uniform(0.06, 0.2), y)], 0.006, (176, 206, 214))
    hills(board, rng, 0.64, 0.015, (150, 138, 110))
    hills(board, rng, 0.68, 0.015, mix(far, (190, 180, 90), 0.3))
    for _ in range(26):
        x, y = rng.uniform(0, 1), rng.uniform(0.62, 0.72)
        board.line([(x, y), (x + rng.normal(0, 0.012), y - rng.uniform(0.06, 0.16))], 0.006, (96, 116, 70))


SETTINGS: Mapping[str, Mapping[str, Setting]] = {
    "train": named(meadow, farmyard, hillside, shore, paper),
    "test": named(woodland, desert, snowfield, garden, river),
}
