"""Plants that stand upright: aloe, bamboo, cactus, rose, sunflower and wheat."""

import numpy as np

from lethebench.generation.drawing.color import Color, mix
from lethebench.generation.drawing.curves import directions, oval, placed, shift, smooth, tube
from lethebench.generation.drawing.ink import OFF_WHITE, SHADE, Ink
from lethebench.generation.subjects.plants.parts import Growth, blade, leaf, mound, pot, stalk


def aloe(ink: Ink, growth: Growth) -> None:
    """Draw a rosette of fleshy toothed leaves in a pot."""
    green = growth.color((112, 158, 112))
    if growth.form:
        pot(ink, growth, 0.52, 0.62)
    else:
        mound(ink, growth, 0.7, 0.72)
    around = np.linspace(-0.16, -np.pi + 0.16, 7 + 3 * growth.form) * (0.66 + 0.34 * growth.ripe) - 0.5 * np.pi * (
        0.34 - 0.34 * growth.ripe
    )  # narrow when young, spread when old
    # From back to front: the upright leaves, the outer ones, a few short ones.
    leaves = [(angle, 1.0) for angle in around[np.argsort(np.abs(around + np.pi / 2))]]
    for k, (base, share) in enumerate((*leaves, (-2.15, 0.6), (-1.0, 0.6), (-1.57, 0.55))):
        upright = np.sin(-base)
        angle = base + growth.jitter(0.05) + 0.06 * growth.sway
        length = share * (0.86 + 0.44 * upright) * growth.size * (1 + growth.jitter(0.04))
        bend = 0.3 * (1 - upright) * (-1 if np.cos(angle) > 0 else 1)
        t = np.linspace(0, 1, 6)
        way = angle + bend * (t - 0.3)
        line = np.array((0.03 * np.cos(angle), -0.66)) + np.cumsum(
            np.column_stack((np.cos(way), np.sin(way))) * length / 6, axis=0
        )
        tone = mix(green, SHADE if k % 2 else OFF_WHITE, 0.12)
        radii = 0.115 * np.array((0.9, 1.0, 0.92, 0.72, 0.42, 0.06))
        ink.form(tube(line, radii), tone, reach=0.09, gloss=0.35)
        along = directions(line)
        across = along[:, ::-1] * (-1, 1)
        for j in range(1, 5):
            for side in (-1, 1):
                tip = line[j] + across[j] * side * (radii[j] + 0.022)
                root = line[j] + across[j] * side * radii[j] * 0.95
                ink.shape(np.array([root - 0.02 * along[j], tip, root + 0.02 * along[j]]), mix(tone, OFF_WHITE, 0.5))
            spot = line[j] + across[j] * radii[j] * 0.3 * (-1) ** j
            ink.patch(oval(spot[0], spot[1], 0.022, 0.012, way[j]), mix(tone, OFF_WHITE, 0.55))


def bamboo(ink: Ink, growth: Growth) -> None:
    """Draw jointed culms with bunches of narrow leaves."""
    green = growth.color((120, 166, 70))
    mound(ink, growth, 0.62, 0.1)
    culms = ((-0.36, 1.9, 0.085), (0.4, 2.0, 0.09), (-0.1, 2.3, 0.11), (0.18, 1.7, 0.1), (-0.56, 1.4, 0.08))
    for x, high, thick in culms[: 2 + growth.form] if growth.form else (*culms, (0.6, 1.5, 0.08)):
        lean = 0.3 * growth.sway + 0.18 * x + growth.jitter(0.03)
        high = high * (0.6 + 0.5 * growth.ripe + growth.jitter(0.08))
        tone = mix(green, (214, 206, 110), 0.25 * abs(x) + 0.1)
        count = 7
        for k in range(count):
            low, top = (
                np.array((x + lean * k / count, -0.04 - high * k / count)),
                np.array((x + lean * (k + 1) / count, -0.04 - high * (k + 1) / count)),
            )
            ink.form(
                tube([low, (low + top) / 2, top], np.array((1.06, 0.92, 1.06)) * thick / 2), tone, reach=0.05, gloss=0.4
            )
            ink.stroke([shift(low, -thick * 0.52, 0.0), shift(low, thick * 0.52, 0.0)], 0.022, mix(tone, SHADE, 0.5))
            if k >= 3:
                side = 1 if (k + int(10 * high)) % 2 else -1
                for spread in (-0.5, 0.05, 0.6):
                    angle = (0.25 if side > 0 else np.pi - 0.25) + spread * side + growth.jitter(0.08)
                    leaf(ink, top[0], top[1], angle, 0.42 * growth.size, 0.1, growth.color((84, 142, 66)), vein=False)


def cactus(ink: Ink, growth: Growth) -> None:
    """Draw a ribbed column with two raised arms, spines and a flower."""
    green = growth.color((86, 140, 84))
    mound(ink, growth, 0.6, 0.08)
    high = 1.9 * growth.size
    left, right = 0.95 + growth.jitter(0.06), 0.72 + growth.jitter(0.06)
    parts = [
        ([(-0.1, -left), (-0.42, -left - 0.04), (-0.56, -left - 0.24), (-0.56, -left - 0.62)], 0.135),
        ([(0.1, -right), (0.46, -right - 0.04), (0.62, -right - 0.26), (0.62, -right - 0.74)], 0.145),
        ([(0.0, 0.0), (0.0, -0.7), (0.02 * growth.sway, -1.3), (0.03 * growth.sway, -high)], 0.27),
    ][growth.form :]
    for line, r in parts:
        body = tube(line, np.full(len(line), r))
        ink.form(body, green, reach=0.7 * r, gloss=0.3)
        curve = smooth(line, steps=6)
        along = directions(curve)
        across = along[:, ::-1] * (-1, 1)
        for share in (-0.66, -0.25, 0.2, 0.62):
            ink.stroke(curve + across * share * r, 0.026, mix(green, SHADE, 0.55), alpha=0.5)
            for k in range(1, len(curve), 2):
                spot = curve[k] + across[k] * (share + 0.2) * r
                for dx in (-0.035, 0.0, 0.035):
                    ink.stroke([spot, shift(spot, dx, -0.035)], 0.009, (250, 244, 220), alpha=0.95)
    flowers = ((0.03 * growth.sway, -high - 0.24), (0.62, -right - 0.86))
    for x, y in flowers[: 2 if growth.form < 2 else 1] if growth.ripe > 0.4 else ():
        for angle in np.linspace(-2.7, -0.4, 6):
            leaf(ink, x, y + 0.03, angle, 0.17, 0.1, growth.color((232, 92, 136)), vein=False)
        ink.form(oval(x, y, 0.05, 0.04), (250, 214, 90), reach=0.03)


def rose(ink: Ink, growth: Growth) -> None:
    """Draw one red bloom on a thorny stem."""
    green, red = growth.color((64, 122, 62)), growth.color((206, 34, 52))
    bend = 0.14 * growth.sway
    stem = smooth([(0.0, 0.0), (-0.3 * bend, -0.5), (0.2 * bend, -1.0), (bend, -1.5)])
    mound(ink, growth, 0.34, 0.07)
    stalk(ink, stem, 0.075, green, 0.06)
    for k, side in ((4, 1), (8, -1), (12, 1), (16, -1)):
        x, y = stem[k]
        ink.form(
            np.array([(x, y - 0.04), (x + 0.1 * side, y - 0.035), (x, y + 0.04)]),
            mix(green, (120, 60, 60), 0.4),
            reach=0.03,
        )
    for k, side in ((5, -1), (11, 1)):
        x, y = stem[k]
        angle = -0.55 if side > 0 else np.pi + 0.55
        angle += growth.jitter(0.1)
        way = np.array((np.cos(angle), np.sin(angle)))
        stalk(ink, [(x, y), tuple((x, y) + 0.34 * way)], 0.035, green)
        for along, turn in ((0.16, -1.0), (0.16, 1.0), (0.34, 0.0)):
            leaf(
                ink,
                x + along * way[0],
                y + along * way[1],
                angle + turn,
                0.34 * growth.size,
                0.24,
                growth.color((58, 128, 64)),
            )
    bloom = 0.55 + 0.55 * growth.ripe  # from a bud to an open bloom
    at = stem[-1] + (0.0, -0.2 * bloom)
    for angle in np.linspace(0.4, np.pi - 0.4, 5):
        leaf(ink, at[0], at[1] + 0.2, angle, 0.3, 0.1, green, vein=False)
    spin = growth.jitter(0.12)
    for ring, (count, far, r) in enumerate(((5, 0.25, 0.3), (5, 0.19, 0.26), (4, 0.12, 0.21), (3, 0.06, 0.16))):
        tone = mix(red, SHADE if ring % 2 else OFF_WHITE, 0.1)
        for k in range(count):
            angle = spin + 0.7 * ring + 2 * np.pi * k / count + np.pi / 2
            x, y = at + bloom * far * np.array((np.cos(angle), 0.8 * np.sin(angle)))
            ink.form(
                oval(x, y, bloom * r, (1.5 - 0.6 * bloom) * 0.86 * bloom * r, angle),
                tone,
                reach=0.08,
                depth=0.55,
                gloss=0.3,
            )
    t = np.linspace(0, 4.2 * np.pi, 40)
    spiral = at + np.column_stack((np.cos(t + spin), 0.85 * np.sin(t + spin))) * bloom * (0.02 + 0.011 * t)[:, None]
    ink.stroke(spiral, 0.024, mix(red, SHADE, 0.65), alpha=0.75)


def sunflower(ink: Ink, growth: Growth) -> None:
    """Draw a large head that turns a little aside."""
    green, gold, brown = (growth.color(c) for c in ((92, 148, 64), (250, 190, 34), (98, 58, 34)))
    bend = 0.2 * growth.sway
    stem = smooth([(0.0, 0.0), (-0.4 * bend, -0.5), (0.0, -1.0), (bend, -1.5)])
    mound(ink, growth, 0.4, 0.08)
    stalk(ink, stem, 0.12, green, 0.1)
    for k, side in ((6, 1), (11, -1)):
        x, y = stem[k]
        angle = (-0.35 if side > 0 else np.pi + 0.35) + growth.jitter(0.12)
        leaf(ink, x, y, angle, 0.68 * growth.size, 0.46, growth.color((78, 138, 62)))
    at, squash = stem[-1] + (0.0, -0.12), 0.62 + 0.38 * growth.ripe

    long = (1.0, 0.7, 1.25)[growth.form]

    def petals(count: int, far: float, length: float, tone: Color, start: float) -> None:
        for k in range(count):
            angle = start + 2 * np.pi * k / count + growth.jitter(0.03)
            x, y = at + far * np.array((squash * np.cos(angle), np.sin(angle)))
            leaf(ink, x, y, angle, long * length * (1 + growth.jitter(0.05)), 0.17, tone, vein=False)

    petals(20, 0.24, 0.4, mix(gold, (206, 120, 20), 0.35), 0.16)
    petals(18, 0.22, 0.36, gold, 0.0)
    ink.form(oval(at[0], at[1], 0.32 * squash, 0.32), brown, reach=0.12)
    for k in range(90):
        r, angle = 0.3 * np.sqrt((k + 0.5) / 90), k * 2.39996
        x, y = at + r * np.array((squash * np.cos(angle), np.sin(angle)))
        ink.patch(oval(x, y, 0.016, 0.016, count=8), mix(brown, (220, 160, 60) if k > 55 else (30, 18, 14), 0.5))


def wheat(ink: Ink, growth: Growth) -> None:
    """Draw a fan of golden ears with beards."""
    gold = growth.color((222, 174, 84))
    mound(ink, growth, 0.5, 0.07)
    for lean in (-0.62, 0.6, -0.4, 0.42, -0.18, 0.2, 0.0)[2 * growth.form :]:
        lean = lean + 0.16 * growth.sway + growth.jitter(0.03)
        high = (1.62 - 0.3 * abs(lean)) * growth.size + growth.jitter(0.04)
        line = smooth([(0.2 * lean, 0.0), (0.4 * lean, -0.5 * high), (lean, -high)])
        stalk(ink, line, 0.035, mix(gold, (150, 150, 70), 0.3), 0.028)
        way = np.arctan2(*(line[-1] - line[-4])[::-1])
        blade(
            ink,
            [line[4], line[4] + (0.12 * np.sign(lean + 0.01), -0.2), line[4] + (0.34 * np.sign(lean + 0.01), -0.14)],
            0.06,
            mix(gold, (140, 150, 70), 0.45),
        )
        _ear(ink, line[-1], way, gold)


def _ear(ink: Ink, foot: np.ndarray, way: float, gold: Color) -> None:
    """Draw two rows of grains with their beards, starting at `foot`."""
    for k in range(10):
        for side in (-1, 1) if k < 9 else (0,):
            u, v = placed([(0.062 * k, 0.035 * side)], foot[0], foot[1], way)[0]
            tip = placed([(0.34, 0.12 * side)], u, v, way + 0.12 * side)[0]
            du, dv = 0.017 * (tip[1] - v), 0.017 * (u - tip[0])
            ink.shape(np.array([(u - du, v - dv), (u + du, v + dv), tip]), mix(gold, OFF_WHITE, 0.25))
            ink.shape(oval(u, v, 0.066, 0.034, way + 0.4 * side, 12), mix(gold, (120, 70, 30), 0.35))
            light = oval(u - 0.006, v - 0.008, 0.056, 0.024, way + 0.4 * side, 12)
            ink.patch(light, mix(gold, OFF_WHITE, 0.15 * (k % 2)))


UPRIGHT = {
    "Aloe_Vera": (aloe, (-1.4, -2.1, 1.4, 0.1)),
    "Bamboo": (bamboo, (-1.2, -2.7, 1.3, 0.1)),
    "Cactus": (cactus, (-1.0, -2.5, 1.0, 0.1)),
    "Rose": (rose, (-0.95, -2.3, 0.95, 0.1)),
    "Sunflower": (sunflower, (-1.0, -2.5, 1.0, 0.1)),
    "Wheat": (wheat, (-1.2, -2.6, 1.2, 0.1)),
}
"""Plant -> how it is drawn, and the reach of its `Ink`."""
