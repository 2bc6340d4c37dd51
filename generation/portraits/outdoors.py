"""Places in the open air, each a function that paints a board."""

import numpy as np

from lethebench.generation.drawing.board import Board, pick, vary
from lethebench.generation.drawing.color import BLACK, WHITE, Color, mix


def _crown(board: Board, rng: np.random.Generator, x: float, y: float, radius: float, color: Color) -> None:
    """Draw the leaves of a tree or bush."""
    for shade, dx, dy in ((0.14, 0.06, 0.05), (0.0, 0.0, 0.0), (-0.10, -0.05, -0.05)):
        tone = mix(color, BLACK, shade) if shade > 0 else mix(color, WHITE, -shade)
        for _ in range(4):
            board.disc(x + rng.normal(dx, 0.45) * radius, y + rng.normal(dy, 0.35) * radius, radius * 0.62, tone)


def park(board: Board, rng: np.random.Generator) -> None:
    board.sky(pick(rng, (160, 206, 236), (186, 216, 232), (206, 220, 226)), (232, 242, 240), 0.6)
    grass = vary(rng, pick(rng, (132, 180, 96), (150, 184, 104), (118, 168, 98)))
    leaf = vary(rng, pick(rng, (92, 148, 84), (112, 158, 76), (80, 136, 92)))
    for x in np.arange(-0.05, 1.1, 0.14):
        _crown(board, rng, x, 0.52 + rng.normal(0, 0.03), 0.11, mix(leaf, (200, 220, 220), 0.35))
    board.area([(0, 0.62), (0.5, 0.58), (1, 0.62), (1, 1), (0, 1)], grass)
    bend = rng.uniform(-0.3, 0.3)
    board.area([(0.5 + bend, 0.62), (0.54 + bend, 0.62), (0.8 - bend, 1), (0.3 - bend, 1)], (222, 208, 178))
    for x in (rng.uniform(0.02, 0.16), rng.uniform(0.84, 0.98)):
        board.block(x - 0.022, 0.4, x + 0.022, 0.76, (124, 92, 68))
        _crown(board, rng, x, 0.26, 0.2, leaf)


def street(board: Board, rng: np.random.Generator) -> None:
    board.sky((188, 214, 234), (238, 238, 232), 0.7)
    x = -0.06
    while x < 1.0:
        width, top = rng.uniform(0.16, 0.26), rng.uniform(0.06, 0.3)
        color = vary(
            rng, pick(rng, (206, 156, 124), (224, 200, 160), (170, 182, 190), (198, 130, 112), (232, 220, 204)), 6
        )
        board.block(x, top, x + width, 0.86, color)
        board.block(x, top, x + width, top + 0.02, mix(color, BLACK, 0.2))
        for row in np.arange(top + 0.07, 0.66, 0.12):
            for col in (0.2, 0.6):
                left = x + width * col
                board.block(
                    left,
                    row,
                    left + 0.22 * width,
                    row + 0.07,
                    pick(rng, (116, 138, 154), (98, 116, 132), (250, 232, 178)),
                )
        board.block(x + 0.1 * width, 0.72, x + 0.9 * width, 0.86, mix(color, (60, 70, 80), 0.6))
        board.block(
            x + 0.05 * width,
            0.69,
            x + 0.95 * width,
            0.73,
            pick(rng, (186, 70, 64), (70, 120, 110), (80, 96, 140), (226, 178, 84)),
        )
        x += width
    board.block(0, 0.86, 1, 1, (176, 174, 172))


def beach(board: Board, rng: np.random.Generator) -> None:
    board.sky(*pick(rng, ((126, 192, 232), (216, 238, 244)), ((158, 200, 226), (250, 230, 208)), ((178, 206, 220),
        (236, 240, 238))), 0.5)  # fmt: skip
    sea = pick(rng, (64, 148, 178), (84, 168, 176), (72, 130, 168))
    board.block(0, 0.46, 1, 0.70, sea)
    for _ in range(9):
        y, x = rng.uniform(0.48, 0.66), rng.uniform(-0.1, 0.9)
        board.line([(x, y), (x + rng.uniform(0.1, 0.25), y)], 0.007, mix(sea, WHITE, 0.3))
    board.area([(0, 0.68), (0.3, 0.665), (0.6, 0.69), (1, 0.67), (1, 1), (0, 1)], (250, 250, 244))
    board.area([(0, 0.70), (0.3, 0.685), (0.6, 0.71), (1, 0.69), (1, 1), (0, 1)], (236, 212, 168))
    x = pick(rng, rng.uniform(0.08, 0.2), rng.uniform(0.8, 0.92))
    color = pick(rng, (222, 90, 78), (240, 178, 70), (70, 130, 170))
    board.line([(x, 0.42), (x + 0.01, 0.86)], 0.012, (240, 232, 220))
    board.area([(x - 0.2, 0.46), (x - 0.12, 0.36), (x, 0.32), (x + 0.12, 0.36), (x + 0.2, 0.46)], color)
    board.area([(x - 0.07, 0.46), (x - 0.04, 0.36), (x, 0.32), (x + 0.04, 0.36), (x + 0.07, 0.46)], (250, 244, 234))
    board.disc(pick(rng, 0.2, 0.75), 0.13, 0.07, (255, 246, 214))


def wall(board: Board, rng: np.random.Generator) -> None:
    brick = pick(rng, (182, 100, 78), (214, 204, 194), (158, 120, 96), (120, 112, 110))
    joint = mix(brick, WHITE if sum(brick) < 500 else BLACK, 0.22)
    board.sky(joint, mix(joint, BLACK, 0.08))
    for k, y in enumerate(np.arange(0.0, 1, 0.062)):
        for x in np.arange(-0.075 * (k % 2), 1, 0.15):
            board.block(x, y, x + 0.138, y + 0.050, vary(rng, brick, 9))


def station(board: Board, rng: np.random.Generator) -> None:
    board.sky((216, 222, 226), (196, 202, 208))
    for x in np.arange(-0.1, 1.1, 0.2):
        board.line([(x, 0), (0.5 + (x - 0.5) * 0.4, 0.32)], 0.012, (132, 142, 152))
    board.line([(0, 0.32), (1, 0.32)], 0.014, (132, 142, 152))
    train = pick(rng, (62, 104, 150), (190, 72, 60), (72, 134, 106), (226, 170, 62))
    board.block(0, 0.40, 1, 0.78, (238, 238, 236))
    board.block(0, 0.64, 1, 0.72, train)
    shift = rng.uniform(0, 0.2)
    for x in np.arange(-0.2, 1, 0.24):
        board.block(x + shift, 0.46, x + shift + 0.18, 0.60, (92, 112, 128))
    board.block(0, 0.78, 1, 0.84, (92, 92, 96))
    board.block(0, 0.84, 1, 1, (190, 186, 180))
    board.block(0, 0.86, 1, 0.88, (244, 204, 80))


def greenhouse(board: Board, rng: np.random.Generator) -> None:
    board.sky((222, 238, 238), (206, 228, 212))
    for x in np.linspace(0, 1, 7):
        board.line([(x, 0), (x, 1)], 0.01, (250, 252, 250))
    for y in (0.18, 0.4):
        board.line([(0, y), (1, y)], 0.01, (250, 252, 250))
    for _ in range(34):
        x, y = rng.uniform(0, 1), rng.uniform(0.5, 1.0)
        green = vary(rng, pick(rng, (72, 138, 90), (104, 160, 84), (60, 118, 96)), 12)
        for angle in rng.uniform(-1.1, 1.1, 3):
            tip = (x + 0.2 * np.sin(angle), y - 0.2 * np.cos(angle))
            wide = (0.03 * np.cos(angle), 0.03 * np.sin(angle))
            middle = ((x + tip[0]) / 2, (y + tip[1]) / 2)
            board.area(
                [(x, y), (middle[0] - wide[0], middle[1] - wide[1]), tip, (middle[0] + wide[0], middle[1] + wide[1])],
                green,
            )
    for _ in range(9):
        board.disc(
            rng.uniform(0, 1),
            rng.uniform(0.55, 0.95),
            0.018,
            pick(rng, (236, 110, 120), (250, 206, 96), (240, 236, 240)),
        )


def mountains(board: Board, rng: np.random.Generator) -> None:
    top, low = pick(
        rng, ((130, 180, 224), (230, 240, 244)), ((212, 156, 140), (252, 226, 190)), ((168, 190, 210), (236, 238, 240))
    )
    board.sky(top, low, 0.7)
    for depth, base in ((0.6, 0.50), (0.35, 0.62), (0.1, 0.76)):
        color = mix(vary(rng, (78, 104, 128), 6), low, depth)
        x = np.linspace(-0.05, 1.05, 8)
        y = base - rng.uniform(0.02, 0.26 * (0.4 + depth), 8)
        board.area([(0, 1), *zip(x, y, strict=True), (1, 1)], color)
    board.area([(0, 0.84), (0.4, 0.79), (1, 0.86), (1, 1), (0, 1)], (122, 154, 106))


def harbor(board: Board, rng: np.random.Generator) -> None:
    board.sky(*pick(rng, ((150, 196, 226), (232, 238, 236)), ((238, 176, 140), (252, 232, 202)), ((170, 184, 196),
        (222, 226, 228))), 0.6)  # fmt: skip
    water = pick(rng, (86, 134, 160), (70, 116, 136), (112, 150, 160))
    board.block(0, 0.58, 1, 0.86, water)
    for x in (rng.uniform(0.02, 0.14), rng.uniform(0.24, 0.36), rng.uniform(0.66, 0.76), rng.uniform(0.84, 0.98)):
        mast = rng.uniform(0.1, 0.3)
        board.line([(x, mast), (x, 0.62)], 0.008, (242, 238, 230))
        board.area([(x + 0.012, mast + 0.03), (x + 0.012, 0.56), (x + 0.11, 0.56)], (250, 246, 238))
        board.area(
            [(x - 0.1, 0.60), (x + 0.12, 0.60), (x + 0.08, 0.67), (x - 0.06, 0.67)],
            pick(rng, (186, 66, 60), (244, 240, 232), (44, 72, 108)),
        )
    board.block(0, 0.86, 1, 1, (158, 132, 106))
    for x in np.arange(0, 1, 0.08):
        board.line([(x, 0.86), (x - 0.02, 1)], 0.005, (132, 108, 86))
