"""Surroundings of plants: tables, beds and benches, whose top is below 0.66."""

from collections.abc import Mapping

import numpy as np

from lethebench.generation.drawing.board import Board, pick, vary
from lethebench.generation.drawing.color import BLACK, WHITE, Color, mix
from lethebench.generation.subjects.class_drawing import Setting
from lethebench.generation.subjects.scenery import clouds, crown, hills, named

_WOODS: tuple[Color, ...] = ((178, 134, 92), (128, 94, 68), (208, 178, 138), (150, 108, 74))


def planks(board: Board, rng: np.random.Generator, top: float, wood: Color) -> None:
    """Paint a wooden top seen from the front, its boards running towards the viewer."""
    board.block(0, top, 1, 1, wood)
    board.block(0, top, 1, top + 0.012, mix(wood, WHITE, 0.25))
    edge = rng.uniform(0, 0.2)
    for x in np.arange(-1.0, 2.0, 0.22):
        board.line(
            [(0.5 + (x + edge - 0.5) * 0.75, top + 0.012), (0.5 + (x + edge - 0.5) * 1.3, 1)],
            0.006,
            mix(wood, BLACK, 0.16),
        )


def kitchen_table(board: Board, rng: np.random.Generator) -> None:
    wall = pick(rng, (238, 230, 214), (216, 228, 226), (240, 222, 204))
    board.sky(wall, mix(wall, BLACK, 0.05))
    for y in np.arange(0.06, 0.66, 0.1):
        for x in np.arange(0.02, 1, 0.13):
            board.block(x, y, x + 0.12, y + 0.09, vary(rng, mix(wall, WHITE, 0.35), 5))
    for x in (rng.uniform(0.04, 0.2), rng.uniform(0.78, 0.94)):
        tone = pick(rng, (196, 90, 74), (92, 134, 150), (226, 190, 110))
        board.block(x - 0.06, 0.46, x + 0.06, 0.66, tone)
        board.disc(x, 0.46, 0.06, mix(tone, BLACK, 0.25), 0.3)
    planks(board, rng, 0.66, pick(rng, *_WOODS))


def vegetable_bed(board: Board, rng: np.random.Generator) -> None:
    board.sky(pick(rng, (150, 200, 234), (196, 214, 226)), (238, 244, 238), 0.5)
    clouds(board, rng, count=2)
    leaf = vary(rng, (98, 148, 84))
    for x in np.arange(-0.02, 1.1, 0.11):
        crown(board, rng, x, 0.48, 0.08, mix(leaf, WHITE, 0.25))
    soil = vary(rng, (136, 100, 74))
    board.block(0, 0.56, 1, 1, soil)
    for x in np.linspace(-0.6, 1.6, 9):
        board.area(
            [(0.5 + (x - 0.5) * 0.4, 0.56), (0.5 + (x - 0.45) * 0.4, 0.56), (x + 0.09, 1), (x, 1)],
            mix(soil, BLACK, 0.16),
        )
    for y in np.linspace(0.6, 0.66, 2):
        for x in rng.uniform(0, 1, 9):
            board.disc(x, y, 0.014, leaf, 0.7)


def window_sill(board: Board, rng: np.random.Generator) -> None:
    wall = pick(rng, (226, 214, 200), (206, 214, 222), (222, 200, 186))
    board.sky(wall, wall)
    x = rng.uniform(0.08, 0.2)
    board.block(x, 0, x + 0.7, 0.64, (250, 250, 248))
    board.block(x + 0.03, 0, x + 0.67, 0.61, pick(rng, (178, 214, 238), (206, 222, 226), (246, 214, 176)))
    for _ in range(3):
        crown(board, rng, x + rng.uniform(0.1, 0.6), 0.54, 0.07, (150, 186, 150))
    board.block(x + 0.335, 0, x + 0.365, 0.62, (250, 250, 248))
    board.block(x + 0.02, 0.28, x + 0.68, 0.305, (250, 250, 248))
    board.block(0, 0.66, 1, 0.7, (252, 250, 246))
    board.block(0, 0.7, 1, 1, mix(wall, WHITE, 0.3))


def market_stall(board: Board, rng: np.random.Generator) -> None:
    board.sky((206, 206, 204), (186, 182, 178))
    stripe = pick(rng, (198, 64, 58), (62, 120, 92), (66, 96, 150))
    for k, x in enumerate(np.arange(0, 1, 0.1)):
        board.area([(x, 0), (x + 0.1, 0), (x + 0.1, 0.16), (x + 0.05, 0.2), (x, 0.16)], stripe if k % 2 else WHITE)
    for x in np.arange(-0.05, 1, 0.27):
        color = pick(rng, (222, 132, 60), (128, 160, 84), (206, 80, 70), (226, 196, 96), (140, 96, 150))
        for _ in range(16):
            board.disc(x + rng.uniform(0.02, 0.24), rng.uniform(0.48, 0.54), 0.03, vary(rng, color, 16))
        board.block(x, 0.53, x + 0.26, 0.66, (176, 140, 100))
    planks(board, rng, 0.66, pick(rng, *_WOODS))


def pasture(board: Board, rng: np.random.Generator) -> None:
    board.sky(*pick(rng, ((142, 194, 232), (236, 242, 240)), ((238, 190, 150), (252, 236, 208))), 0.6)
    field = vary(rng, (170, 178, 96))
    for base, share in ((0.46, 0.5), (0.54, 0.25), (0.64, 0.0)):
        hills(board, rng, base, 0.03, mix(field, (204, 216, 224), share))
    for _ in range(24):
        y, x = rng.uniform(0.68, 1), rng.uniform(0, 1)
        board.line([(x, y), (x + 0.03, y)], 0.005, mix(field, BLACK, 0.14))


def terrace(board: Board, rng: np.random.Generator) -> None:
    wall = pick(rng, (236, 226, 206), (198, 120, 92), (164, 176, 180))
    board.sky(wall, mix(wall, BLACK, 0.07))
    x = rng.uniform(0.05, 0.6)
    shutter = pick(rng, (74, 120, 140), (96, 130, 96), (150, 76, 70))
    board.block(x, 0.08, x + 0.32, 0.52, shutter)
    for y in np.arange(0.1, 0.5, 0.035):
        board.line([(x + 0.02, y), (x + 0.3, y)], 0.006, mix(shutter, BLACK, 0.22))
    board.line([(x + 0.16, 0.08), (x + 0.16, 0.52)], 0.01, mix(shutter, BLACK, 0.4))
    tile = vary(rng, (206, 170, 140))
    board.block(0, 0.64, 1, 1, tile)
    for y in (0.64, 0.7, 0.79, 0.92):
        board.line([(0, y), (1, y)], 0.005, mix(tile, BLACK, 0.18))
    for across in np.linspace(-0.8, 1.8, 12):
        board.line([(0.5 + (across - 0.5) * 0.6, 0.64), (across, 1)], 0.005, mix(tile, BLACK, 0.18))


def potting_bench(board: Board, rng: np.random.Generator) -> None:
    board.sky((218, 232, 230), (202, 222, 208))
    for x in np.linspace(0.02, 0.98, 6):
        board.line([(x, 0), (x, 0.66)], 0.012, (248, 250, 248))
    for y in (0.14, 0.36):
        board.line([(0, y), (1, y)], 0.012, (248, 250, 248))
    for _ in range(5):
        x, tone = rng.uniform(0, 1), vary(rng, (190, 110, 78))
        board.area([(x - 0.05, 0.54), (x + 0.05, 0.54), (x + 0.035, 0.66), (x - 0.035, 0.66)], tone)
        crown(board, rng, x, 0.5, 0.05, vary(rng, (104, 150, 92)))
    planks(board, rng, 0.66, mix(pick(rng, *_WOODS), (150, 160, 160), 0.4))


def picnic(board: Board, rng: np.random.Generator) -> None:
    grass = vary(rng, (138, 182, 92))
    board.sky(mix(grass, WHITE, 0.5), grass, 0.55)
    for _ in range(50):
        x, y = rng.uniform(0, 1), rng.uniform(0.1, 0.6)
        board.line([(x, y), (x + 0.005, y - 0.025)], 0.005, mix(grass, BLACK, 0.12))
    cloth = pick(rng, (206, 74, 70), (76, 112, 168), (216, 160, 70))
    board.block(0, 0.62, 1, 1, (250, 246, 238))
    for y, high in ((0.62, 0.035), (0.7, 0.05), (0.81, 0.07), (0.95, 0.05)):
        board.block(0, y, 1, y + high, mix(cloth, WHITE, 0.45))
    for across in np.linspace(-0.8, 1.8, 11):
        for y, high in ((0.62, 0.035), (0.7, 0.05), (0.81, 0.07), (0.95, 0.05)):
            near, far = (0.5 + (across - 0.5) * (0.5 + 0.5 * (v - 0.62) / 0.38) for v in (y + high, y))
            board.area([(far, y), (far + 0.08, y), (near + 0.1, y + high), (near, y + high)], cloth)


def shelf(board: Board, rng: np.random.Generator) -> None:
    paint = pick(rng, (96, 124, 118), (208, 190, 170), (124, 108, 136), (222, 206, 150))
    board.sky(mix(paint, WHITE, 0.12), paint)
    x = rng.uniform(0.05, 0.15)
    for _ in range(9):
        wide, high = rng.uniform(0.03, 0.06), rng.uniform(0.14, 0.26)
        board.block(
            x, 0.66 - high, x + wide, 0.66, vary(rng, pick(rng, (170, 80, 70), (70, 100, 130), (224, 204, 170)), 12)
        )
        x += wide + 0.004 + (0.3 if rng.random() < 0.2 else 0)
    board.block(0, 0.66, 1, 0.72, pick(rng, *_WOODS))
    board.block(0, 0.72, 1, 1, mix(paint, BLACK, 0.2))
    board.block(0, 0.1, 1, 0.14, mix(paint, BLACK, 0.25))


def cloth(board: Board, rng: np.random.Generator) -> None:
    color = pick(rng, (196, 206, 196), (216, 196, 186), (186, 196, 210), (226, 216, 190))
    board.sky(mix(color, BLACK, 0.12), color, 0.66)
    for _ in range(6):
        x = rng.uniform(-0.1, 1.1)
        board.area(
            [(x, 0), (x + 0.05, 0), (x + rng.normal(0.05, 0.1), 0.66), (x - 0.03, 0.66)],
            mix(color, pick(rng, BLACK, WHITE), 0.1),
        )
    board.block(0, 0.66, 1, 1, mix(color, WHITE, 0.3))


SETTINGS: Mapping[str, Mapping[str, Setting]] = {
    "train": named(kitchen_table, vegetable_bed, window_sill, market_stall, pasture),
    "test": named(terrace, potting_bench, picnic, shelf, cloth),
}
