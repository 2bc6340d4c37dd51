"""Walls that suit anything that hangs on one."""

import numpy as np

from lethebench.generation.drawing.board import Board, pick, vary
from lethebench.generation.drawing.color import BLACK, WHITE, mix


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
