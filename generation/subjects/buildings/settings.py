"""Surroundings of landmarks: land and sky that could be anywhere, and pages and cards."""

from collections.abc import Mapping

import numpy as np

from lethebench.generation.drawing.board import Board, pick, vary
from lethebench.generation.drawing.color import BLACK, WHITE, Color, mix
from lethebench.generation.subjects.class_drawing import Setting
from lethebench.generation.subjects.scenery import named


def _cloud(board: Board, rng: np.random.Generator, x: float, y: float, size: float, color: Color) -> None:
    for _ in range(6):
        board.disc(
            x + rng.normal(0, 1.1) * size, y + rng.normal(0, 0.22) * size, size * rng.uniform(0.5, 1), color, 0.55
        )


def _trees(board: Board, rng: np.random.Generator, base: float, size: float, color: Color) -> None:
    for x in np.arange(-0.03, 1.06, 0.8 * size):
        board.disc(x, base + rng.normal(0, 0.15) * size, size * rng.uniform(0.7, 1.15), vary(rng, color, 8))


def _roofs(board: Board, rng: np.random.Generator, base: float, color: Color, lamps: Color | None = None) -> None:
    """Paint a distant town."""
    x = -0.03
    while x < 1.0:
        wide, high = rng.uniform(0.05, 0.12), rng.uniform(0.03, 0.11)
        board.block(x, base - high, x + wide, base + 0.02, vary(rng, color, 7))
        if lamps:
            for _ in range(4):
                u, v = x + wide * rng.uniform(0.15, 0.8), base - high * rng.uniform(0.2, 0.85)
                board.block(u, v, u + 0.01, v + 0.012, lamps)
        x += wide


def meadow(board: Board, rng: np.random.Generator) -> None:
    board.sky(pick(rng, (118, 178, 228), (150, 200, 232), (176, 208, 226)), (232, 242, 244), 0.7)
    for _ in range(3):
        _cloud(board, rng, rng.uniform(0, 1), rng.uniform(0.05, 0.4), 0.07, (246, 248, 250))
    grass = vary(rng, pick(rng, (126, 172, 92), (148, 180, 100), (108, 158, 92)))
    _trees(board, rng, 0.72, 0.07, mix(grass, (70, 110, 90), 0.5))
    board.block(0, 0.74, 1, 1, grass)
    for _ in range(26):
        x, y = rng.uniform(0, 1), rng.uniform(0.76, 1)
        board.line([(x, y), (x + rng.uniform(0.03, 0.1), y)], 0.006, vary(rng, mix(grass, BLACK, 0.08), 8))


def plaza(board: Board, rng: np.random.Generator) -> None:
    board.sky(pick(rng, (190, 208, 222), (204, 216, 226), (168, 198, 224)), (240, 240, 236), 0.74)
    for _ in range(4):
        _cloud(board, rng, rng.uniform(0, 1), rng.uniform(0.02, 0.5), 0.09, pick(rng, (250, 250, 250), (222, 226, 232)))
    _roofs(board, rng, 0.76, pick(rng, (196, 190, 186), (176, 184, 194)))
    stone = pick(rng, (202, 194, 182), (186, 184, 182), (214, 200, 178))
    board.block(0, 0.76, 1, 1, stone)
    for y in (0.79, 0.83, 0.88, 0.94):
        board.line([(0, y), (1, y)], 0.005, mix(stone, BLACK, 0.12))
    for x in np.linspace(-1.2, 2.2, 18):
        board.line([(0.5 + (x - 0.5) * 0.4, 0.76), (x, 1)], 0.005, mix(stone, BLACK, 0.1))


def riverside(board: Board, rng: np.random.Generator) -> None:
    board.sky(pick(rng, (138, 190, 226), (160, 196, 214)), (226, 236, 238), 0.62)
    for _ in range(2):
        _cloud(board, rng, rng.uniform(0, 1), rng.uniform(0.05, 0.3), 0.08, (248, 248, 248))
    _trees(board, rng, 0.62, 0.05, (112, 140, 112))
    water = pick(rng, (96, 146, 172), (118, 156, 160), (84, 128, 160))
    board.block(0, 0.63, 1, 0.8, water)
    for _ in range(16):
        x, y = rng.uniform(-0.1, 1), rng.uniform(0.65, 0.79)
        board.line([(x, y), (x + rng.uniform(0.06, 0.2), y)], 0.006, mix(water, WHITE, rng.uniform(0.15, 0.4)))
    board.block(0, 0.8, 1, 1, pick(rng, (170, 158, 140), (146, 156, 112)))
    board.block(0, 0.795, 1, 0.81, (206, 200, 190))


def sunset(board: Board, rng: np.random.Generator) -> None:
    board.sky(
        pick(rng, (92, 84, 138), (136, 96, 132), (70, 96, 146)), pick(rng, (250, 186, 120), (252, 206, 150)), 0.76
    )
    board.disc(rng.uniform(0.1, 0.9), rng.uniform(0.52, 0.66), 0.06, (255, 232, 178))
    for _ in range(5):
        x, y = rng.uniform(-0.1, 0.9), rng.uniform(0.1, 0.55)
        board.line([(x, y), (x + rng.uniform(0.15, 0.4), y)], 0.014, pick(rng, (236, 142, 120), (206, 130, 142)))
    ground = pick(rng, (92, 72, 70), (84, 82, 76), (104, 84, 64))
    _roofs(board, rng, 0.77, mix(ground, (150, 100, 110), 0.4))
    board.block(0, 0.76, 1, 1, ground)


def postcard(board: Board, rng: np.random.Generator) -> None:
    table = pick(rng, (150, 110, 76), (196, 170, 136), (96, 104, 112))
    board.sky(table, mix(table, BLACK, 0.1))
    for y in np.arange(0.04, 1, 0.09):
        board.line([(0, y), (1, y + rng.normal(0, 0.01))], 0.004, mix(table, BLACK, 0.14))
    board.block(0.045, 0.045, 0.975, 0.975, mix(table, BLACK, 0.3))
    board.block(0.03, 0.03, 0.96, 0.96, (250, 248, 242))
    board.block(0.055, 0.055, 0.935, 0.935, pick(rng, (186, 214, 232), (240, 222, 186), (206, 226, 218)))
    board.block(0.055, 0.8, 0.935, 0.935, pick(rng, (214, 202, 168), (166, 186, 140), (190, 190, 186)))


def night(board: Board, rng: np.random.Generator) -> None:
    board.sky(pick(rng, (12, 16, 44), (20, 26, 58), (26, 20, 48)), pick(rng, (52, 62, 104), (78, 64, 104)), 0.8)
    for _ in range(60):
        board.disc(rng.uniform(0, 1), rng.uniform(0, 0.66), rng.uniform(0.002, 0.005), (226, 230, 250))
    board.disc(pick(rng, 0.12, 0.86), rng.uniform(0.08, 0.2), 0.05, (246, 240, 216))
    _roofs(board, rng, 0.78, (34, 34, 62), (250, 206, 120))
    board.block(0, 0.77, 1, 1, (46, 48, 66))
    for _ in range(12):
        x, y = rng.uniform(0, 1), rng.uniform(0.79, 1)
        board.line([(x, y), (x + rng.uniform(0.04, 0.12), y)], 0.006, (84, 80, 96))


def snow(board: Board, rng: np.random.Generator) -> None:
    board.sky(pick(rng, (176, 190, 206), (160, 176, 198), (196, 200, 208)), (226, 230, 236), 0.74)
    _trees(board, rng, 0.73, 0.05, (140, 156, 168))
    board.block(0, 0.75, 1, 1, (240, 243, 248))
    for _ in range(14):
        x, y = rng.uniform(0, 1), rng.uniform(0.78, 0.98)
        board.line([(x, y), (x + rng.uniform(0.08, 0.2), y + 0.004)], 0.008, (214, 222, 234))
    for _ in range(70):
        board.disc(rng.uniform(0, 1), rng.uniform(0, 1), rng.uniform(0.003, 0.008), (252, 252, 254))


def garden(board: Board, rng: np.random.Generator) -> None:
    board.sky(pick(rng, (156, 204, 220), (206, 222, 220), (186, 214, 236)), (244, 244, 232), 0.66)
    hedge = vary(rng, pick(rng, (74, 118, 78), (96, 132, 70)))
    board.block(0, 0.66, 1, 0.78, hedge)
    for x in np.arange(0.04, 1, 0.155):
        board.disc(x, 0.64, 0.05, mix(hedge, WHITE, 0.08))
    board.block(0, 0.77, 1, 1, pick(rng, (222, 206, 172), (206, 196, 184)))
    for side in (0.0, 0.74):
        board.block(side, 0.8, side + 0.26, 0.98, mix(hedge, (150, 190, 110), 0.5))
        for _ in range(14):
            board.disc(side + rng.uniform(0.02, 0.24), rng.uniform(0.82, 0.96), 0.012,
                       pick(rng, (222, 84, 92), (246, 206, 90), (236, 230, 240)))  # fmt: skip


def hills(board: Board, rng: np.random.Generator) -> None:
    board.sky(pick(rng, (140, 150, 164), (168, 172, 178), (120, 136, 156)), (214, 216, 214), 0.6)
    for _ in range(6):
        _cloud(board, rng, rng.uniform(0, 1), rng.uniform(0, 0.3), 0.12, pick(rng, (188, 192, 198), (150, 156, 168)))
    for base, far in ((0.56, 0.6), (0.64, 0.35), (0.72, 0.12)):
        x = np.linspace(-0.05, 1.05, 9)
        y = base - rng.uniform(0, 0.09, 9)
        board.area([(0, 1), *zip(x, y, strict=True), (1, 1)], mix((118, 128, 92), (200, 206, 208), far))
    board.area([(0, 0.8), (0.5, 0.77), (1, 0.8), (1, 1), (0, 1)], pick(rng, (150, 140, 100), (132, 142, 96)))


def guidebook(board: Board, rng: np.random.Generator) -> None:
    paper = pick(rng, (244, 238, 224), (238, 238, 236), (250, 244, 232))
    board.sky(paper, mix(paper, BLACK, 0.05))
    board.block(0.0, 0.0, 0.025, 1, mix(paper, BLACK, 0.22))
    tint = pick(rng, (208, 224, 232), (232, 214, 190), (214, 226, 204))
    board.block(0.06, 0.05, 0.97, 0.93, tint)
    board.block(0.06, 0.8, 0.97, 0.93, mix(tint, (120, 110, 90), 0.35))
    for k in range(5):
        board.block(0.07, 0.07 + 0.024 * k, 0.07 + rng.uniform(0.12, 0.2), 0.08 + 0.024 * k, mix(tint, BLACK, 0.4))


SETTINGS: Mapping[str, Mapping[str, Setting]] = {
    "train": named(meadow, plaza, riverside, sunset, postcard),
    "test": named(night, snow, garden, hills, guidebook),
}
