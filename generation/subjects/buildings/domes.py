"""Eastern landmarks: a domed tomb between minarets, a palace hall on terraces, and a wall over mountain ridges."""

from functools import partial

import numpy as np

from lethebench.generation.drawing.board import pick
from lethebench.generation.drawing.color import mix
from lethebench.generation.drawing.curves import smooth
from lethebench.generation.drawing.pen import Pen
from lethebench.generation.subjects.buildings.model import Look, Model
from lethebench.generation.subjects.buildings.walls import QUARTER_TURNS, lit, pointed

IVORY, INLAY = (224, 216, 206), (148, 126, 116)
GLAZE, GLAZE_DARK, LACQUER, BEAM, TERRACE = ((224, 164, 56), (168, 104, 36), (172, 52, 40), (44, 96, 110),
    (232, 226, 214))  # fmt: skip
BRICK, BRICK_DARK, PAVING = (176, 156, 128), (112, 96, 80), (206, 190, 162)
_ONION = ((0.86, 0), (0.86, 0.14), (0.96, 0.34), (1.0, 0.58), (0.95, 0.86), (0.80, 1.12), (0.55, 1.34), (0.28, 1.5),
          (0.10, 1.62), (0.03, 1.75))  # fmt: skip


def _onion(model: Model, x: float, z: float, radius: float, y: float, strips: int) -> None:
    """Draw a dome that swells over its drum, with its finial."""
    model.lathe(x, z, np.array(_ONION) * radius + (0, y), IVORY, strips=strips)
    model.line(((x, y + 1.7 * radius, z), (x, y + 2.2 * radius, z)), 0.07 * radius + 0.012, (206, 164, 78))


def taj_mahal(model: Model, look: Look) -> None:
    glass = look.glass((104, 92, 92))
    for face in model.prism(0, 0, 5.0, 5.0, 0, 0.42, IVORY):
        face.arches(19, 0.62, 0.12, 0.5, 0.76, lit(IVORY, 0.86), shape=pointed)

    def minaret(x: float, z: float) -> None:
        model.lathe(x, z, ((0.19, 0.42), (0.13, 2.75)), IVORY, strips=6)
        for y in (1.15, 1.9, 2.62):
            model.lathe(x, z, ((0.2, y), (0.22, y + 0.07)), lit(IVORY, 0.9), strips=6)
        model.lathe(x, z, ((0.11, 2.7), (0.11, 2.92)), lit(IVORY, 0.7), strips=5)
        _onion(model, x, z, 0.15, 2.92, 6)

    def kiosk(x: float, z: float) -> None:
        model.lathe(x, z, ((0.28, 2.05), (0.28, 2.12)), IVORY, strips=6)
        model.lathe(x, z, ((0.2, 2.1), (0.2, 2.42)), lit(IVORY, 0.72), strips=6)
        model.lathe(x, z, ((0.3, 2.42), (0.3, 2.48)), IVORY, strips=6)
        _onion(model, x, z, 0.25, 2.46, 7)

    spots = [(x, z) for x in (-1, 1) for z in (-1, 1)]
    kiosks = sorted(((0.78 * x, 0.78 * z) for x, z in spots), key=lambda k: model.depth(*k))

    def tomb() -> None:
        half, cut = 1.35, 0.42
        corners = [(-half + cut, half), (half - cut, half), (half, half - cut), (half, -half + cut)]
        corners += [(-x, -z) for x, z in corners]
        for k, start in enumerate(corners):
            face = model.wall(start, corners[(k + 1) % 8], 0.42, 2.02, IVORY)
            if face is None:
                continue
            sides = ((0.02, 0.2), (0.8, 0.98)) if k % 2 == 0 else ((0.12, 0.88),)
            for left, right in sides:
                for low, spring, top in ((0.06, 0.3, 0.44), (0.54, 0.76, 0.9)):
                    face.block(left, low - 0.02, right, top + 0.05, lit(IVORY, 0.9))
                    inset = 0.14 * (right - left)
                    face.area(pointed(left + inset, right - inset, low, spring, top), lit(IVORY, 0.66))
                    inset = 0.3 * (right - left)
                    face.area(pointed(left + inset, right - inset, low, low + 0.12, low + 0.2), glass)
            face.block(0, 0.96, 1, 1, lit(IVORY, 0.94))
        model.area([(x, 2.02, z) for x, z in corners], IVORY, (0, 1, 0))
        for x, z in kiosks[:2]:
            kiosk(x, z)
        model.lathe(0, 0, ((0.82, 2.0), (0.82, 2.5)), lit(IVORY, 0.97), strips=10)
        model.lathe(0, 0, ((0.85, 2.46), (0.85, 2.52)), INLAY, strips=10)
        _onion(model, 0, 0, 0.98, 2.5, 12)
        for x, z in kiosks[2:]:
            kiosk(x, z)
        for c, s in QUARTER_TURNS:
            start, end = ((c * u + s * 1.38, c * 1.38 - s * u) for u in (-0.62, 0.62))
            face = model.wall(start, end, 0.42, 2.3, lit(IVORY, 1.03))
            if face:
                face.block(0.08, 0.02, 0.92, 0.94, INLAY)
                face.block(0.12, 0.02, 0.88, 0.92, lit(IVORY, 1.0))
                face.area(pointed(0.17, 0.83, 0, 0.52, 0.84), lit(IVORY, 0.62))
                face.area(pointed(0.3, 0.7, 0, 0.3, 0.46), glass)
                face.area(pointed(0.36, 0.64, 0.5, 0.6, 0.7), glass)
                for u in (0, 0.94):
                    face.block(u, 0, u + 0.06, 1.08, lit(IVORY, 0.92))

    parts = [(2.3 * x, 2.3 * z, partial(minaret, 2.3 * x, 2.3 * z)) for x, z in spots]
    model.by_depth([*parts, (0, 0, tomb)])


def _hip_roof(
    model: Model, wide: float, deep: float, low: float, high: float, inner: tuple[float, float], lift: float
) -> None:
    """Draw a tiled roof with upturned corners: eaves (wide, deep) at `low`, upper edge `inner` at `high`."""
    share = np.linspace(-1, 1, 13)
    sweep = lift * np.abs(share) ** 5
    for turn, (c, s) in enumerate(QUARTER_TURNS):
        a, b = (wide / 2, deep / 2) if turn % 2 == 0 else (deep / 2, wide / 2)
        ia, ib = (inner[0] / 2, inner[1] / 2) if turn % 2 == 0 else (inner[1] / 2, inner[0] / 2)
        rows = []
        for t in (0.0, 0.35, 1.0):
            x, z = share * (a + (ia - a) * t), np.full(13, b + (ib - b) * t)
            # The slope sags: steep at the ridge, flat at the eaves.
            y = low + (high - low) * t**1.5 + sweep * (1 - t) ** 2
            rows.append(np.column_stack((c * x + s * z, y, c * z - s * x)))
        normal = np.array((s * (high - low), abs(b - ib) + 0.01, c * (high - low)))
        normal /= np.linalg.norm(normal)
        if model.turned(normal)[2] <= 0.02:
            continue
        light = model.light(normal)
        for under, over in ((rows[0], rows[1]), (rows[1], rows[2])):
            model.pen.area(np.vstack((under, over[::-1])), lit(GLAZE, light))
            light *= 0.95
        for k in range(0, 13):
            model.line([row[k] for row in rows], 0.018, lit(GLAZE_DARK, light))
        for k in range(0, 12):
            model.line([(row[k] + row[k + 1]) / 2 for row in rows], 0.014, lit(GLAZE_DARK, light * 1.1))
        model.line(rows[0] - (0, 0.03, 0), 0.09, lit(GLAZE_DARK, 0.8))
        model.line(rows[0] + (0, 0.03, 0), 0.04, lit(GLAZE, 1.14))
        for k in (0, 12):
            model.line([row[k] + (0, 0.03, 0) for row in rows], 0.07, lit(GLAZE, 1.1))


def forbidden_city(model: Model, look: Look) -> None:
    for k in range(3):
        wide, deep = 8.2 - 0.9 * k, 5.4 - 0.9 * k
        for face in model.prism(0, 0, wide, deep, 0.34 * k, 0.34 * (k + 1), TERRACE):
            face.block(0, 0.0, 1, 0.12, lit(TERRACE, 0.78))
            face.row(26, 0.3, 0.5, 1.28, lit(TERRACE, 1.04))
            face.block(0, 0.92, 1, 1.1, lit(TERRACE, 0.86))
    # Three flights of stairs, the middle one widest.
    for x, half in ((-1.9, 0.26), (0, 0.55), (1.9, 0.26)):
        for k in range(8, -1, -1):
            z, y = 1.8 + 0.15 * (9 - k), 0.113 * (k + 1)
            model.prism(x, z, 2 * half, 0.15, 0, y, lit(TERRACE, 0.72), lid=lit(TERRACE, 0.98))
        for side in (x - half - 0.06, x + half + 0.06):
            model.prism(side, 1.8 + 0.75, 0.1, 1.5, 0, 0.12, TERRACE)
            model.line(((side, 1.12, 1.8), (side, 0.16, 3.2)), 0.12, lit(TERRACE, 1.08))
    for face in model.prism(0, 0, 5.3, 2.5, 1.02, 2.25, LACQUER):
        face.block(0, 0.8, 1, 1, BEAM)
        face.row(22, 0.5, 0.84, 0.95, (222, 170, 80))
        count = 9 if abs(face.across[0]) > abs(face.across[2]) else 4
        face.row(count, 0.7, 0.08, 0.72, lit(LACQUER, 0.68))
        face.row(count, 0.56, 0.34, 0.68, look.glass((196, 128, 72)))
        face.row(count + 1, 0.16, 0, 0.82, lit(LACQUER, 1.16), left=-0.5 / count, right=1 + 0.5 / count)
    _hip_roof(model, 6.5, 3.7, 2.2, 2.82, (4.7, 2.0), 0.24)
    for face in model.prism(0, 0, 4.6, 1.9, 2.78, 3.2, BEAM):
        face.row(18, 0.55, 0.2, 0.85, (226, 176, 84))
        face.block(0.44, 0.0, 0.56, 1.1, (52, 60, 110))
    _hip_roof(model, 5.7, 3.0, 3.12, 4.3, (3.3, 0.02), 0.26)
    model.line(((-1.65, 4.34, 0), (1.65, 4.34, 0)), 0.13, lit(GLAZE, 1.12))
    for x in (-1.68, 1.68):
        model.line(((x, 4.3, 0), (x, 4.62, 0)), 0.15, GLAZE_DARK)


# From the viewer into the distance: x, y (down), half width of the walk.
_COURSE = np.array(
    ((0.32, 1.00, 0.150), (0.42, 0.86, 0.110), (0.56, 0.76, 0.080), (0.70, 0.66, 0.062), (0.70, 0.57, 0.050),
     (0.56, 0.50, 0.040), (0.42, 0.44, 0.033), (0.36, 0.36, 0.027), (0.44, 0.29, 0.021), (0.58, 0.25, 0.017),
     (0.70, 0.20, 0.013), (0.80, 0.13, 0.009))
)  # fmt: skip
_WIDE = 1.3
_RIDGES = (  # how far away, crest from the left foot to the right one
    (0.72, ((0.2, 0.7), (0.26, 0.3), (0.34, 0.16), (0.42, 0.2), (0.54, 0.06), (0.68, 0.12), (0.8, 0.05), (0.88, 0.3),
            (0.94, 0.8))),
    (0.45, ((0.1, 0.9), (0.17, 0.56), (0.26, 0.34), (0.36, 0.34), (0.46, 0.26), (0.62, 0.22), (0.8, 0.22), (0.9, 0.5),
            (0.98, 0.9))),
    (0.22, ((0.03, 1.0), (0.1, 0.76), (0.2, 0.5), (0.34, 0.38), (0.44, 0.42), (0.58, 0.47), (0.8, 0.42), (0.91, 0.66),
            (1.0, 0.98))),
    (0.0, ((-0.06, 1.03), (0.04, 0.92), (0.18, 0.74), (0.42, 0.70), (0.58, 0.62), (0.72, 0.56), (0.86, 0.68),
           (0.97, 0.88), (1.06, 1.03))),
)  # fmt: skip
_SEASONS = ((108, 142, 76), (92, 128, 84), (190, 134, 66), (150, 148, 92))


def great_wall_of_china(model: Model, look: Look) -> None:
    """Draw, in two dimensions, a walk between battlements that runs over ridges into the distance."""
    pen, rng = model.pen, look.rng
    green = pick(rng, *_SEASONS)
    haze = (196, 210, 220)
    bend = 0.09 * model.yaw
    for far, ridge in _RIDGES:
        crest = np.array(ridge) + (0, 1) * rng.normal(0, 0.008, (len(ridge), 1))
        crest[1:-1, 0] += bend * (1 - far)
        crest[:, 0] *= _WIDE
        line = smooth(crest, steps=6)
        color = mix(green, haze, far)
        pen.area(line, color)
        for _ in range(26):
            x = rng.uniform(*line[[0, -1], 0])
            y = np.interp(x, line[:, 0], line[:, 1]) + rng.uniform(0.03, 0.16)
            if y < 0.98:
                size = 0.012 + 0.02 * (1 - far) * rng.uniform(0.4, 1)
                pen.disc(x, y, size, 0.7 * size, lit(color, rng.uniform(0.82, 0.96)), 0.98)
    course = _COURSE + (1, 0, 0) * (bend * _COURSE[:, 1:2])
    course[:, 0] *= _WIDE
    course = np.column_stack([smooth(np.column_stack((course[:, k], course[:, 1])), steps=6)[:, 0] for k in (0, 2)] +
                             [smooth(course[:, :2], steps=6)[:, 1]])[:, (0, 2, 1)]  # fmt: skip
    towers = (17, 28, 48, 62)
    for k in range(len(course) - 2, -1, -1):
        _stretch(pen, course[k], course[k + 1], model, k)
        if k in towers:
            _watchtower(pen, course[k], model, look)
    for lip, tone in ((((0.0, 1.03), (0.12, 0.95), (0.3, 0.93), (0.48, 0.96), (0.62, 1.03)), 1.0), (((0.4, 1.03),
        (0.55, 0.96), (0.8, 0.95), (1.0, 1.03)), 0.94)):  # fmt: skip
        pen.area(smooth(lip, steps=6) * (_WIDE, 1), lit(green, tone))


def _stretch(pen: Pen, near: np.ndarray, far: np.ndarray, model: Model, k: int) -> None:
    """Draw a piece of the wall: its outer sides, its walk, and a merlon on either side."""
    (x0, y0, w0), (x1, y1, w1) = near, far
    sunny = lit(BRICK, 1.0 + 0.12 * model.sun), lit(BRICK, 1.0 - 0.12 * model.sun)
    drop0, drop1, rise0, rise1 = 0.95 * w0, 0.95 * w1, 0.42 * w0, 0.42 * w1
    for side in (-1, 1):
        a, b = (x0 + side * w0, y0), (x1 + side * w1, y1)
        pen.area((a, b, (b[0], min(b[1] + drop1, 1.02)), (a[0], min(a[1] + drop0, 1.02))), sunny[side > 0])
        if a[1] + drop0 < 1:
            pen.line(((a[0], a[1] + 0.5 * drop0), (b[0], b[1] + 0.5 * drop1)), 0.06 * w0, BRICK_DARK)
    pen.area(((x0 - w0, y0), (x1 - w1, y1), (x1 + w1, y1), (x0 + w0, y0)), lit(PAVING, 0.96 + 0.05 * (k % 2)))
    for side in (-1, 1):
        a, b = (x0 + side * w0, y0), (x1 + side * w1, y1)
        tone = sunny[side > 0]
        tall = 1.0 if k % 2 else 0.55
        pen.area((a, b, (b[0], b[1] - tall * rise1), (a[0], a[1] - tall * rise0)), lit(tone, 1.06))
        if k % 2:
            pen.line(((a[0], a[1] - rise0), (b[0], b[1] - rise1)), 0.1 * w0, BRICK_DARK)


def _watchtower(pen: Pen, spot: np.ndarray, model: Model, look: Look) -> None:
    x, y, half = spot
    wide, high = 1.5 * half, 3.0 * half
    split = x + wide * (0.45 + 0.5 * np.clip(-model.yaw, -0.6, 0.6))
    front, side = lit(BRICK, 1.02 - 0.1 * model.sun), lit(BRICK, 0.82 + 0.1 * model.sun)
    pen.area(((x - wide, y + half), (split, y + 1.2 * half), (split, y - high), (x - wide, y - 0.96 * high)), front)
    pen.area(((split, y + 1.2 * half), (x + wide, y + half), (x + wide, y - 0.96 * high), (split, y - high)), side)
    for left, right, tone in ((x - wide, split, front), (split, x + wide, side)):
        step = (right - left) / 3
        for k in range(3):
            pen.block(left + (k + 0.28) * step, y - 0.66 * high, left + (k + 0.72) * step, y - 0.36 * high,
                      look.glass((70, 60, 52)))  # fmt: skip
        pen.block(left, y - 0.84 * high, right, y - 0.78 * high, BRICK_DARK)
        for k in range(4):
            u = left + (right - left) * k / 4
            pen.block(u, y - 1.14 * high, u + 0.6 * (right - left) / 4, y - 0.95 * high, tone)
