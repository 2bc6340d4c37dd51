"""Places inside a building, each a function that paints a board."""

import numpy as np

from lethebench.generation.drawing.board import Board, pick, vary
from lethebench.generation.drawing.color import BLACK, WHITE, mix


def office(board: Board, rng: np.random.Generator) -> None:
    wall = pick(rng, (222, 226, 228), (228, 222, 212), (210, 220, 224))
    board.sky(wall, mix(wall, BLACK, 0.08))
    x = rng.uniform(0.02, 0.2)
    for k in range(2):
        left = x + 0.5 * k
        board.block(left, 0.06, left + 0.38, 0.56, (250, 250, 250))
        board.block(left + 0.015, 0.075, left + 0.365, 0.545, (196, 220, 238))
        for j in range(7):
            board.block(left + 0.015, 0.09 + 0.066 * j, left + 0.365, 0.105 + 0.066 * j, (232, 238, 242))
    desk = pick(rng, (176, 138, 98), (120, 92, 70), (206, 190, 168))
    board.block(0, 0.80, 1, 1, desk)
    side = pick(rng, 0.04, 0.76)
    board.block(side, 0.60, side + 0.2, 0.76, (52, 58, 68))
    board.block(side + 0.085, 0.76, side + 0.115, 0.81, (84, 90, 100))
    plant = 0.9 - side
    board.block(plant - 0.04, 0.70, plant + 0.04, 0.80, (214, 132, 96))
    for _ in range(7):
        board.area([(plant, 0.70), (plant + rng.normal(0, 0.08), 0.55), (plant + 0.02, 0.70)], vary(rng, (84, 140, 92)))


def library(board: Board, rng: np.random.Generator) -> None:
    wood = pick(rng, (134, 94, 64), (104, 74, 54), (164, 124, 86))
    board.sky(mix(wood, BLACK, 0.45), mix(wood, BLACK, 0.35))
    for row in range(5):
        bottom = 0.19 + 0.215 * row
        x = 0.012
        while x < 0.99:
            width, high = rng.uniform(0.018, 0.045), rng.uniform(0.11, 0.165)
            if rng.random() < 0.93:
                board.block(x, bottom - high, x + width - 0.005, bottom, vary(rng, pick(rng, (158, 70, 62),
                    (66, 96, 128), (206, 178, 122), (86, 118, 92), (220, 208, 186), (104, 74, 106), (198, 128, 70)),
                    14))  # fmt: skip
            x += width
        board.block(0, bottom, 1, bottom + 0.028, wood)
    for x in (rng.uniform(0.2, 0.35), rng.uniform(0.7, 0.85)):
        board.block(x, 0, x + 0.028, 1, mix(wood, WHITE, 0.08))


def kitchen(board: Board, rng: np.random.Generator) -> None:
    wall = pick(rng, (240, 236, 226), (224, 234, 232), (242, 230, 214))
    front = pick(rng, (126, 158, 150), (198, 178, 150), (236, 236, 232), (110, 132, 158))
    board.sky(wall, wall)
    for y in np.arange(0.36, 0.7, 0.06):
        board.line([(0, y), (1, y)], 0.006, mix(wall, BLACK, 0.07))
    for k, y in enumerate(np.arange(0.36, 0.7, 0.06)):
        for x in np.arange(0.05 * (k % 2), 1, 0.1):
            board.line([(x, y), (x, y + 0.06)], 0.006, mix(wall, BLACK, 0.07))
    for x in (0.0, 0.25, 0.5, 0.75):
        board.block(x + 0.006, 0, x + 0.244, 0.30, front)
        board.disc(x + 0.215, 0.25, 0.01, (210, 180, 110))
    board.block(0, 0.70, 1, 0.745, pick(rng, (92, 84, 80), (226, 222, 214), (176, 134, 96)))
    board.block(0, 0.745, 1, 1, mix(front, BLACK, 0.08))
    side = pick(rng, 0.1, 0.82)
    board.block(side - 0.07, 0.58, side + 0.07, 0.70, (206, 84, 70))
    board.block(side - 0.085, 0.565, side + 0.085, 0.585, (120, 50, 44))
    for k in range(3):
        x = 0.88 - side + 0.06 * k
        board.block(x, 0.60, x + 0.045, 0.70, pick(rng, (226, 190, 120), (160, 180, 150), (230, 220, 206)))


def studio(board: Board, rng: np.random.Generator) -> None:
    color = pick(
        rng, (206, 216, 224), (226, 206, 196), (200, 214, 200), (214, 206, 226), (230, 218, 190), (186, 198, 206)
    )
    board.sky(mix(color, WHITE, 0.25), mix(color, BLACK, 0.12))
    board.disc(0.5 + rng.uniform(-0.15, 0.15), 0.42, 0.46, mix(color, WHITE, 0.35))


def cafe(board: Board, rng: np.random.Generator) -> None:
    wall = pick(rng, (120, 86, 70), (92, 104, 98), (150, 112, 84))
    board.sky(mix(wall, BLACK, 0.15), wall)
    board.block(0.08, 0.14, 0.5, 0.44, (48, 54, 52))
    for k in range(5):
        board.block(0.12, 0.18 + 0.05 * k, 0.12 + rng.uniform(0.15, 0.33), 0.19 + 0.05 * k, (212, 210, 200))
    for y in (0.24, 0.42):
        board.block(0.58, y, 0.97, y + 0.018, (196, 152, 104))
        for k in range(7):
            x = 0.60 + 0.052 * k
            board.block(
                x,
                y - rng.uniform(0.05, 0.1),
                x + 0.034,
                y,
                pick(rng, (232, 226, 214), (196, 120, 86), (110, 140, 130), (220, 186, 120)),
            )
    board.block(0, 0.74, 1, 1, (164, 118, 78))
    board.block(0, 0.72, 1, 0.75, (210, 172, 128))
    for x in (rng.uniform(0.1, 0.25), rng.uniform(0.45, 0.55), rng.uniform(0.75, 0.9)):
        board.line([(x, 0), (x, 0.1)], 0.008, (40, 34, 32))
        board.disc(x, 0.13, 0.05, (255, 226, 160))


def stage(board: Board, rng: np.random.Generator) -> None:
    curtain = pick(rng, (142, 44, 52), (70, 58, 110), (40, 92, 96), (120, 40, 84))
    board.sky(mix(curtain, BLACK, 0.35), mix(curtain, BLACK, 0.15))
    for x in np.arange(0, 1, 0.075):
        board.block(x, 0, x + 0.03, 0.86, mix(curtain, BLACK, rng.uniform(0.15, 0.3)))
        board.block(x + 0.03, 0, x + 0.045, 0.86, mix(curtain, WHITE, 0.12))
    x = pick(rng, 0.2, 0.8, 0.5)
    board.area([(x - 0.04, 0), (x + 0.04, 0), (x + 0.3, 0.88), (x - 0.3, 0.88)], mix(curtain, (255, 240, 200), 0.28))
    board.block(0, 0.86, 1, 1, (150, 106, 72))
    for y in (0.9, 0.95):
        board.line([(0, y), (1, y)], 0.005, (120, 82, 56))


def museum(board: Board, rng: np.random.Generator) -> None:
    paint = pick(rng, (236, 234, 230), (96, 116, 122), (150, 74, 70), (206, 200, 186))
    board.sky(paint, mix(paint, BLACK, 0.06))
    for left, wide in ((rng.uniform(-0.05, 0.04), 0.32), (rng.uniform(0.64, 0.72), 0.30)):
        top = rng.uniform(0.1, 0.2)
        high = rng.uniform(0.34, 0.44)
        board.block(left, top, left + wide, top + high, (176, 138, 76))
        board.block(left + 0.02, top + 0.02, left + wide - 0.02, top + high - 0.02, (240, 234, 220))
        inside = (left + 0.045, top + 0.045, left + wide - 0.045, top + high - 0.045)
        board.block(*inside, vary(rng, (170, 190, 196), 30))
        for _ in range(4):
            x, y = rng.uniform(inside[0], inside[2] - 0.06), rng.uniform(inside[1], inside[3] - 0.08)
            board.block(
                x, y, x + 0.06, y + 0.08, vary(rng, pick(rng, (208, 110, 84), (70, 96, 130), (232, 196, 110)), 16)
            )
    board.block(0, 0.84, 1, 0.86, mix(paint, WHITE, 0.5))
    board.block(0, 0.86, 1, 1, (172, 136, 100))


def lounge(board: Board, rng: np.random.Generator) -> None:
    paint = pick(rng, (230, 216, 200), (192, 206, 204), (222, 196, 184), (206, 202, 216))
    board.sky(paint, mix(paint, BLACK, 0.06))
    sofa = pick(rng, (96, 116, 106), (178, 104, 82), (84, 92, 124), (206, 172, 110))
    board.block(-0.02, 0.66, 1.02, 0.95, sofa)
    board.line([(0.5, 0.67), (0.5, 0.95)], 0.008, mix(sofa, BLACK, 0.2))
    for x in (0.08, 0.78):
        board.area(
            [(x, 0.66), (x + 0.13, 0.63), (x + 0.16, 0.78), (x + 0.02, 0.8)],
            pick(rng, (240, 220, 180), (214, 120, 100), (120, 150, 160)),
        )
    board.block(0.05, 0.95, 0.95, 1, mix(sofa, BLACK, 0.3))
    lamp = pick(rng, 0.1, 0.9)
    board.line([(lamp, 0.3), (lamp, 0.95)], 0.012, (70, 60, 54))
    board.area([(lamp - 0.06, 0.14), (lamp + 0.06, 0.14), (lamp + 0.1, 0.32), (lamp - 0.1, 0.32)], (252, 232, 186))
    frame = 0.78 - 0.7 * (lamp - 0.1)
    board.block(frame - 0.1, 0.14, frame + 0.1, 0.42, (70, 60, 54))
    board.block(frame - 0.085, 0.16, frame + 0.085, 0.40, (244, 240, 230))
    board.disc(frame, 0.27, 0.05, pick(rng, (222, 120, 90), (100, 150, 150), (230, 184, 90)))
