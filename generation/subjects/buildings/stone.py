"""Old stone: an amphitheater, a temple, pyramids, heads on a platform, and a castle keep."""

from collections.abc import Callable
from functools import partial
from itertools import pairwise

import numpy as np

from lethebench.generation.drawing.color import mix
from lethebench.generation.drawing.curves import smooth
from lethebench.generation.subjects.buildings.model import Look, Model
from lethebench.generation.subjects.buildings.walls import Face, arch, lit

TRAVERTINE, SHADOW, SEATS = (214, 188, 148), (92, 72, 58), (170, 144, 114)
MARBLE, MARBLE_DARK = (232, 218, 190), (150, 134, 112)
DESERT, COURSE, CASING = (226, 190, 128), (186, 146, 92), (246, 234, 208)
TUFF, TUFF_DARK, BASALT = (146, 134, 118), (84, 76, 70), (112, 104, 96)
KEEP, KEEP_DARK, LEAD, ASHLAR = (222, 212, 190), (120, 112, 100), (96, 106, 116), (240, 234, 220)
_BAYS = 52


def colosseum(model: Model, look: Look) -> None:
    """Draw an ellipse of bays; the outer ring stands over part of it only, and ends in slanting breaks."""
    edge = np.linspace(0, 2 * np.pi, _BAYS + 1)
    middle = (edge[:-1] + edge[1:]) / 2
    # The high outer ring goes around the back and over the left of the front.
    tall = np.cos(middle - 3.05) > -0.12

    def ring(scale: float, height: float) -> np.ndarray:
        return np.column_stack((2.0 * scale * np.cos(edge), np.full(_BAYS + 1, height), 1.62 * scale * np.sin(edge)))

    order = np.argsort([model.depth(2.0 * np.cos(a), 1.62 * np.sin(a)) for a in middle])
    behind = [k for k in order if model.turned((np.cos(middle[k]) / 2.0, 0, np.sin(middle[k]) / 1.62))[2] < 0.05]
    for k in behind:
        _inside(model, ring, k, 1.28 if tall[k] else 0.84)
    for scale, height, tone in ((0.84, 0.62, 0.92), (0.72, 0.42, 0.82), (0.58, 0.22, 0.7)):
        model.area(ring(scale, height), lit(SEATS, tone))
    model.area(ring(0.42, 0.12), (208, 180, 136))
    for x in np.linspace(-0.7, 0.7, 7):
        model.line(((x, 0.12, -0.5), (x, 0.12, 0.5)), 0.045, SHADOW)
    for k in order:
        if k not in behind:
            _outside(model, edge[k], edge[k + 1], high=bool(tall[k]), look=look)


def _inside(model: Model, ring: Callable[[float, float], np.ndarray], k: int, height: float) -> None:
    outer, rim, low = ring(1.0, height), ring(0.86, height), ring(0.82, 0.4)
    model.area((low[k], low[k + 1], rim[k + 1], rim[k]), lit(SEATS, 0.84 + 0.05 * (k % 2)))
    if height > 1:
        for y in (0.62, 0.94):
            a, b = (0.15 * p + 0.85 * q for p, q in ((low[k], rim[k]), (low[k + 1], rim[k + 1])))
            a[1] = b[1] = y
            model.line((a, b), 0.05, SHADOW)
    model.area((rim[k], rim[k + 1], outer[k + 1], outer[k]), lit(TRAVERTINE, 1.05))


def _outside(model: Model, start: float, end: float, *, high: bool, look: Look) -> None:
    scale, tiers = (1.0, 3) if high else (0.9, 2)
    (x0, z0), (x1, z1) = ((2.0 * scale * np.cos(a), 1.62 * scale * np.sin(a)) for a in (end, start))
    height = 1.3 if high else 0.86
    face = model.wall((x0, z0), (x1, z1), 0, height, TRAVERTINE)
    if face is None:
        return
    step = (0.96 if high else 0.84) / tiers
    for tier in range(tiers):
        low = step * tier
        face.area(arch(0.24, 0.76, low + 0.03, low + 0.62 * step, low + 0.84 * step), look.glass(SHADOW))
        face.block(0, low + 0.93 * step, 1, low + 0.99 * step, lit(TRAVERTINE, 0.76))
        face.block(0, low + 0.02, 0.1, low + 0.93 * step, lit(TRAVERTINE, 1.12))
    if high:
        face.block(0.4, 0.85, 0.6, 0.91, SHADOW)
        face.block(0, 0.97, 1, 1, lit(TRAVERTINE, 0.84))


def parthenon(model: Model, look: Look) -> None:
    wide, deep, high = 3.0, 5.0, 1.22
    for k in range(3):
        grow = 0.36 - 0.1 * k
        model.prism(0, 0, wide + grow, deep + grow, 0.1 * k, 0.1 * (k + 1), mix(MARBLE, MARBLE_DARK, 0.12))
    ends = [
        (x, s * (deep / 2 - 0.14), (0, 0, s)) for x in np.linspace(0.14 - wide / 2, wide / 2 - 0.14, 8) for s in (-1, 1)
    ]
    sides = [
        (s * (wide / 2 - 0.14), z, (s, 0, 0))
        for z in np.linspace(0.14 - deep / 2, deep / 2 - 0.14, 13)
        for s in (-1, 1)
    ]
    columns = sorted((*ends, *sides), key=lambda c: model.depth(*c[:2]))
    for near in (False, True):
        for x, z, normal in columns:
            if (model.turned(normal)[2] > 0) == near:
                model.lathe(x, z, ((0.135, 0.3), (0.105, high), (0.17, high + 0.08)), MARBLE, strips=4)
        if not near:
            for face in model.prism(0, 0, wide - 0.95, deep - 1.1, 0.3, high + 0.05, lit(MARBLE, 0.62)):
                face.block(0.36, 0, 0.64, 0.82, look.glass(SHADOW))
    for face in model.prism(0, 0, wide + 0.06, deep + 0.06, high + 0.08, high + 0.3, MARBLE):
        face.line(((0, 0.02), (1, 0.02)), 0.02, MARBLE_DARK)
    for face in model.prism(0, 0, wide, deep, high + 0.3, high + 0.52, lit(MARBLE, 0.95)):
        face.row(15 if abs(face.across[0]) > abs(face.across[2]) else 25, 0.4, 0.1, 0.9, lit(MARBLE, 0.78))
    for face in model.prism(0, 0, wide + 0.16, deep + 0.16, high + 0.52, high + 0.62, MARBLE):
        if abs(face.across[0]) > abs(face.across[2]):
            # The ruined gable.
            gable = ((0, 1), (1, 1), (0.74, 5.2), (0.70, 4.6), (0.64, 4.9), (0.6, 2.6), (0.42, 2.4), (0.36, 5.4))
            face.area((*gable, (0.28, 5.0)), lit(MARBLE, 0.92))
            face.area(((0.2, 1.3), (0.8, 1.3), (0.72, 3.4), (0.62, 2.2), (0.4, 2.0), (0.34, 3.8)), lit(MARBLE, 0.72))


def pyramids_of_giza(model: Model, look: Look) -> None:
    turn = np.linspace(0, 2 * np.pi, 40, endpoint=False)
    sand = np.column_stack((2.45 * np.cos(turn), np.full(40, -0.02), 0.2 + 1.9 * np.sin(turn)))
    model.area(sand, (236, 206, 150))
    speckle = np.random.default_rng(5)

    def pyramid(x: float, z: float, side: float, height: float, rows: int, cased: bool) -> None:
        for face in model.prism(x, z, side, side, 0, height, DESERT, taper=0.0):
            for v in np.linspace(0, 1, rows, endpoint=False)[1:]:
                face.line(((0, v), (1, v)), 0.011, lit(COURSE, 0.96))
            for _ in range(rows):
                u, v = speckle.uniform(0.03, 0.93), speckle.integers(0, rows) / rows
                face.block(
                    u, v, u + speckle.uniform(0.02, 0.06), v + 0.8 / rows, lit(COURSE, speckle.uniform(0.9, 1.2))
                )
            if cased:
                jag = [(u, 0.74 + 0.025 * (k % 2) - 0.012 * (k % 3)) for k, u in enumerate(np.linspace(0, 1, 9))]
                face.area(((0.5, 1), *jag), CASING)

    parts = [(-1.0, -0.8, 2.1, 1.75, 18, False), (0.3, 0.1, 2.0, 1.8, 18, True), (1.45, 0.75, 1.1, 0.9, 13, False)]
    parts += [(x, 1.5, 0.42, 0.34, 6, False) for x in (-0.1, 0.42, 0.94)]
    model.by_depth([(part[0], part[1], partial(pyramid, *part)) for part in parts])


def moai_statues(model: Model, look: Look) -> None:
    heads = ((-2.1, 2.2, 0.92), (-0.72, 2.75, 1.04), (0.74, 2.5, 0.98), (2.08, 2.0, 0.9))
    stones = np.random.default_rng(9)
    for face in model.prism(0, 0, 6.2, 1.7, -0.7, 0, BASALT):
        for row in range(3):
            u = -0.02 * row
            while u < 0.96:
                wide = stones.uniform(0.05, 0.11)
                face.block(
                    max(u, 0),
                    row / 3 + 0.03,
                    min(u + wide - 0.008, 1),
                    (row + 1) / 3,
                    lit(BASALT, stones.uniform(0.8, 1.25)),
                )
                u += wide
    model.by_depth([(x, 0.0, partial(_head, model, x, tall, wide)) for x, tall, wide in heads])


def _head(model: Model, x: float, tall: float, wide: float) -> None:
    """Draw a long stone face on its shoulders, a solid whose width and depth follow its height."""
    profile = (  # height, half width, front, back
        (0.0, 0.62, 0.42, -0.40), (0.22, 0.66, 0.44, -0.40), (0.30, 0.50, 0.34, -0.34), (0.36, 0.36, 0.34, -0.28),
        (0.42, 0.40, 0.46, -0.28), (0.52, 0.43, 0.40, -0.30), (0.60, 0.42, 0.36, -0.31), (0.74, 0.41, 0.32, -0.32),
        (0.80, 0.43, 0.42, -0.32), (0.90, 0.42, 0.36, -0.30), (0.97, 0.38, 0.28, -0.26), (1.0, 0.30, 0.2, -0.2),
    )  # fmt: skip
    rows = np.array([(h * tall, w * wide, f, b) for h, w, f, b in profile])
    for (y0, w0, f0, b0), (y1, w1, f1, b1) in pairwise(rows):
        # Walls: the front, and the rounded and the flat part of either side.
        rims = [
            ((-w, z * 0.35), (-0.72 * w, f), (0.72 * w, f), (w, z * 0.35), (w, b), (-w, b))
            for w, f, b, z in ((w0, f0, b0, f0), (w1, f1, b1, f1))
        ]
        for k in (5, 3, 0, 2, 1):
            (xa, za), (xb, zb) = rims[0][k], rims[0][(k + 1) % 6]
            (xc, zc), (xd, zd) = rims[1][k], rims[1][(k + 1) % 6]
            normal = np.array((-(zb - za), 0.0, xb - xa))
            normal /= np.hypot(*normal[[0, 2]])
            if model.turned(normal)[2] > 0:
                slope = (f0 - f1) / (y1 - y0) if k == 1 else 0
                quad = ((x + xa, y0, za), (x + xb, y0, zb), (x + xd, y1, zd), (x + xc, y1, zc))
                model.area(quad, lit(TUFF, model.light(normal) + 0.22 * slope))
    ear = 0.42 * wide
    for side in (-1, 1):
        if model.turned((side, 0, 0.4))[2] > 0:
            lobe = ((0.50, 0.02), (0.50, -0.12), (0.82, -0.16), (0.84, 0.04))
            model.area([(x + side * (ear + 0.03), y * tall, z) for y, z in lobe], lit(TUFF, 0.78))
            model.line([(x + side * (ear + 0.04), y * tall, z) for y, z in lobe], 0.03, TUFF_DARK)
    for side in (-1, 1):
        socket = ((0.06, 0.745), (0.09, 0.785), (0.33, 0.775), (0.30, 0.70), (0.14, 0.68))
        model.area([(x + side * u * wide, v * tall, 0.40) for u, v in socket], TUFF_DARK)
    ridge = ((0.05, 0.80, 0.44), (0.06, 0.70, 0.52), (0.14, 0.585, 0.60))
    left = [(x - u * wide, v * tall, z) for u, v, z in ridge]
    right = [(x + u * wide, v * tall, z) for u, v, z in ridge]
    under = ((x + 0.16 * wide, 0.55 * tall, 0.46), (x - 0.16 * wide, 0.55 * tall, 0.46))
    model.area((*left, *right[::-1]), lit(TUFF, 1.16))
    side = -1 if model.sun > 0 else 1
    shade = left if side < 0 else right
    model.area((*shade, (x + side * 0.2 * wide, 0.56 * tall, 0.42)), lit(TUFF, 0.72))
    model.area((left[-1], right[-1], *under), TUFF_DARK)
    lips = smooth(((-0.2, 0.487), (-0.1, 0.505), (0, 0.495), (0.1, 0.505), (0.2, 0.487)))
    for drop, width, tone in ((0, 0.05, TUFF_DARK), (0.03, 0.04, lit(TUFF, 1.14))):
        model.line([(x + u * wide, (v - drop) * tall, 0.47) for u, v in lips], width, tone)


def tower_of_london(model: Model, look: Look) -> None:
    glass = look.glass((74, 70, 72))

    def crenels(face: Face, count: int, high: float) -> None:
        face.row(count, 0.56, 1, 1 + high, lit(KEEP, 1.02))

    def turret(x: float, z: float, round_: bool) -> None:
        if round_:
            model.lathe(x, z, ((0.42, 0), (0.42, 3.35)), KEEP, strips=7)
            model.lathe(x, z, ((0.46, 3.3), (0.46, 3.45)), lit(KEEP, 1.06), strips=7)
        else:
            for face in model.prism(x, z, 0.74, 0.74, 0, 3.3, KEEP):
                for v in (0.2, 0.4, 0.6, 0.8, 0.9):
                    face.area(arch(0.38, 0.62, v - 0.05, v, v + 0.025), glass)
                for u in (0, 0.86):
                    face.row(16, 0.5, 0, 1, ASHLAR, left=u, right=u + 0.14)
            for face in model.prism(x, z, 0.82, 0.82, 3.3, 3.42, lit(KEEP, 1.06)):
                crenels(face, 3, 0.9)
        model.lathe(x, z, ((0.36, 3.45), (0.40, 3.56), (0.32, 3.8), (0.12, 4.0), (0.04, 4.12)), LEAD, strips=7)
        model.line(((x, 4.1, z), (x, 4.5, z)), 0.05, (226, 182, 76))
        model.line(((x, 4.4, z), (x + 0.2, 4.36, z)), 0.1, (226, 182, 76))

    def keep() -> None:
        for face in model.prism(0, 0, 3.5, 3.3, 0, 2.75, KEEP, lid=KEEP_DARK):
            for u in np.linspace(0.2, 0.8, 4):
                face.block(u - 0.018, 0, u + 0.018, 1, lit(KEEP, 1.1))
                face.block(u + 0.018, 0, u + 0.03, 1, lit(KEEP, 0.84))
            for low, high in ((0.12, 0.22), (0.38, 0.52), (0.68, 0.82)):
                face.arches(5, 0.3, low, high, high + 0.05, lit(KEEP, 1.12), left=0.1, right=0.9)
                face.arches(5, 0.2, low + 0.02, high, high + 0.035, glass, left=0.1, right=0.9)
            face.block(0, 0.925, 1, 0.945, lit(KEEP, 0.8))
            crenels(face, 13, 0.07)

    def curtain() -> None:
        for face in model.prism(0, 2.9, 6.4, 0.3, 0, 0.85, lit(KEEP, 0.8)):
            face.row(14, 0.08, 0.3, 0.62, KEEP_DARK)
            face.row(22, 0.55, 1, 1.16, lit(KEEP, 0.8))
            face.area(arch(0.45, 0.55, 0, 0.4, 0.72), SHADOW)
        for x in (-3.2, -0.75, 0.75, 3.2):
            model.lathe(x, 2.95, ((0.42, 0), (0.4, 1.15)), lit(KEEP, 0.86), strips=6)
            model.lathe(x, 2.95, ((0.46, 1.12), (0.46, 1.3)), lit(KEEP, 0.94), strips=6)

    spots = [(-1.75, -1.65, False), (1.75, -1.65, True), (-1.75, 1.65, False), (1.75, 1.65, False)]
    model.by_depth([*((x, z, partial(turret, x, z, r)) for x, z, r in spots), (0, 0, keep)])
    curtain()
