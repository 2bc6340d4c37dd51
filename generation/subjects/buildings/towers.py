"""Tall landmarks: a clock tower, an iron lattice, a television tower on spheres, and a statue with a torch."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from lethebench.generation.drawing.color import Color
from lethebench.generation.subjects.buildings.model import Look, Model
from lethebench.generation.subjects.buildings.walls import QUARTER_TURNS, Face, lit

IRON, IRON_DARK, IRON_LIGHT = (142, 108, 82), (94, 70, 54), (176, 140, 108)
SAND, SAND_DARK, SLATE, GOLD = (206, 178, 132), (150, 122, 84), (84, 92, 98), (226, 182, 76)
COPPER, COPPER_DARK, GRANITE = (122, 176, 156), (74, 124, 112), (196, 180, 158)
_ROUND = np.linspace(0, 2 * np.pi, 24, endpoint=False)


def _clock(face: Face, rim: float, hour: float) -> None:
    """Draw a clock on a square stage of the tower."""

    def ring(radius: float) -> np.ndarray:
        return np.column_stack((0.5 + radius * np.cos(_ROUND), 0.5 + radius * np.sin(_ROUND) * rim))

    face.area(ring(0.45), (60, 52, 44))
    face.area(ring(0.42), GOLD)
    face.area(ring(0.385), (250, 246, 232))
    for k in range(12):
        t = np.pi * k / 6
        a, b = (np.array((0.5 + r * np.sin(t), 0.5 + r * np.cos(t) * rim)) for r in (0.30, 0.37))
        face.line((a, b), 0.022, (40, 40, 48))
    for t, long, wide in ((hour * np.pi / 6, 0.2, 0.05), (hour % 1 * 2 * np.pi, 0.33, 0.032)):
        face.line(((0.5, 0.5), (0.5 + long * np.sin(t), 0.5 + long * np.cos(t) * rim)), wide, (24, 26, 40))


def big_ben(model: Model, look: Look) -> None:
    hour = float(look.rng.uniform(0, 12))
    glass = look.glass((92, 84, 74))

    def wing() -> None:
        for face in model.prism(-2.05, -0.15, 2.9, 0.8, 0, 1.45, SAND, lid=SLATE):
            face.row(9, 0.34, 0.12, 0.46, glass)
            face.row(9, 0.34, 0.56, 0.88, glass)
            face.row(9, 0.1, 0, 1.14, lit(SAND, 0.84))
            face.row(9, 0.3, 1, 1.05, SAND)
        model.prism(-2.05, -0.15, 2.8, 0.7, 1.45, 1.95, SLATE, taper=0.6)

    def tower() -> None:
        for face in model.prism(0, 0, 1, 1, 0, 4.3, SAND):
            face.row(7, 0.42, 0.03, 0.97, SAND_DARK)
            for v in (0.16, 0.32, 0.48, 0.64, 0.80):
                face.block(0, v, 1, v + 0.012, lit(SAND, 1.1))
                face.row(7, 0.24, v - 0.1, v - 0.03, glass)
            for u in (0, 0.92):
                face.block(u, 0, u + 0.08, 1, lit(SAND, 1.08))
        for face in model.prism(0, 0, 1.16, 1.16, 4.3, 4.44, lit(SAND, 1.12)):
            face.row(9, 0.5, 0.2, 0.7, SAND_DARK)
        for face in model.prism(0, 0, 1.14, 1.14, 4.44, 5.7, SAND):
            face.block(0.03, 0.02, 0.97, 0.98, SAND_DARK)
            face.block(0.06, 0.05, 0.94, 0.95, lit(SAND, 1.06))
            _clock(face, 1.14 / 1.26, hour)
        for face in model.prism(0, 0, 1.2, 1.2, 5.7, 5.82, lit(SAND, 1.12)):
            face.row(9, 0.5, 0.2, 0.7, GOLD)
        for face in model.prism(0, 0, 1.02, 1.02, 5.82, 6.4, SAND):
            face.arches(5, 0.62, 0.08, 0.6, 0.86, (66, 58, 52))
        for x, z in ((-0.5, -0.5), (0.5, -0.5), (-0.5, 0.5), (0.5, 0.5)):
            model.prism(x, z, 0.13, 0.13, 5.8, 6.8, SAND, taper=0.15)
        for face in model.prism(0, 0, 1.04, 1.04, 6.4, 7.5, SLATE, taper=0.46):
            face.row(5, 0.1, 0, 1, GOLD)
            face.arches(3, 0.3, 0.25, 0.4, 0.52, GOLD)
        for face in model.prism(0, 0, 0.56, 0.56, 7.5, 7.95, SAND):
            face.arches(3, 0.6, 0.1, 0.6, 0.85, look.glass((70, 62, 54)))
        model.prism(0, 0, 0.6, 0.6, 7.95, 8.03, GOLD)
        model.prism(0, 0, 0.54, 0.54, 8.03, 9.2, SLATE, taper=0.06)
        model.line(((0, 9.1, 0), (0, 9.65, 0)), 0.05, GOLD)

    model.by_depth(((-2.05, -0.15, wing), (0, 0, tower)))


def _iron_half(y: float) -> tuple[float, float]:
    """Return the (outer, inner) half width of the four iron legs together at a height."""
    levels = (0, 25, 57, 85, 115, 150, 185, 230, 276, 300)
    outer = (62, 47.5, 34, 25.5, 19, 14, 10.8, 7.8, 5.4, 4.2)
    inner = (38, 29, 20, 14, 9.5, 5, 0, 0, 0, 0)
    return float(np.interp(y, levels, outer)), float(np.interp(y, levels, inner))


def _leg(model: Model, sx: int, sz: int, levels: Sequence[float]) -> None:
    """Draw one iron leg, panel by panel, braced with crosses."""
    for low, high in pairwise(levels):
        (o0, i0), (o1, i1) = _iron_half(low), _iron_half(high)
        for a0, b0, a1, b1, normal, outside in (((i0, i0), (o0, i0), (i1, i1), (o1, i1), (0, 0, -sz), False), ((i0, o0),
            (i0, i0), (i1, o1), (i1, i1), (-sx, 0, 0), False), ((i0, o0), (o0, o0), (i1, o1), (o1, o1), (0, 0, sz),
            True), ((o0, o0), (o0, i0), (o1, o1), (o1, i1), (sx, 0, 0), True)):  # fmt: skip
            quad = [(sx * x, y, sz * z) for (x, z), y in ((a0, low), (b0, low), (b1, high), (a1, high))]
            if model.turned(normal)[2] <= 0:
                continue
            model.area(quad, IRON, normal)
            if not outside:
                continue
            light = model.light(normal)
            bar = lit(IRON_DARK, light)
            model.line((quad[0], quad[2]), 1.5, bar)
            model.line((quad[1], quad[3]), 1.5, bar)
            for p, q in ((0, 3), (1, 2), (0, 1)):
                model.line((quad[p], quad[q]), 2.0, lit(IRON_LIGHT, light))


def eiffel_tower(model: Model, look: Look) -> None:
    lower, middle = (0, 14, 28, 43, 57), (57, 71, 85, 100, 115)
    corners = sorted(((-1, -1), (1, -1), (-1, 1), (1, 1)), key=lambda c: model.depth(*c))
    for x, z in ((-50, -50), (50, -50), (-50, 50), (50, 50)):
        model.prism(x, z, 30, 30, -5, 3, (184, 174, 160))
    for levels, width, top in ((lower, 76, 57), (middle, 44, 115)):
        for k, (sx, sz) in enumerate(corners):
            _leg(model, sx, sz, levels)
            if k == 1 and levels is lower:
                _arches(model)
        if levels is lower:
            _arches(model, front=True)
        for face in model.prism(0, 0, width, width, top - 3, top + 6, IRON_DARK):
            face.row(15, 0.66, 0.3, 0.85, look.glass(IRON_LIGHT))
    upper = (115, 128, 141, 154, 167, 180, 194, 208, 222, 236, 250, 264, 276)
    for sx, sz in corners:
        _leg(model, sx, sz, upper)
    for face in model.prism(0, 0, 18, 18, 274, 283, IRON_DARK):
        face.row(6, 0.6, 0.4, 0.85, look.glass(IRON_LIGHT))
    model.prism(0, 0, 9, 9, 283, 300, IRON, taper=0.7)
    model.line(((0, 298, 0), (0, 330, 0)), 2.6, IRON_DARK)


def _arches(model: Model, *, front: bool = False) -> None:
    """Draw the round arches between the legs under the first floor, on the front or the back sides."""
    t = np.linspace(0, np.pi, 15)
    for c, s in QUARTER_TURNS:
        normal = (s, 0, c)
        if (model.turned(normal)[2] > 0) != front:
            continue
        x, y = 37 * np.cos(t), 8 + 40 * np.sin(t)
        out = np.array([_iron_half(v)[0] for v in y])
        curve = np.column_stack((c * x + s * out, y, c * out - s * x))
        model.line(curve, 5.0, lit(IRON_LIGHT, model.light(normal)))
        model.line(curve, 1.6, lit(IRON_DARK, model.light(normal)))


def oriental_pearl_tower(model: Model, look: Look) -> None:
    rose, dark, pale = (196, 86, 122), (128, 48, 84), (212, 206, 208)
    angle = 0.5 + np.arange(3) * 2 * np.pi / 3
    feet = [(1.25 * np.cos(a), 1.25 * np.sin(a)) for a in angle]

    def ball(y: float, radius: float, bands: int) -> None:
        t = np.linspace(-np.pi / 2, np.pi / 2, 13)
        model.lathe(0, 0, np.column_stack((radius * np.cos(t), y + radius * np.sin(t))), rose, strips=11)
        for k in range(1, bands):
            lat = -np.pi / 2 + np.pi * k / bands
            _hoop(model, radius * np.cos(lat) * 1.01, y + radius * np.sin(lat), 0.025, dark)
        for height, wide in ((0, 0.11 * radius), (0.22 * radius, 0.05 * radius)):
            _hoop(model, np.sqrt(radius**2 - height**2) * 1.02, y + height, wide, look.glass((236, 214, 222)))

    model.lathe(0, 0, ((1.7, -0.12), (1.7, 0.0), (1.2, 0.05), (1.05, 0.3)), (176, 172, 170), strips=12)
    for x, z in sorted(feet, key=lambda f: model.depth(*f)):
        model.tube(((x * 1.15, 0.1, z * 1.15), (x * 0.26, 1.55, z * 0.26)), 0.17, pale)
        model.tube(((x * 0.26, 0, z * 0.26), (x * 0.26, 5.0, z * 0.26)), 0.24, pale)
    for y in (2.75, 3.1, 3.45, 3.8):
        t = np.linspace(-np.pi / 2, np.pi / 2, 9)
        model.lathe(0, 0, np.column_stack((0.19 * np.cos(t), y + 0.19 * np.sin(t))), rose, strips=7)
    ball(1.75, 0.78, 6)
    ball(4.6, 0.6, 5)
    model.lathe(0, 0, ((0.22, 5.1), (0.18, 5.8)), pale, strips=6)
    ball(5.85, 0.26, 3)
    model.lathe(0, 0, ((0.1, 6.05), (0.07, 6.6), (0.07, 6.7), (0.04, 7.2), (0.015, 8.2)), pale, strips=5)


def _hoop(model: Model, radius: float, y: float, width: float, color: Color) -> None:
    """Draw the near half of a level ring."""
    facing = np.linspace(-np.pi / 2, np.pi / 2, 16) + np.pi / 2 - model.yaw
    points = np.column_stack((radius * np.cos(facing), np.full(16, y), radius * np.sin(facing)))
    model.line(points, width, color)


def statue_of_liberty(model: Model, look: Look) -> None:
    for face in model.prism(0, 0, 2.7, 2.7, -2.1, -1.75, lit(GRANITE, 0.86)):
        face.row(10, 0.9, 0.1, 0.42, lit(GRANITE, 0.78))
    for face in model.prism(0, 0, 2.0, 2.0, -1.75, -1.45, GRANITE):
        face.row(6, 0.5, 0.2, 0.7, lit(GRANITE, 0.7))
    for face in model.prism(0, 0, 1.62, 1.62, -1.45, -0.3, GRANITE, taper=0.84):
        face.block(0.2, 0.3, 0.8, 0.82, lit(GRANITE, 0.72))
        face.row(4, 0.3, 0.3, 0.82, lit(GRANITE, 1.05), left=0.2, right=0.8)
        for v in (0.1, 0.2, 0.9):
            face.line(((0, v), (1, v)), 0.03, lit(GRANITE, 0.8))
    model.prism(0, 0, 1.62, 1.62, -0.3, -0.12, lit(GRANITE, 1.06))
    model.prism(0, 0, 1.0, 1.0, -0.12, 0.0, lit(GRANITE, 0.9))
    # The robe falls in folds from the shoulders.
    model.lathe(0, 0, ((0.5, 0), (0.47, 0.5), (0.42, 1.0), (0.40, 1.35), (0.36, 1.75), (0.16, 1.98)), COPPER)
    for k, a in enumerate(np.linspace(0.2, np.pi - 0.2, 8)):
        fold = [
            (r * np.cos(a + 0.12 * w), y, r * np.sin(a + 0.12 * w))
            for r, y, w in ((0.5, 0.02, 0), (0.475, 0.5, 0.4), (0.425, 1.0, 1.0), (0.40, 1.3, 1.6))
        ]
        if model.depth(fold[0][0], fold[0][2]) > -0.05:
            model.line(fold, 0.035 if k % 2 else 0.05, COPPER_DARK)
    sash = [
        (0.37 * np.cos(a), y, 0.37 * np.sin(a))
        for a, y in zip(np.linspace(0.1, 3.0, 9), np.linspace(1.72, 1.05, 9), strict=True)
    ]
    model.line(sash, 0.1, lit(COPPER, 1.12))
    model.line([(x, y - 0.09, z) for x, y, z in sash], 0.04, COPPER_DARK)
    # The torch is in her right hand: on the viewer's left.
    raised, bent = (-0.36, 1.78, 0.02), (0.34, 1.72, 0.05)
    model.tube((bent, (0.50, 1.32, 0.22), (0.2, 1.2, 0.46)), 0.17, COPPER)
    tablet = ((0.16, 1.02, 0.46), (0.46, 1.06, 0.36), (0.56, 1.62, 0.24), (0.26, 1.58, 0.34))
    model.area(tablet, lit(COPPER, 1.15))
    model.line((*tablet, tablet[0]), 0.03, COPPER_DARK)
    model.lathe(0, 0.02, ((0.12, 1.9), (0.11, 2.05), (0.19, 2.12), (0.215, 2.28), (0.2, 2.42), (0.1, 2.52)), COPPER)
    for a in np.linspace(-0.2, np.pi + 0.2, 7):
        c, s = np.cos(a), np.sin(a)
        base = [(0.2 * np.cos(a + d), 2.44, 0.02 + 0.2 * np.sin(a + d)) for d in (-0.2, 0.2)]
        model.area((*base, (0.58 * c, 2.72 + 0.12 * s, 0.02 + 0.4 * s)), lit(COPPER, 1.1))
    _hoop(model, 0.225, 2.43, 0.09, lit(COPPER, 1.15))
    _features(model)
    model.tube((raised, (-0.52, 2.2, 0.06), (-0.56, 2.75, 0.08)), 0.16, COPPER)
    model.line(((-0.56, 2.72, 0.1), (-0.58, 3.02, 0.1)), 0.1, lit(COPPER, 0.9))
    model.lathe(-0.58, 0.1, ((0.1, 2.96), (0.18, 3.0), (0.18, 3.05)), COPPER_DARK, strips=6)
    model.lathe(-0.58, 0.1, ((0.1, 3.05), (0.15, 3.16), (0.1, 3.3), (0.02, 3.46)), GOLD, strips=6)


def _features(model: Model) -> None:
    """Draw eyes, nose and mouth."""
    for x in (-0.075, 0.075):
        model.line(((x - 0.035, 2.31, 0.22), (x + 0.035, 2.31, 0.22)), 0.035, COPPER_DARK)
    model.line(((0, 2.32, 0.24), (0, 2.23, 0.26)), 0.035, COPPER_DARK)
    model.line(((-0.05, 2.17, 0.23), (0.05, 2.17, 0.23)), 0.028, COPPER_DARK)
