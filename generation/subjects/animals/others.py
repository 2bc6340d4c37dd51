"""A rabbit, a butterfly and a dolphin. All face right."""

import numpy as np

from lethebench.generation.drawing.color import mix
from lethebench.generation.drawing.curves import Points, closed, oval, placed, smooth, tube, turned
from lethebench.generation.drawing.ink import OFF_WHITE, SHADE, Ink
from lethebench.generation.subjects.animals.body import Pose
from lethebench.generation.subjects.animals.head import DARK, Head


def rabbit(ink: Ink, pose: Pose) -> None:
    """Draw a sitting rabbit with its ears up."""
    coat, pale, pink = (pose.color(c) for c in ((172, 142, 116), (250, 244, 234), (236, 168, 166)))
    far = mix(coat, SHADE, 0.28)
    ink.form(oval(-0.78, -0.34, 0.2, 0.19), pale, reach=0.1)
    ink.form(tube([(0.34, -0.5), (0.46, -0.2), (0.5, -0.05)], (0.12, 0.1, 0.08)), far, reach=0.06)
    ink.form(oval(0.58, -0.06, 0.15, 0.07), far, reach=0.05)
    lift = 0.1 * pose.nod
    laid = -0.9 if pose.posture == "lie" else 0.0  # the ears on the back
    at = np.array((0.46, -1.02 - lift))
    bend = 0.16 * pose.wag
    ears = [
        turned(np.array([(x, -0.22), (x - 0.06 + 0.4 * b, -0.55), (x - 0.12 + b, -0.9)]), laid, (x, -0.22))
        for x, b in ((0.06, bend + 0.16), (-0.1, bend - 0.06))
    ]
    ink.form(tube(at + ears[0], (0.08, 0.12, 0.04)), far, reach=0.06)
    body = closed([(-0.7, -0.3), (-0.72, -0.62), (-0.42, -0.94), (-0.02, -0.98), (0.36, -0.96), (0.5, -0.7),
        (0.46, -0.36), (0.2, -0.06), (-0.4, -0.04)])  # fmt: skip
    ink.form([body, tube([(0.1, -0.8), tuple(at)], (0.32, 0.24))], coat, reach=0.18)
    ink.shape(oval(0.42, -0.58, 0.16, 0.26), pale, blur=0.05)
    haunch = closed(
        [(-0.62, -0.2), (-0.56, -0.52), (-0.26, -0.66), (0.02, -0.5), (0.06, -0.22), (-0.1, -0.06), (-0.46, -0.04)]
    )
    ink.form(haunch, coat, reach=0.14, depth=0.34)
    ink.form(
        tube([(-0.32, -0.07), (0.0, -0.08), (0.2, -0.06)], (0.09, 0.1, 0.07)), mix(coat, OFF_WHITE, 0.25), reach=0.06
    )
    ink.form(tube([(0.3, -0.5), (0.36, -0.2), (0.36, -0.08)], (0.13, 0.1, 0.08)), coat, reach=0.07)
    ink.form(oval(0.44, -0.07, 0.15, 0.075), mix(coat, OFF_WHITE, 0.25), reach=0.05)
    head = Head(ink, tuple(at), -0.25 * pose.nod + 0.1)
    head.form([(-0.26, 0.0), (-0.16, -0.24), (0.06, -0.29), (0.28, -0.14), (0.4, 0.02), (0.36, 0.16), (0.16, 0.26),
        (-0.14, 0.24)], coat)  # fmt: skip
    head.form(
        [(0.1, 0.1), (0.26, 0.0), (0.4, 0.02), (0.38, 0.16), (0.22, 0.24), (0.1, 0.2)], mix(coat, pale, 0.7), reach=0.06
    )
    ink.patch(head.put([(0.36, -0.03), (0.43, 0.0), (0.39, 0.06)]), pink)
    head.line([(0.38, 0.06), (0.34, 0.12), (0.26, 0.13)], 0.016, (92, 60, 54))
    head.eye(0.16, -0.07, 0.06, (58, 36, 26))
    for k in (-1, 0, 1):
        ink.stroke(head.put([(0.28, 0.08 + 0.02 * k), (0.08, 0.12 + 0.06 * k)]), 0.01, OFF_WHITE, alpha=0.8)
    ink.form(tube(at + ears[1], (0.09, 0.13, 0.04)), coat, reach=0.07)
    ink.patch(tube(at + ears[1] * 0.98 + (0.01, -0.02), (0.02, 0.075, 0.01)), pink, 0.015)


def butterfly(ink: Ink, pose: Pose) -> None:
    """Draw a monarch from above, its wings more or less open."""
    orange, black = pose.color((240, 138, 36)), (34, 28, 30)
    lean = 0.5 * pose.wag + (1.4 * np.sign(pose.wag) if pose.posture == "lie" else 0.0)  # flies up or aside
    fore = np.array(
        [(0.05, -0.16), (0.4, -0.6), (0.86, -0.78), (1.04, -0.66), (0.92, -0.3), (0.62, -0.06), (0.08, 0.04)]
    )
    hind = np.array([(0.06, 0.0), (0.5, -0.02), (0.8, 0.22), (0.78, 0.54), (0.52, 0.72), (0.24, 0.5), (0.06, 0.2)])
    for side in (-1, 1):
        opening = 0.7 + 0.3 * pose.nod - 0.16 * (side > 0) * (pose.step)

        def put(points: Points, side: int = side, opening: float = opening) -> np.ndarray:
            return turned(np.asarray(points, float) * (side * opening, 1.0), lean)

        for wing, hub in ((hind, (0.1, 0.08)), (fore, (0.1, -0.08))):
            edge = closed(wing)
            ink.form(put(edge), black, reach=0.1, gloss=0.1)
            inner = np.array(hub) + (edge - hub) * 0.84
            ink.patch(put(inner), orange, 0.01)
            ink.shape(put(np.array(hub) + (edge - hub) * 0.4), mix(orange, (255, 208, 96), 0.7), blur=0.08, alpha=0.8)
            middle = wing[1:-1].mean(axis=0)
            for tip in wing[1:-1]:
                ink.stroke(
                    put([hub, (np.array(hub) + tip) / 2 + 0.06 * (middle - tip), np.array(hub) + (tip - hub) * 0.95]),
                    0.026,
                    black,
                    alpha=0.98,
                )
            for t in np.linspace(0.2, 0.82, 10):
                spot = np.array(hub) + (edge[int(t * len(edge))] - hub) * 0.92
                ink.patch(put(oval(spot[0], spot[1], 0.024, 0.024)), OFF_WHITE)
        feeler = [(0.03, -0.3), (0.12, -0.52), (0.24, -0.64)]
        line = turned(np.array(feeler) * (side, 1), lean)
        ink.stroke(smooth(line), 0.024, black)
        ink.shape(oval(line[-1][0], line[-1][1], 0.032, 0.032), black)
    ink.form(
        turned(tube([(0, -0.28), (0, -0.05), (0, 0.4)], (0.06, 0.085, 0.035)), lean),
        (52, 42, 42),
        reach=0.05,
        gloss=0.4,
    )
    ink.form(turned(oval(0, -0.32, 0.075, 0.075), lean), (46, 38, 40), reach=0.04, gloss=0.4)


def dolphin(ink: Ink, pose: Pose) -> None:
    """Draw a dolphin that leaps out of a splash."""
    skin, pale = pose.color((98, 128, 156)), pose.color((226, 234, 238))
    water = pose.color((110, 176, 206))
    swims = pose.posture == "lie"
    if not swims:
        ink.form(oval(-0.3, -0.08, 1.15, 0.12), mix(water, SHADE, 0.15), reach=0.1, depth=0.2)
    tilt = (0.7 if swims else 0.32) * pose.nod

    def put(points: Points) -> np.ndarray:
        return turned(points, tilt, (-0.2, -0.6))

    arc = put(np.array([(-1.0, -0.34), (-0.76, -0.66), (-0.36, -1.0), (0.1, -1.1), (0.5, -1.0), (0.76, -0.82)]))
    body = tube(arc, np.array((0.07, 0.14, 0.24, 0.29, 0.25, 0.16)) * pose.plump)
    for side in (-1, 1):
        fluke = np.array([(0.06, 0.04 * side), (-0.08, 0.12 * side), (-0.26, 0.4 * side), (-0.34, 0.42 * side),
            (-0.26, 0.1 * side), (-0.18, 0.0)])  # fmt: skip
        ink.form(
            placed(closed(fluke), arc[0, 0], arc[0, 1], tilt - 0.85), mix(skin, SHADE, 0.12 * (side + 1)), reach=0.05
        )
    ink.form(put(closed([(0.0, -1.3), (-0.16, -1.46), (-0.38, -1.58), (-0.36, -1.36), (-0.3, -1.2)])), skin, reach=0.07)
    ink.form(
        put(tube([(0.3, -0.84), (0.24, -0.6), (0.06, -0.44)], (0.1, 0.09, 0.015))), mix(skin, SHADE, 0.3), reach=0.05
    )
    head = put(closed([(0.6, -1.1), (0.82, -1.0), (0.93, -0.84), (1.14, -0.68), (1.15, -0.61), (1.02, -0.6),
        (0.84, -0.62), (0.62, -0.7), (0.5, -0.86)]))  # fmt: skip
    ink.shape(body, skin)
    ink.shape(head, skin)
    belly = put(np.array([(-0.9, -0.44), (-0.4, -0.82), (0.1, -0.92), (0.5, -0.84), (0.84, -0.68), (1.16, -0.64),
        (0.6, -0.36), (-0.3, -0.36)]))  # fmt: skip
    ink.shape(smooth(belly, closed=True), pale, blur=0.035, clip=ink.mask(body))
    ink.shape(smooth(belly, closed=True), pale, blur=0.035, clip=ink.mask(head))
    ink.shaded([body, head], skin, reach=0.16)
    ink.form(put(tube([(0.42, -0.86), (0.5, -0.6), (0.4, -0.38)], (0.1, 0.09, 0.015))), skin, reach=0.05)
    ink.stroke(
        put(smooth([(1.14, -0.64), (0.98, -0.69), (0.82, -0.7), (0.76, -0.74)])), 0.02, mix(skin, DARK, 0.7), alpha=0.9
    )
    ink.patch(put(oval(0.72, -0.82, 0.042, 0.042)), DARK)
    ink.patch(put(oval(0.705, -0.835, 0.014, 0.014)), OFF_WHITE)
    if swims:
        return
    for x, high, wide in ((-1.24, 0.3, 0.1), (-1.06, 0.5, 0.12), (-0.8, 0.42, 0.12), (-0.58, 0.3, 0.1),
        (-0.4, 0.16, 0.09)):  # fmt: skip
        ink.form(closed([(x - wide, -0.02), (x - 0.3 * wide, -0.6 * high), (x + 0.1 * pose.wag * high, -high),
            (x + 0.4 * wide, -0.5 * high), (x + wide, -0.02)]), mix(water, OFF_WHITE, 0.55), reach=0.06,
            depth=0.2)  # fmt: skip
    for x, y, r in ((-1.3, -0.42, 0.035), (-0.62, -0.46, 0.03), (-1.14, -0.64, 0.035), (-0.4, -0.3, 0.026)):
        ink.shape(oval(x + 0.04 * pose.wag, y, r, 1.2 * r), mix(water, OFF_WHITE, 0.6))
    ink.form(oval(-0.82, -0.04, 0.56, 0.08), mix(water, OFF_WHITE, 0.4), reach=0.06, depth=0.2)
