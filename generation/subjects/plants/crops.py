"""Plants shown by their edible part: carrot, corn, grape, onion, potato and tomato."""

import numpy as np

from lethebench.generation.drawing.color import mix
from lethebench.generation.drawing.curves import Points, closed, oval, placed, shift, smooth, tube, turned
from lethebench.generation.drawing.ink import OFF_WHITE, SHADE, Ink
from lethebench.generation.subjects.plants.parts import Growth, blade, leaf, stalk


def carrot(ink: Ink, growth: Growth) -> None:
    """Draw two roots with their feathery tops, leaning on each other."""
    orange, green = growth.color((240, 130, 38)), growth.color((84, 152, 64))
    roots = (
        ((0.3, 0.3, 0.88), (-0.12, -0.1, 1.0)),
        ((0.0, 0.05, 1.0),),
        ((0.5, 0.5, 0.8), (-0.5, -0.45, 0.82), (0.0, 0.05, 1.0)),
    )
    for x, angle, size in roots[growth.form]:
        angle = angle + 0.16 * growth.sway + growth.jitter(0.03)
        size = size * growth.size

        def put(points: Points, x: float = x, angle: float = angle, size: float = size) -> np.ndarray:
            return placed(points, x, 0.0, angle, size)

        for k, spread in enumerate(np.linspace(-0.85, 0.85, 6)):
            tip = np.array((0.75 * np.sin(spread), -1.22 - 0.72 * np.cos(spread)))
            line = smooth([(0.0, -1.2), tuple(np.array((0.2 * spread, -1.55))), tuple(tip)], steps=5)
            ink.form(tube(put(line), np.linspace(0.03, 0.014, len(line))), green, reach=0.03)
            for side in (-1, 1):
                way = np.array((np.sin(spread + 0.9 * side), -np.cos(spread + 0.9 * side)))
                starts = line[2:]
                ends = starts + way * np.linspace(0.2, 0.11, len(starts))[:, None]
                belly = 0.5 * (starts + ends)
                across = 0.034 * way[::-1] * (-1, 1)
                leaflets = put(np.stack((starts, belly + across, ends, belly - across), axis=1).reshape(-1, 2))
                for j, leaflet in enumerate(leaflets.reshape(-1, 4, 2)):
                    ink.shape(leaflet, mix(green, SHADE if (k + j) % 2 else OFF_WHITE, 0.12))
        root = put([(0.0, -1.2), (0.0, -0.9), (0.0, -0.5), (0.02, -0.18), (0.03, 0.0)])
        ink.form(tube(root, np.array((0.2, 0.25, 0.18, 0.075, 0.012)) * size), orange, reach=0.14, gloss=0.35)
        for y, side in ((-1.1, 1), (-0.98, -1), (-0.82, 1), (-0.66, -1), (-0.5, 1), (-0.36, -1)):
            wide = 0.2 * -y
            ink.stroke(
                put([(side * wide, y), (side * 0.35 * wide, y + 0.025)]), 0.02, mix(orange, SHADE, 0.4), alpha=0.7
            )


def corn(ink: Ink, growth: Growth) -> None:
    """Draw an ear with its husk drawn back."""
    gold, green = growth.color((250, 206, 62)), growth.color((130, 176, 78))
    lean = 0.12 * growth.sway

    def put(points: Points) -> np.ndarray:
        return turned(points, lean)

    for side, tip, share in ((-1, (-0.95, -1.5), 0.2), (1, (0.98, -1.34), 0.15)) if growth.form < 2 else ():
        blade(ink, put([(0.0, -0.1), (side * 0.34, -0.5), (side * 0.56, -0.95), tip]), 0.46, mix(green, SHADE, share))
    for k in range(9):
        x = 0.03 * (k - 4)
        curl = growth.jitter(0.06)
        ink.stroke(
            put(smooth([(x, -1.9), (1.6 * x + curl, -2.1), (3.2 * x + curl, -2.22 - 0.02 * (k % 3))])),
            0.022,
            growth.color((206, 150, 84)),
        )
    ear = closed([(0.0, -2.0), (0.2, -1.86), (0.31, -1.4), (0.33, -0.8), (0.26, -0.3), (0.0, -0.14), (-0.26, -0.3),
        (-0.33, -0.8), (-0.31, -1.4), (-0.2, -1.86)])  # fmt: skip
    ink.form(put(ear), mix(gold, SHADE, 0.35), reach=0.14)
    for row in range(19):
        y = -1.88 + 0.088 * row
        half = float(np.interp(y, (-2.0, -1.86, -1.4, -0.8, -0.3), (0.03, 0.2, 0.31, 0.33, 0.26)))
        for col in np.linspace(-1, 1, 7):
            x = half * np.sin(col * 1.25) / np.sin(1.25) * 0.9
            wide = 0.052 * np.cos(col * 1.1) * half / 0.3 + 0.012
            tone = mix(gold, OFF_WHITE if col < 0 else SHADE, 0.16 * abs(col) + 0.05 * ((row + int(3 * col)) % 2))
            ink.patch(put(oval(x, y, wide, 0.042, count=12)), tone)
            ink.patch(put(oval(x - 0.3 * wide, y - 0.015, 0.35 * wide, 0.012, count=8)), mix(tone, OFF_WHITE, 0.6))
    if growth.form != 1:  # else the ear is bare in front
        blade(ink, put([(0.04, -0.02), (-0.24, -0.3), (-0.38, -0.8), (-0.44, -1.24), (-0.66, -1.5)]), 0.44, green)
        blade(
            ink,
            put([(-0.04, -0.02), (0.24, -0.28), (0.38, -0.7), (0.42, -1.08), (0.6, -1.34)]),
            0.44,
            mix(green, OFF_WHITE, 0.08),
        )
        blade(ink, put([(0.0, 0.0), (0.02, -0.3), (-0.02, -0.62), (0.03, -0.94)]), 0.5, mix(green, OFF_WHITE, 0.14))
    stalk(ink, put([(0.0, 0.0), (0.0, -0.14)]), 0.16, green)


def grape(ink: Ink, growth: Growth) -> None:
    """Draw a bunch on its vine, with a leaf and a tendril."""
    purple, green, wood = (growth.color(c) for c in ((106, 60, 142), (98, 156, 72), (126, 90, 62)))
    stalk(ink, [(-0.75, -2.0), (-0.2, -2.05), (0.3, -2.0), (0.8, -2.1)], 0.11, wood, 0.08)
    stalk(ink, [(0.0, -2.04), (0.0, -1.6)], 0.05, mix(wood, green, 0.5))
    t = np.linspace(0, 3.6 * np.pi, 30)
    ink.stroke(np.column_stack((0.52 + 0.02 * t + 0.07 * np.cos(t), -1.98 + 0.045 * t)), 0.022, green)
    for cx, cy, size, tilt in ((-0.52, -1.72, 0.5, 0.5), (0.36, -1.86, 0.42, -0.6)):
        angles = np.array((-2.6, -2.1, -1.57, -1.04, -0.5, 0.05, 0.5, 1.2, 1.57, 1.94, 2.64, 3.1))
        far = np.array((0.75, 0.5, 1.0, 0.5, 0.9, 0.55, 0.8, 0.5, 0.28, 0.5, 0.8, 0.55))
        lobes = far[:, None] * np.column_stack((np.cos(angles), np.sin(angles)))
        turn = tilt + np.pi + 0.2 * growth.sway
        ink.form(placed(smooth(lobes, closed=True, steps=4), cx, cy, turn, size * growth.size), green, reach=0.12)
        for angle in (-2.6, -1.57, -0.5, 0.5, 2.64):
            ink.stroke(
                placed([(0.0, 0.2), (0.62 * np.cos(angle), 0.62 * np.sin(angle))], cx, cy, turn, size),
                0.022,
                mix(green, OFF_WHITE, 0.35),
                alpha=0.8,
            )
    rows = ((5, 6, 5, 5, 4, 3, 2, 1), (4, 5, 4, 3, 2), (3, 4, 4, 3, 3, 2, 2, 1, 1))[growth.form]
    swing = 0.1 * growth.sway
    for row, count in enumerate(rows):
        y = -1.52 + 0.19 * row
        for k in range(count):
            x = 0.235 * (k - (count - 1) / 2) + swing * row / 4 + growth.jitter(0.018)
            tone = mix(purple, (70, 40, 110) if (row + k) % 2 else (160, 90, 170), 0.3)
            spot = (x, y + growth.jitter(0.015))
            ink.form(oval(spot[0], spot[1], 0.142, 0.15, count=24), tone, reach=0.09, depth=0.5, gloss=0.2)
            ink.patch(oval(spot[0] - 0.05, spot[1] - 0.06, 0.03, 0.024, count=10), mix(tone, OFF_WHITE, 0.7))


def onion(ink: Ink, growth: Growth) -> None:
    """Draw a bulb with papery skin, dry neck and roots, beside a halved one."""
    skin, flesh = growth.color((206, 138, 66)), growth.color((248, 238, 226))
    cx, lean = -0.26, 0.12 * growth.sway
    bulb = np.array([(0.0, -1.22), (0.12, -1.08), (0.36, -0.96), (0.6, -0.7), (0.6, -0.34), (0.34, -0.08), (0.0, -0.03),
        (-0.34, -0.08), (-0.6, -0.34), (-0.6, -0.7), (-0.36, -0.96), (-0.12, -1.08)])  # fmt: skip
    for k in range(-3, 4):
        ink.stroke(
            [(cx + 0.03 * k, -0.06), (cx + 0.07 * k, 0.05 + 0.012 * (k % 2))], 0.016, growth.color((226, 208, 170))
        )

    def put(points: Points) -> np.ndarray:
        return shift(turned(points, lean, (0.0, -0.1)), cx, 0.0)

    for tip in ((-0.14, -1.62), (0.12, -1.68), (0.0, -1.56)):
        ink.form(
            put(tube([(0.0, -1.0), (0.3 * tip[0], -1.3), tip], (0.1, 0.055, 0.012))),
            mix(skin, OFF_WHITE, 0.25),
            reach=0.05,
        )
    ink.form(put(closed(bulb)), skin, reach=0.22, gloss=0.35)
    for k in np.linspace(-0.9, 0.9, 9):
        line = smooth([(0.0, -1.18), (0.1 * k, -1.02), (0.52 * k, -0.72), (0.55 * k, -0.36), (0.1 * k, -0.05)])
        ink.stroke(put(line), 0.014, mix(skin, (120, 64, 30), 0.7), alpha=0.5)
    if growth.form == 1:
        return
    x, y, size = 0.56, -0.4, 0.4 * growth.size
    ink.form(oval(x, y, size, 0.98 * size), mix(skin, SHADE, 0.1), reach=0.08)
    for k, share in enumerate((0.93, 0.78, 0.74, 0.58, 0.54, 0.38, 0.34, 0.18)):
        ink.patch(
            oval(x - 0.01, y, size * share, 0.98 * size * share),
            flesh if k % 2 == 0 else mix(flesh, (190, 190, 120), 0.45),
        )
    ink.shaded(oval(x, y, size, 0.98 * size), flesh, depth=0.3, gloss=0.0, reach=0.1)


def potato(ink: Ink, growth: Growth) -> None:
    """Draw three tubers with eyes, one of them sprouting."""
    skin = growth.color((190, 148, 96))
    tubers = ((0.42, -0.4, 0.5, 0.36, 0.5, 3), (-0.46, -0.42, 0.56, 0.4, -0.3, 7),
        (0.0, -0.3, 0.62, 0.34, 0.08, 11))  # fmt: skip
    leaf_green = growth.color((96, 150, 74))
    if growth.form == 0:
        stalk(
            ink,
            [(-0.62, -0.72), (-0.66, -0.94), (-0.6 + 0.06 * growth.sway, -1.12)],
            0.06,
            mix(leaf_green, OFF_WHITE, 0.3),
        )
    for angle in (-2.5, -1.57, -0.7) if growth.form == 0 else ():
        leaf(ink, -0.6 + 0.06 * growth.sway, -1.08, angle + growth.jitter(0.1), 0.26, 0.17, leaf_green)
    for x, y, rx, ry, angle, seed in tubers[growth.form :]:
        rng = np.random.default_rng(seed)
        t = np.linspace(0, 2 * np.pi, 10, endpoint=False)
        bump = rng.uniform(0.93, 1.07, 10) * growth.size
        edge = np.column_stack((rx * bump * np.cos(t), ry * bump * np.sin(t)))
        angle += 0.1 * growth.sway + growth.jitter(0.04) + 0.9 * (growth.ripe - 0.5)
        tone = mix(skin, (150, 100, 60), 0.12 * (seed % 3))
        outline = placed(closed(edge), x, y, angle)
        outline[:, 1] = np.minimum(outline[:, 1], 0.0)
        ink.form(outline, tone, reach=0.18, gloss=0.28)
        for _ in range(7):
            a, r = rng.uniform(0, 2 * np.pi), rng.uniform(0.15, 0.78)
            spot = placed([(rx * r * np.cos(a), ry * r * np.sin(a))], x, y, angle)[0]
            ink.patch(oval(spot[0], spot[1], 0.055, 0.028, angle + 0.3), mix(tone, (80, 50, 30), 0.6))
            ink.patch(oval(spot[0], spot[1] + 0.018, 0.05, 0.022, angle + 0.3), mix(tone, OFF_WHITE, 0.1))
        for _ in range(14):
            a, r = rng.uniform(0, 2 * np.pi), rng.uniform(0, 0.85)
            spot = placed([(rx * r * np.cos(a), ry * r * np.sin(a))], x, y, angle)[0]
            ink.patch(oval(spot[0], spot[1], 0.012, 0.01, count=8), mix(tone, (80, 50, 30), 0.5))


def tomato(ink: Ink, growth: Growth) -> None:
    """Draw a truss of red fruits."""
    red, green = growth.color((220, 48, 36)), growth.color((84, 142, 62))
    sway = 0.08 * growth.sway
    stalk(ink, [(0.5, -2.0), (0.1 + sway, -1.76), (-0.04 + sway, -1.3), (0.0, -0.8)], 0.07, green, 0.05)
    for x, y, angle in ((0.4, -1.94, -2.9), (0.3, -1.88, 0.5), (0.0, -1.66, 3.0)):
        way = angle + growth.jitter(0.1)
        for along, turn in ((0.1, -0.9), (0.1, 0.9), (0.2, 0.0)):
            leaf(
                ink,
                x + along * np.cos(way),
                y + along * np.sin(way),
                way + turn,
                0.36 * growth.size,
                0.2,
                growth.color((74, 134, 60)),
            )
    last = mix(red, (240, 120, 50), 0.3 * growth.ripe)
    fruits = ((-0.5, -0.98, 0.4, red), (0.48, -0.9, 0.43, red), (-0.02, -0.44, 0.46, last))
    for k, (x, y, r, tone) in enumerate(fruits[growth.form :]):
        x, r = x + sway + growth.jitter(0.02), r * growth.size
        top = y - 0.86 * r
        stalk(ink, [(0.0 + sway, y - 1.25 * r), (x, top - 0.1), (x, top)], 0.045, green)
        fruit = np.array([(0.0, -0.86), (0.4, -0.95), (0.85, -0.66), (1.05, -0.05), (0.8, 0.65), (0.3, 0.94),
            (0.0, 0.92), (-0.3, 0.94), (-0.8, 0.65), (-1.05, -0.05), (-0.85, -0.66), (-0.4, -0.95)])  # fmt: skip
        ink.form(closed(fruit * r + (x, y)), tone, reach=0.2, gloss=0.2, depth=0.5)
        ink.shape(oval(x - 0.4 * r, y - 0.4 * r, 0.2 * r, 0.12 * r, -0.6), OFF_WHITE, alpha=0.75, blur=0.02)
        for angle in np.linspace(0.15, np.pi - 0.15, 5) + 0.1 * (k - 1):
            leaf(ink, x, top + 0.02, angle, 0.3 * r / 0.42, 0.09, mix(green, SHADE, 0.1), vein=False)
        leaf(ink, x, top + 0.02, -0.5 - 2.2 * (k % 2), 0.2, 0.07, green, vein=False)


CROPS = {
    "Carrot": (carrot, (-1.3, -2.4, 1.6, 0.1)),
    "Corn": (corn, (-1.3, -2.4, 1.3, 0.1)),
    "Grape": (grape, (-1.1, -2.5, 1.1, 0.1)),
    "Onion": (onion, (-1.2, -1.8, 1.1, 0.1)),
    "Potato": (potato, (-1.2, -1.5, 1.2, 0.1)),
    "Tomato": (tomato, (-1.1, -2.5, 1.1, 0.1)),
}
"""Plant -> how it is drawn, and the reach of its `Ink`."""
