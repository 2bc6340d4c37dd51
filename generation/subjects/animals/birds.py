"""Three birds: a hen, a penguin and a parrot. All face right."""

import numpy as np

from lethebench.generation.drawing.color import mix
from lethebench.generation.drawing.curves import closed, oval, shift, tube, turned
from lethebench.generation.drawing.ink import OFF_WHITE, SHADE, Ink
from lethebench.generation.subjects.animals.body import Pose
from lethebench.generation.subjects.animals.head import DARK, Head


def chicken(ink: Ink, pose: Pose) -> None:
    """Draw a brown hen with a red comb, which pecks or looks up."""
    coat, dark, red, yellow = (pose.color(c) for c in ((196, 118, 58), (104, 58, 34), (214, 44, 40), (236, 172, 52)))
    # A hen that lies covers her legs.
    for near, phase in ((0, 0.0), (1, np.pi)) if pose.posture == "stand" else ():
        swing = 0.3 * pose.step * np.sin(pose.stride + phase)
        tone = yellow if near else mix(yellow, SHADE, 0.3)
        x = -0.12 + 0.16 * near
        foot = np.array((x - 0.45 * swing, -0.04))
        ink.form(tube([(x, -0.5), tuple(foot)], (0.05, 0.035)), tone, reach=0.04)
        for toe in ((0.2, 0.02), (0.17, -0.03), (-0.13, 0.01)):
            ink.form(tube([tuple(foot), tuple(foot + toe)], (0.032, 0.015)), tone, reach=0.03)
    for k, angle in enumerate(np.linspace(-2.6, -1.65, 6)):
        tip = np.array((-0.5, -0.86)) + (0.62 + 0.04 * np.sin(3 * k)) * np.array((np.cos(angle), np.sin(angle)))
        ink.form(
            tube(
                [(-0.34, -0.7), tuple((np.array((-0.5, -0.86)) + tip) / 2 + (-0.04, 0.02)), tuple(tip)],
                (0.14, 0.11, 0.03),
            ),
            mix(dark, coat, 0.1 * k),
            reach=0.06,
        )
    base = np.array((0.34, -0.84))
    at = base + turned([(0.12, -0.58)], np.interp(pose.nod, (-1, 0, 1), (1.5, 0.35, -0.1)))[0]
    body = closed([(-0.66, -0.8), (-0.58, -0.54), (-0.3, -0.32), (0.06, -0.3), (0.38, -0.46), (0.52, -0.74),
        (0.44, -0.96), (0.1, -0.88), (-0.28, -0.86), (-0.5, -0.98)])  # fmt: skip
    neck = tube([tuple(shift(base, -0.02, 0.06)), tuple((base + at) / 2 + (-0.03, 0)), tuple(at)], (0.3, 0.2, 0.15))
    ink.form([body, neck], coat, reach=0.16)
    for k in range(7):
        spot = base + (at - base) * (0.1 + 0.13 * (k % 4)) + ((k % 3) * 0.1 - 0.12, 0.02)
        ink.stroke([spot, shift(spot, -0.02, 0.12)], 0.03, mix(coat, (240, 190, 110), 0.6), alpha=0.7)
    wing = closed(
        [(0.22, -0.74), (0.1, -0.5), (-0.18, -0.42), (-0.5, -0.56), (-0.62, -0.68), (-0.3, -0.76), (0.04, -0.84)]
    )
    ink.form(wing, mix(coat, dark, 0.45), reach=0.09)
    for k in range(4):
        x = -0.42 + 0.14 * k
        ink.stroke([(x, -0.68), (x - 0.06, -0.58), (x + 0.02, -0.5)], 0.022, dark, alpha=0.8)
    for x, y, r in ((-0.1, -0.15, 0.075), (-0.01, -0.2, 0.085), (0.09, -0.17, 0.07)):
        ink.form(oval(at[0] + x, at[1] + y, r, 1.2 * r), red, reach=0.05)
    ink.form(oval(at[0], at[1], 0.17, 0.16), mix(coat, (240, 190, 110), 0.2), reach=0.08)
    head = Head(ink, tuple(at), np.interp(pose.nod, (-1, 1), (0.7, -0.1)))
    ink.form(head.put([(0.12, -0.07), (0.34, 0.02), (0.13, 0.05)]), yellow, reach=0.04)
    ink.form(head.put([(0.12, 0.03), (0.27, 0.04), (0.12, 0.09)]), mix(yellow, SHADE, 0.25), reach=0.04)
    ink.form(oval(at[0] + 0.12, at[1] + 0.17, 0.06, 0.1), red, reach=0.04)
    ink.patch(head.put(oval(0.06, -0.02, 0.075, 0.06)), red)
    head.eye(0.06, -0.04, 0.036, (226, 150, 40))


def penguin(ink: Ink, pose: Pose) -> None:
    """Draw a penguin that stands upright and looks aside."""
    back, belly, orange = pose.color((38, 42, 54)), pose.color((250, 248, 242)), pose.color((240, 158, 44))
    lean = 0.16 * pose.wag
    for x in (-0.24, 0.24):
        up = 0.05 * max(0.0, np.sin(pose.stride + 3 * x)) * pose.step
        ink.form(
            closed([(x - 0.16, -0.04 - up), (x, -0.14 - up), (x + 0.16, -0.04 - up), (x, 0.02 - up)]),
            orange,
            reach=0.05,
        )
        for k in (-0.06, 0.06):
            ink.stroke([(x + k, -0.07 - up), (x + 1.6 * k, -0.01 - up)], 0.014, mix(orange, SHADE, 0.5), alpha=0.7)
    ink.form(closed([(-0.16, -0.2), (-0.3, 0.0), (-0.12, -0.06)]), back, reach=0.05)
    open_ = 0.12 + 0.7 * (pose.nod + 1) / 2
    body = np.array([(0.0, -1.42), (0.34, -1.3), (0.52, -0.9), (0.55, -0.5), (0.4, -0.14), (0.0, -0.08), (-0.4, -0.14),
        (-0.55, -0.5), (-0.52, -0.9), (-0.34, -1.3)])  # fmt: skip
    body[:, 0] *= pose.plump
    for side in (-1, 1):
        wing = np.array([(0.34, -1.22), (0.5, -1.14), (0.6, -0.8), (0.56, -0.48), (0.48, -0.5), (0.4, -0.8)]) * (
            side,
            1,
        )
        ink.form(
            turned(closed(wing), -side * open_ * (1 + 0.4 * pose.wag * side), (side * 0.38, -1.2)),
            mix(back, OFF_WHITE, 0.06),
            reach=0.08,
            gloss=0.3,
        )
    ink.form(turned(closed(body), lean, (0, 0)), back, reach=0.18, gloss=0.3)
    front = np.array([(0.0, -1.24), (0.24, -1.12), (0.37, -0.8), (0.38, -0.44), (0.26, -0.14), (0.0, -0.09),
        (-0.26, -0.14), (-0.37, -0.44), (-0.37, -0.8), (-0.24, -1.12)])  # fmt: skip
    ink.shape(turned(closed(front), lean), belly, blur=0.012)
    ink.shape(turned(oval(0.12, -0.3, 0.24, 0.18), lean), mix(belly, SHADE, 0.2), alpha=0.4, blur=0.09)
    ink.shape(turned(oval(0.0, -1.16, 0.22, 0.12), lean), mix(orange, (255, 220, 90), 0.6), alpha=0.75, blur=0.07)
    at = turned([(0.0, -1.5)], lean)[0]
    head = Head(ink, tuple(at), 0.2 * pose.wag)
    head.form([(0.0, 0.24), (-0.24, 0.12), (-0.28, -0.08), (-0.16, -0.26), (0.04, -0.3), (0.22, -0.2), (0.28, 0.0),
        (0.2, 0.18)], back, gloss=0.35)  # fmt: skip
    ink.patch(
        head.blob([(-0.2, 0.08), (-0.1, -0.02), (-0.06, 0.1), (-0.1, 0.24), (-0.18, 0.2)]),
        pose.color((252, 202, 80)),
        0.02,
    )
    ink.form(
        head.put(closed([(0.18, -0.1), (0.36, -0.04), (0.56, 0.06), (0.34, 0.06), (0.2, 0.06)])),
        DARK,
        reach=0.04,
        gloss=0.4,
    )
    ink.patch(head.put([(0.26, 0.02), (0.5, 0.06), (0.3, 0.07)]), orange)
    ink.patch(head.put(oval(0.1, -0.08, 0.058, 0.058)), OFF_WHITE)
    ink.patch(head.put(oval(0.11, -0.08, 0.038, 0.04)), (18, 16, 20))
    ink.patch(head.put(oval(0.1, -0.095, 0.013, 0.013)), OFF_WHITE)


def parrot(ink: Ink, pose: Pose) -> None:
    """Draw a scarlet macaw on a branch."""
    red, gold, blue, wood = (pose.color(c) for c in ((214, 42, 40), (248, 196, 52), (38, 96, 178), (124, 88, 60)))
    sway = 0.08 * pose.wag
    for k, (color, dx) in enumerate(((mix(red, SHADE, 0.3), -0.1), (blue, 0.02), (red, -0.03))):
        tip = (-0.62 + dx + sway, 0.66 - 0.06 * k)
        ink.form(tube([(-0.16, -0.3), (-0.38 + 0.5 * dx, 0.16), tip], (0.14, 0.1, 0.03)), color, reach=0.06)
    ink.form(
        [oval(0.2, 0.76, 0.36, 0.07), tube([(0.2, 0.0), (0.2, 0.74)], (0.05, 0.06))], mix(wood, SHADE, 0.1), reach=0.06
    )
    ink.form(tube([(-0.7, 0.02), (-0.1, -0.02), (0.8, 0.04)], (0.075, 0.085, 0.07)), wood, reach=0.06)
    ink.stroke([(-0.5, 0.0), (0.1, -0.02), (0.6, 0.03)], 0.015, mix(wood, SHADE, 0.5), alpha=0.6)
    ink.form(closed([(0.62, 0.0), (0.78, -0.16), (0.92, -0.14), (0.8, 0.0)]), pose.color((106, 156, 76)), reach=0.05)
    body = closed([(0.06, -1.06), (0.3, -0.9), (0.36, -0.56), (0.22, -0.18), (-0.02, -0.08), (-0.2, -0.24),
        (-0.26, -0.6), (-0.16, -0.92)])  # fmt: skip
    ink.form(body, red, reach=0.16)
    spread = 0.22 * (pose.step > 0.35) + 0.1 * pose.step
    pivot = (0.0, -0.84)
    feathers = (
        ((red, 1.0), (blue, 0.99), (gold, 0.72), (red, 0.46)) if spread else ((blue, 1.0), (gold, 0.7), (red, 0.44))
    )
    for color, long in feathers:
        wing = np.array(
            [(0.16, -0.06), (0.14, 0.24), (-0.04, 0.62), (-0.3, 0.94), (-0.3, 0.6), (-0.24, 0.2), (-0.12, -0.08)]
        )
        wing = wing * (1.0, long)
        ink.form(turned(closed(wing) + pivot, spread, pivot), color, reach=0.08)
    for k in range(4):
        line = np.array([(-0.24 + 0.07 * k, 0.42), (-0.26 + 0.03 * k, 0.74 - 0.05 * k)]) + pivot
        ink.stroke(turned(line, spread, pivot), 0.014, mix(blue, SHADE, 0.6), alpha=0.6)
    for x in (0.02, 0.18):
        for k in (-1, 0, 1):
            ink.form(
                tube([(x + 0.035 * k, -0.12), (x + 0.05 * k + 0.02, 0.02), (x + 0.05 * k, 0.08)], (0.032, 0.03, 0.018)),
                (92, 86, 88),
                reach=0.03,
            )
    head = Head(ink, (0.1, -1.08), -0.2 * pose.nod)
    ink.form(tube(head.put([(-0.04, 0.22), (0.0, 0.0)]), (0.24, 0.24)), red, reach=0.12)
    head.form([(-0.26, -0.02), (-0.2, -0.22), (0.0, -0.3), (0.2, -0.2), (0.26, 0.0), (0.14, 0.2), (-0.14, 0.22)], red)
    ink.patch(
        head.blob([(0.0, -0.12), (0.16, -0.16), (0.25, -0.04), (0.22, 0.1), (0.08, 0.12), (-0.02, 0.02)]),
        OFF_WHITE,
        0.012,
    )
    for k in range(3):
        ink.stroke(head.put([(0.06 + 0.01 * k, 0.0 + 0.035 * k), (0.2, 0.0 + 0.035 * k)]), 0.008, red, alpha=0.8)
    ink.form(head.put(closed([(0.2, 0.04), (0.32, 0.06), (0.3, 0.18), (0.18, 0.14)])), DARK, reach=0.05, gloss=0.4)
    ink.form(
        head.put(closed([(0.18, -0.16), (0.34, -0.16), (0.48, 0.0), (0.46, 0.24), (0.38, 0.1), (0.22, 0.07)])),
        pose.color((238, 226, 200)),
        reach=0.06,
    )
    ink.patch(head.put(closed([(0.46, 0.04), (0.485, 0.1), (0.46, 0.24), (0.42, 0.14)])), DARK, 0.012)
    ink.patch(head.put(oval(0.11, -0.07, 0.046, 0.046)), pose.color((246, 220, 110)))
    ink.patch(head.put(oval(0.115, -0.07, 0.026, 0.026)), (14, 12, 14))
