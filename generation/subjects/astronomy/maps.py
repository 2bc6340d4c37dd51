"""Maps of celestial bodies: colors and relief by latitude (north above) and longitude."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from PIL import Image

from lethebench.generation.drawing.color import Color

SHAPE = (256, 512)
_LAT = np.radians(90 - (np.arange(SHAPE[0]) + 0.5) * 180 / SHAPE[0])[:, None]
# Longitude 0 is the first column; spin 0 shows it in the middle of the disc.
_LON = ((np.arange(SHAPE[1]) + 0.5) * 2 * np.pi / SHAPE[1])[None, :]


class Globe(NamedTuple):
    """A body's surface.

    Attributes:
        colors: (256, 512, 3) float32, 0..255.
        relief: (256, 512, 2) float32, slopes to the east and to the north.
        falloff: how light fades towards the rim: 1 for rough clouds, less for dust.
    """

    colors: np.ndarray
    relief: np.ndarray
    falloff: float


def _noise(rng: np.random.Generator, rows: int, columns: int) -> np.ndarray:
    """Return smooth noise in about -1..1 with `rows` bumps from pole to pole and `columns` around."""
    grid = rng.uniform(-1, 1, (rows, columns)).astype(np.float32)
    grid = np.pad(grid, ((1, 1), (2, 2)), mode="wrap")
    box = (2, 1, columns + 2, rows + 1)
    return np.asarray(Image.fromarray(grid).resize((SHAPE[1], SHAPE[0]), Image.Resampling.BICUBIC, box=box))


def _clouds(rng: np.random.Generator, rows: int, columns: int, octaves: int = 4) -> np.ndarray:
    """Return noise with finer noise on top."""
    octave_noise = (_noise(rng, rows * 2**k, columns * 2**k) * 0.55**k for k in range(octaves))
    return sum(octave_noise, start=np.zeros(SHAPE, np.float32))


def _away(lat: float, lon: float, wide: float = 1.0, rows: slice = slice(None)) -> np.ndarray:
    """Return degrees from a point; `wide` stretches distances along its parallel."""
    lat, lon = np.radians(lat), np.radians(lon)
    east = (_LON - lon + np.pi) % (2 * np.pi) - np.pi
    return np.degrees(np.hypot(_LAT[rows] - lat, east * np.cos((_LAT[rows] + lat) / 2) / wide))


def _spot(
    lat: float, lon: float, size: float, wide: float = 1.0, edge: float = 0.25, bumps: float | np.ndarray = 0.0
) -> np.ndarray:
    """Return 1 inside a round area of `size` degrees, 0 outside, soft at the edge, which `bumps` makes ragged."""
    share = _away(lat, lon, wide) / size + bumps
    return np.clip((1 - share) / edge + 0.5, 0, 1)


def _blend(colors: np.ndarray, color: Color, share: np.ndarray) -> np.ndarray:
    return colors + (np.asarray(color, np.float32) - colors) * share[..., None]


def _bands(stops: Sequence[tuple[float, Color]], bend: np.ndarray) -> np.ndarray:
    """Return colors by latitude: stops (degrees from south to north, color), the latitude moved by `bend` degrees."""
    latitudes, colors = [s[0] for s in stops], np.array([s[1] for s in stops], np.float32)
    lat = np.degrees(_LAT) + bend
    return np.stack([np.interp(lat, latitudes, colors[:, k]) for k in range(3)], axis=-1).astype(np.float32)


def _slopes(height: np.ndarray, scale: float) -> np.ndarray:
    """Return the relief of a height map."""
    north, east = np.gradient(height)
    return (np.stack((-east, north), axis=-1) * scale).astype(np.float32)


_FLAT = np.zeros((*SHAPE, 2), np.float32)


def _jupiter(rng: np.random.Generator) -> Globe:
    cream, tan, brown, white = (236, 222, 196), (206, 166, 122), (156, 98, 66), (248, 240, 226)
    stops = [(-90, (150, 132, 120)), (-62, (176, 156, 138)), (-52, tan), (-46, cream), (-40, (190, 150, 116)),
             (-34, white), (-27, cream), (-22, brown), (-12, (174, 116, 78)), (-7, white), (0, (240, 226, 198)),
             (5, white), (8, brown), (17, (166, 106, 70)), (21, cream), (27, white), (30, tan), (34, cream),
             (42, (188, 156, 128)), (48, cream), (60, (172, 152, 136)), (90, (140, 126, 118))]  # fmt: skip
    bend = 1.6 * _clouds(rng, 24, 10) + 0.9 * _clouds(rng, 48, 26, 3)
    # The bands flow around the great spot.
    near = np.exp(-((_away(-22, 0, 1.9) / 13) ** 2))
    bend = bend + 7 * near * np.sign(np.degrees(_LAT) + 22)
    colors = _bands(stops, bend)
    colors *= (1 + 0.05 * _clouds(rng, 64, 12, 3))[..., None]
    colors = _blend(colors, (240, 228, 206), _spot(-22, 0, 11.5, 1.9, 0.3))
    colors = _blend(colors, (186, 84, 56), _spot(-22, 0, 9.0, 1.9, 0.3))
    colors = _blend(colors, (214, 120, 84), _spot(-22, 0, 4.5, 2.0, 0.5))
    for lon in (40, 58, 76, 300, 322):
        colors = _blend(colors, white, _spot(-38, lon, 2.4, 1.3, 0.5))
    return Globe(colors, _FLAT, 0.8)


def _saturn(rng: np.random.Generator) -> Globe:
    stops = [(-90, (150, 132, 92)), (-60, (206, 180, 128)), (-40, (226, 200, 146)), (-28, (204, 174, 122)),
             (-16, (236, 212, 160)), (0, (246, 228, 182)), (14, (232, 206, 152)), (26, (204, 174, 124)),
             (40, (228, 204, 152)), (62, (196, 172, 124)), (78, (150, 140, 108)), (90, (116, 116, 100))]  # fmt: skip
    return Globe(_bands(stops, 0.8 * _clouds(rng, 20, 6)), _FLAT, 0.85)


def _neptune(rng: np.random.Generator) -> Globe:
    stops = [(-90, (34, 66, 160)), (-60, (52, 98, 206)), (-40, (40, 84, 196)), (-20, (70, 124, 226)),
             (0, (58, 110, 214)),
             (22, (82, 138, 232)), (45, (50, 98, 204)), (90, (34, 70, 168))]  # fmt: skip
    colors = _bands(stops, 2.5 * _clouds(rng, 10, 4))
    colors = _blend(colors, (20, 40, 118), _spot(-20, 350, 11, 1.8, 0.4))
    colors = _blend(colors, (24, 46, 124), _spot(-54, 40, 5, 1.7, 0.5))
    streaks = ((-32, 345, 2.2, 7), (-9, 5, 1.5, 6), (-27, 18, 1.4, 5), (28, 325, 1.8, 10), (33, 340, 1.2, 7),
               (24, 30, 1.5, 9), (-44, 320, 1.3, 7), (5, 315, 1.0, 7), (-54, 40, 1.6, 2), (40, 355, 1.3, 10),
               (14, 20, 1.1, 8), (12, 340, 0.9, 7),
               (-40, 15, 1.3, 9), (50, 15, 1.2, 8), (-62, 345, 1.4, 9))  # fmt: skip
    for lat, lon, size, wide in streaks:
        colors = _blend(colors, (244, 248, 255), 0.92 * _spot(lat, lon, size, wide, 0.7, 0.25 * _noise(rng, 64, 60)))
    return Globe(colors, _FLAT, 0.8)


def _craters(rng: np.random.Generator, count: int, least: float, most: float) -> np.ndarray:
    """Return bowls with raised rims, many small and few large."""
    height = np.zeros(SHAPE, np.float32)
    for size in least * (most / least) ** (rng.random(count) ** 2.2):
        lat, lon = np.degrees(np.arcsin(rng.uniform(-1, 1))), rng.uniform(0, 360)
        middle, reach = (90 - lat) / 180 * SHAPE[0], 2 * size / 180 * SHAPE[0]
        rows = slice(max(0, int(middle - reach)), int(middle + reach) + 2)
        share = _away(lat, lon, rows=rows) / size
        height[rows] += size * np.where(share < 1, 0.9 * share**2 - 0.55, 0.35 * np.exp(-6 * (share - 1))) * (share < 2)
    return height


def _mars(rng: np.random.Generator) -> Globe:
    ragged = 0.35 * _clouds(rng, 14, 22)
    colors = _bands([(-90, (190, 106, 66)), (0, (206, 116, 66)), (90, (214, 140, 92))], 10 * _clouds(rng, 8, 12))
    colors *= (1 + 0.09 * _clouds(rng, 16, 24, 5))[..., None]
    dark = (78, 46, 40)
    # The dark belt in the south, and two dark tongues that reach over the equator.
    for lat, lon, size, wide, share in (
        (-28, 350, 10, 4.4, 0.85), (-36, 50, 10, 3.2, 0.85), (-30, 290, 8, 3.0, 0.7), (8, 28, 11, 0.75, 0.97),
        (-6, 30, 10, 1.3, 0.85), (46, 325, 13, 1.4, 0.85), (30, 322, 6, 1.0, 0.6), (-4, 355, 4, 2.6, 0.9),
        (-14, 105, 9, 4, 0.7),
        (-24, 180, 9, 5, 0.7), (20, 215, 6, 2, 0.4),
    ):  # fmt: skip
        colors = _blend(colors, dark, share * _spot(lat, lon, size, wide, 0.5, ragged))
    canyon = sum(_spot(lat, lon, 1.7, 4, 0.6, ragged) for lat, lon in ((-8, 300), (-10, 310), (-12, 320), (-9, 292)))
    colors = _blend(colors, (88, 46, 38), 0.9 * np.clip(canyon, 0, 1))
    colors = _blend(colors, (236, 190, 140), 0.8 * _spot(-43, 70, 9, 1.2, 0.4, ragged))
    for lat, lon in ((18, 227), (10, 247), (0, 246), (-9, 238)):
        colors = _blend(colors, (232, 168, 120), 0.8 * _spot(lat, lon, 3.5, 1, 0.6))
    for lat, size in ((90, 20), (-90, 15)):
        colors = _blend(colors, (250, 246, 242), _spot(lat, 0, size, 1, 0.2, 0.2 * _clouds(rng, 30, 12)))
    height = _craters(rng, 90, 1.2, 5) + 1.2 * _clouds(rng, 20, 30)
    return Globe(colors, _slopes(height, 0.16), 0.7)


def _moon(rng: np.random.Generator) -> Globe:
    ragged = 0.3 * _clouds(rng, 16, 30)
    colors = np.full((*SHAPE, 3), (206, 202, 194), np.float32) * (1 + 0.07 * _clouds(rng, 24, 44))[..., None]
    seas = (
        (33, -16, 19, 1.1), (28, 17, 11, 1.1), (8, 31, 13, 1.2), (17, 59, 7, 1.2), (-8, 51, 11, 0.9), (-15, 35, 6, 1),
        (18, -57, 19, 1.1), (-2, -48, 14, 1.1), (-24, -39, 7, 1), (-21, -17, 11, 1.2), (57, 2, 4.5, 6), (13, 4, 5, 1.2),
        (8, -30, 9, 1.2), (-10, -23, 6, 1),
    )  # fmt: skip
    sea = np.zeros(SHAPE, np.float32)
    for lat, lon, size, wide in seas:
        sea = np.maximum(sea, _spot(lat, lon, size, wide, 0.25, ragged))
    colors = _blend(colors, (112, 112, 116), 0.88 * sea)
    for lat, lon, reach, count in ((-43, -11, 46, 15), (10, -20, 13, 13), (8, -38, 9, 11), (24, -47, 7, 9),
        (-9, 61, 9, 9)):  # fmt: skip
        away = _away(lat, lon)
        angle = np.arctan2(_LAT - np.radians(lat), (_LON - np.radians(lon) + np.pi) % (2 * np.pi) - np.pi)
        wave = np.cos(count * angle + 1.5 * np.sin(2 * angle) + lat) * 0.5 + 0.5
        rays = np.clip(1 - away / reach, 0, 1) * wave**5
        glow = np.clip(1.4 - away / (0.16 * reach), 0, 1)
        colors = _blend(colors, (246, 244, 238), np.clip(0.85 * rays + 0.8 * glow, 0, 0.95))
        colors = _blend(colors, (120, 118, 116), 0.8 * _spot(lat, lon, 0.05 * reach + 0.4, 1, 0.6))
    height = _craters(rng, 620, 0.9, 6) * (1 - 0.75 * sea) + 0.5 * _clouds(rng, 40, 70, 3) * (1 - sea)
    return Globe(colors, _slopes(height, 0.16), 0.45)


MAPS = {"Jupiter": _jupiter, "Mars": _mars, "Moon": _moon, "Neptune": _neptune, "Saturn": _saturn}
