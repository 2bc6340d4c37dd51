"""Papers and screens around a portrait: badges, cards, newspapers, phones. Bars stand for lines of text.

Each is drawn on a board whose sides run from 0 to 1 and returns the portrait's box: left, top, right, bottom.
"""

from collections.abc import Callable

import numpy as np
from PIL import Image, ImageChops, ImageFilter

from lethebench.generation.drawing.board import Board, pick
from lethebench.generation.drawing.color import BLACK, WHITE, Color, mix

Box = tuple[float, float, float, float]
_SMOOTH = Image.Resampling.BICUBIC

PAPER, INK = (246, 245, 240), (70, 74, 82)
ACCENTS: tuple[Color, ...] = (
    (38, 84, 140), (150, 46, 52), (40, 112, 92), (92, 62, 128), (196, 120, 40), (54, 62, 74),
)  # fmt: skip
TABLES: tuple[Color, ...] = ((150, 112, 76), (196, 176, 150), (92, 98, 104), (206, 208, 206), (70, 84, 78),
    (120, 92, 84))  # fmt: skip


def _lines(board: Board, rng: np.random.Generator, box: Box, step: float, color: Color) -> None:
    """Draw lines of text, each a row of bars as long as words."""
    left, top, right, bottom = box
    for y in np.arange(top, bottom - 0.5 * step, step):
        x, end = left, right - (right - left) * (rng.uniform(0.2, 0.6) if y + step > bottom - 0.5 * step else 0)
        while x < end - 0.01:
            wide = min(float(rng.uniform(0.018, 0.055)), end - x)
            board.block(x, y, x + wide, y + 0.42 * step, color)
            x += wide + 0.010


def _table(board: Board, rng: np.random.Generator) -> None:
    color = pick(rng, *TABLES)
    board.sky(mix(color, WHITE, 0.10), mix(color, BLACK, 0.10))
    for y in rng.uniform(0, 1, 9):
        board.line([(0, y), (1, y + rng.uniform(-0.02, 0.02))], 0.003, mix(color, BLACK, 0.14))


def badge(board: Board, rng: np.random.Generator) -> Box:
    """Draw a staff badge on a ribbon, lying on a table."""
    _table(board, rng)
    accent = pick(rng, *ACCENTS)
    for x in (0.30, 0.62):
        board.area([(x, 0), (x + 0.09, 0), (0.53, 0.15), (0.47, 0.15)], mix(accent, BLACK, 0.15))
    board.block(0.185, 0.115, 0.835, 1.0, mix(BLACK, WHITE, 0.25))
    board.block(0.175, 0.10, 0.825, 0.985, WHITE)
    board.block(0.175, 0.10, 0.825, 0.235, accent)
    board.block(0.44, 0.12, 0.56, 0.14, mix(accent, BLACK, 0.5))
    board.block(0.36, 0.17, 0.64, 0.20, mix(accent, WHITE, 0.75))
    _lines(board, rng, (0.30, 0.86, 0.70, 0.96), 0.045, INK)
    return 0.215, 0.255, 0.785, 0.835


def id_card(board: Board, rng: np.random.Generator) -> Box:
    """Draw a card with the photo on its left, lying on a table."""
    _table(board, rng)
    accent = pick(rng, *ACCENTS)
    board.block(0.035, 0.185, 0.985, 0.845, mix(BLACK, WHITE, 0.3))
    board.block(0.02, 0.17, 0.97, 0.83, mix(accent, WHITE, 0.86))
    for k in range(9):
        board.line([(0.02, 0.25 + 0.066 * k), (0.97, 0.2 + 0.066 * k)], 0.003, mix(accent, WHITE, 0.72))
    board.block(0.02, 0.17, 0.97, 0.245, accent)
    board.disc(0.91, 0.2075, 0.024, mix(accent, WHITE, 0.7))
    for k, y in enumerate(np.arange(0.30, 0.72, 0.105)):
        board.block(0.60, y, 0.60 + rng.uniform(0.06, 0.12), y + 0.014, mix(accent, WHITE, 0.3))
        board.block(0.60, y + 0.03, 0.60 + rng.uniform(0.18, 0.33) * (0.6 if k == 3 else 1), y + 0.058, INK)
    board.block(0.60, 0.745, 0.74, 0.80, (214, 178, 92))
    return 0.045, 0.27, 0.575, 0.80


def newspaper(board: Board, rng: np.random.Generator) -> Box:
    """Draw a clipping: a headline and a gray photo between columns."""
    _table(board, rng)
    paper = pick(rng, (236, 232, 220), (226, 224, 218), (240, 234, 214))
    top, edge = 0.02, [(0.03 + 0.018 * (k % 2), 0.02 + 0.12 * k) for k in range(9)]
    board.area([*edge, *((0.985 - 0.016 * (k % 2), 0.98 - 0.12 * k) for k in range(9))], paper)
    for y, wide in ((top + 0.03, 0.86), (top + 0.095, 0.62)):
        x = 0.07
        while x < wide:
            length = float(rng.uniform(0.08, 0.2))
            board.block(x, y, min(x + length, wide), y + 0.042, (52, 52, 54))
            x += length + 0.025
    board.line([(0.07, 0.19), (0.94, 0.19)], 0.004, (120, 120, 118))
    ink = (112, 112, 112)
    left = bool(rng.integers(2))
    x = 0.75 if left else 0.07
    _lines(board, rng, (x, 0.22, x + 0.19, 0.96), 0.030, ink)
    start = 0.07 if left else 0.29
    _lines(board, rng, (start, 0.90, start + 0.64, 0.97), 0.030, ink)
    return start, 0.22, start + 0.65, 0.87


def phone(board: Board, rng: np.random.Generator) -> Box:
    """Draw a phone with a photo, held over a table."""
    _table(board, rng)
    body, skin = pick(rng, (24, 26, 30), (206, 208, 212), (60, 76, 104)), pick(rng, *TABLES)
    board.area([(0.12, 0.62), (0.24, 0.52), (0.24, 0.98), (0.05, 1.0)], mix(skin, WHITE, 0.25))
    board.block(0.175, 0.015, 0.825, 0.985, body)
    board.block(0.195, 0.045, 0.805, 0.955, (12, 12, 14))
    board.block(0.42, 0.055, 0.58, 0.072, body)
    for k in range(4):
        board.disc(0.275 + 0.15 * k, 0.915, 0.020, (92, 94, 100))
    board.block(0.23, 0.115, 0.42, 0.132, (96, 98, 104))
    return 0.195, 0.155, 0.805, 0.865


def laptop(board: Board, rng: np.random.Generator) -> Box:
    """Draw a laptop with a picture open on its screen."""
    wall = pick(rng, (214, 212, 206), (176, 186, 190), (200, 186, 172))
    board.sky(wall, mix(wall, BLACK, 0.1))
    board.block(0, 0.87, 1, 1, pick(rng, *TABLES))
    board.block(0.03, 0.03, 0.97, 0.88, (40, 42, 46))
    desk = pick(rng, *ACCENTS)
    board.block(0.055, 0.055, 0.945, 0.845, mix(desk, WHITE, 0.35))
    board.block(0.155, 0.085, 0.845, 0.825, (238, 238, 240))
    board.block(0.155, 0.085, 0.845, 0.125, (206, 208, 212))
    for k, color in enumerate(((228, 96, 88), (238, 190, 76), (98, 190, 96))):
        board.disc(0.18 + 0.03 * k, 0.105, 0.009, color)
    board.area([(0, 0.88), (1, 0.88), (1, 0.955), (0, 0.955)], (184, 186, 190))
    board.block(0.40, 0.88, 0.60, 0.90, (150, 152, 156))
    return 0.17, 0.135, 0.83, 0.815


def brochure(board: Board, rng: np.random.Generator) -> Box:
    """Draw a printed page with a photo above two columns."""
    _table(board, rng)
    accent = pick(rng, *ACCENTS)
    board.block(0.10, 0.03, 0.94, 1.0, mix(BLACK, WHITE, 0.35))
    board.block(0.085, 0.0, 0.925, 0.985, PAPER)
    board.block(0.085, 0.0, 0.125, 0.985, accent)
    board.block(0.17, 0.035, 0.17 + rng.uniform(0.3, 0.5), 0.075, mix(accent, BLACK, 0.2))
    for x in (0.17, 0.545):
        _lines(board, rng, (x, 0.80, x + 0.33, 0.97), 0.034, (128, 128, 130))
    return 0.195, 0.115, 0.855, 0.765


def poster(board: Board, rng: np.random.Generator) -> Box:
    """Draw a poster on a wall, tacked at its corners."""
    wall = pick(rng, (196, 188, 176), (170, 180, 186), (206, 196, 196), (150, 144, 136))
    board.sky(wall, mix(wall, BLACK, 0.06))
    accent = pick(rng, *ACCENTS)
    board.block(0.12, 0.03, 0.90, 0.98, mix(wall, BLACK, 0.3))
    board.block(0.11, 0.02, 0.89, 0.97, mix(accent, WHITE, 0.12))
    board.block(0.155, 0.065, 0.845, 0.115, mix(accent, WHITE, 0.85))
    for k in range(3):
        wide = rng.uniform(0.16, 0.3)
        board.block(0.5 - wide, 0.845 + 0.038 * k, 0.5 + wide, 0.862 + 0.038 * k, mix(accent, WHITE, 0.75))
    for x in (0.125, 0.875):
        for y in (0.038, 0.952):
            board.disc(x, y, 0.010, (226, 208, 120))
    return 0.155, 0.145, 0.845, 0.82


def tablet(board: Board, rng: np.random.Generator) -> Box:
    """Draw a tablet on a table with a picture on its screen."""
    _table(board, rng)
    body = pick(rng, (232, 232, 234), (36, 38, 42))
    board.block(0.035, 0.085, 0.985, 0.935, mix(BLACK, WHITE, 0.25))
    board.block(0.02, 0.07, 0.97, 0.92, body)
    board.block(0.085, 0.105, 0.905, 0.885, (20, 22, 26))
    board.disc(0.052, 0.495, 0.012, mix(body, BLACK, 0.3))
    for k in range(5):
        board.block(0.80, 0.15 + 0.14 * k, 0.88, 0.25 + 0.14 * k, mix(pick(rng, *ACCENTS), WHITE, 0.3))
    return 0.10, 0.125, 0.785, 0.865


def video_call(board: Board, rng: np.random.Generator) -> Box:
    """Draw the window of a call: one large picture, a row of buttons, small empty tiles."""
    window = pick(rng, (32, 34, 40), (58, 62, 72), (226, 228, 232), (28, 40, 58))
    tile = mix(window, (128, 132, 142), 0.35)
    board.sky(mix(window, WHITE, 0.06), window)
    for k in range(int(rng.integers(2, 5))):
        top, tone = 0.06 + 0.2 * k, mix(pick(rng, *ACCENTS), (150, 154, 162), 0.5)
        board.block(0.85, top, 0.985, top + 0.165, tile)
        board.disc(0.9175, top + 0.065, 0.026, tone)
        board.area([(0.875, top + 0.165), (0.9175, top + 0.09), (0.96, top + 0.165)], tone)
    button = mix(window, (128, 132, 142), 0.6)
    for k, color in enumerate((button, button, (212, 70, 66), button, button)):
        board.disc(0.28 + 0.075 * k, 0.93, 0.026, color)
    board.block(0.05, 0.88, 0.11 + rng.uniform(0.03, 0.14), 0.90, button)
    return 0.03, 0.06, 0.83, 0.86


FRAMES: dict[str, Callable[[Board, np.random.Generator], Box]] = {
    "badge": badge, "id-card": id_card, "newspaper": newspaper, "phone": phone, "laptop": laptop,
    "brochure": brochure, "poster": poster, "tablet": tablet, "video-call": video_call,
}  # fmt: skip
"""Name -> function that draws the paper or screen and returns the portrait's box."""
GRAY = frozenset(("newspaper",))
SCREENS = frozenset(("phone", "laptop", "tablet", "video-call"))


def photo_print(photo: Image.Image, rng: np.random.Generator) -> Image.Image:
    """Return an ID photo as it is on a document: a toned, copied or halftoned print with grain, no flat colors.

    Args:
        photo: RGB, drawn in flat colors.
        rng: draws the kind of print, its light and grain.

    Returns:
        An RGB image of the same size.
    """
    width, height = photo.size
    soft = photo.filter(ImageFilter.GaussianBlur(0.8))
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    angle = rng.uniform(0, 2 * np.pi)
    light = 1 + rng.uniform(0.10, 0.22) * (np.cos(angle) * x + np.sin(angle) * y) - 0.10 * (x**2 + y**2)
    gray = np.asarray(soft.convert("L"), np.float32) * light
    coarse = Image.fromarray(rng.normal(0, 1, (height // 5 + 2, width // 5 + 2)).astype(np.float32))
    grain = 3.5 * rng.normal(0, 1, (height, width)) + 10.0 * np.asarray(coarse.resize((width, height), _SMOOTH))
    kind = pick(rng, "copied", "halftoned", "toned", "faded")
    if kind == "copied":
        gray = 128 + (gray - 118) * rng.uniform(1.15, 1.35) + 1.4 * grain
        return _toned(gray, (20, 20, 24), (244, 243, 240))
    if kind == "halftoned":
        turn, step = rng.uniform(0.5, 1.1), rng.uniform(2.6, 3.2)
        across, down = (np.arange(n) * 2 * np.pi / step for n in (width, height))
        u = np.cos(turn) * across + np.sin(turn) * down[:, None]
        v = np.cos(turn) * down[:, None] - np.sin(turn) * across
        gray = 128 + 1.15 * (gray - 120) + 30 * np.cos(u) * np.cos(v) + grain
        return _toned(gray, (34, 32, 36), (240, 238, 230))
    if kind == "toned":
        dark, bright = pick(rng, ((46, 34, 28), (242, 230, 208)), ((26, 32, 44), (232, 236, 238)))
        return _toned(126 + 1.1 * (gray - 120) + grain, dark, bright)
    color = np.asarray(soft, np.float32) * light[..., None]
    mixed = gray[..., None] + rng.uniform(0.25, 0.5) * (color - gray[..., None])
    faded = 30 + 0.82 * mixed + grain[..., None] + rng.uniform(-6, 6, 3)
    return Image.fromarray(faded.clip(0, 255).astype(np.uint8))


def _toned(gray: np.ndarray, dark: Color, bright: Color) -> Image.Image:
    """Return gray levels as an RGB picture between two colors."""
    share = (gray.clip(0, 255) / 255)[..., None]
    return Image.fromarray((np.array(dark) + share * (np.array(bright) - np.array(dark))).astype(np.uint8))


def printed(photo: Image.Image, kind: str) -> Image.Image:
    """Return a photo as this paper or screen shows it: gray dots in newspapers, a bluish shine on screens."""
    if kind in GRAY:
        y, x = np.mgrid[: photo.height, : photo.width]
        dots = 18 * np.sin((x + y) * 1.35) * np.sin((x - y) * 1.35)
        gray = 40 + 0.76 * np.asarray(photo.convert("L"), np.float32) + dots
        return Image.fromarray(gray.clip(0, 255).astype(np.uint8)).convert("RGB")
    if kind in SCREENS:
        y, x = np.mgrid[: photo.height, : photo.width]
        shine = np.clip(1 - np.abs(x / photo.width + y / photo.height - 0.55) / 0.3, 0, 1) * 16
        glow = Image.fromarray(shine.astype(np.uint8))
        return ImageChops.add(photo, Image.merge("RGB", (glow, glow, glow.point(lambda level: level * 1.3))))
    return photo
