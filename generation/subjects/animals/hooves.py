"""Heads of hoofed animals, seen from the side."""

import numpy as np

from lethebench.generation.drawing.color import mix
from lethebench.generation.drawing.curves import oval, placed, shift, smooth, tube
from lethebench.generation.drawing.ink import OFF_WHITE, SHADE, Ink
from lethebench.generation.subjects.animals.body import Beast, Point, Pose
from lethebench.generation.subjects.animals.head import DARK, Head


def horse(ink: Ink, beast: Beast, pose: Pose, at: Point, turn: float) -> None:
    coat = pose.color(beast.coat)
    head = Head(ink, at, turn)
    head.form([(0.0, -0.22), (-0.06, -0.4), (0.03, -0.48), (0.1, -0.2)], mix(coat, SHADE, 0.25))
    head.form([(-0.12, -0.12), (0.02, -0.21), (0.16, -0.17), (0.42, -0.06), (0.64, 0.06), (0.69, 0.16), (0.62, 0.25),
        (0.48, 0.23), (0.3, 0.2), (0.14, 0.24), (-0.04, 0.2)], coat)  # fmt: skip
    ink.patch(
        head.blob([(0.52, 0.03), (0.64, 0.06), (0.72, 0.16), (0.62, 0.28), (0.5, 0.22)]), mix(coat, DARK, 0.6), 0.02
    )
    ink.patch(head.blob([(0.14, -0.18), (0.4, -0.08), (0.5, 0.0), (0.38, -0.02), (0.16, -0.11)]), OFF_WHITE, 0.012)
    head.form([(-0.06, -0.16), (-0.08, -0.36), (0.0, -0.46), (0.08, -0.32), (0.08, -0.16)], coat, reach=0.06)
    head.eye(0.16, -0.06, 0.042, (58, 34, 22), coat)
    ink.patch(head.put(oval(0.62, 0.12, 0.022, 0.036, 0.4)), (20, 14, 16))
    head.line([(0.5, 0.2), (0.58, 0.19), (0.66, 0.2)], 0.016, DARK)
    head.line([(0.1, 0.2), (0.2, 0.14), (0.24, 0.04)], 0.014, mix(coat, SHADE, 0.7), 0.4)
    mane(ink, beast, pose, at, turn)


def mane(ink: Ink, beast: Beast, pose: Pose, at: Point, turn: float) -> None:
    """Draw locks along the back of the neck, and one on the brow."""
    hair = pose.color((44, 32, 30))
    base = shift(np.array(beast.neck[0][:2]), -0.06, -0.16)
    top = placed([(-0.03, -0.2)], *at, turn)[0]
    for k, share in enumerate(np.linspace(0.0, 1.0, 9)):
        root = base + (top - base) * share + np.array((-0.05, -0.03)) * np.sin(np.pi * share)
        tip = shift(root, -0.2 + 0.04 * pose.wag, 0.2 + 0.03 * (k % 3))
        ink.form(
            tube([shift(root, 0.08, -0.04), shift((root + tip) / 2, -0.05, -0.06), tip], (0.07, 0.07, 0.01)),
            hair,
            reach=0.05,
        )
    lock = placed([(-0.04, -0.22), (0.12, -0.2), (0.2, -0.06)], *at, turn)
    ink.form(tube(lock, (0.05, 0.05, 0.01)), hair, reach=0.04)


def cow(ink: Ink, beast: Beast, pose: Pose, at: Point, turn: float) -> None:
    coat, dark = pose.color((248, 244, 236)), pose.color((40, 34, 36))
    head = Head(ink, at, turn)
    horn = (226, 210, 172)
    ink.form(
        tube(head.put([(0.1, -0.24), (0.14, -0.4), (0.28, -0.5)]), (0.05, 0.04, 0.008)),
        mix(horn, SHADE, 0.2),
        reach=0.05,
    )
    head.form([(-0.14, -0.16), (0.04, -0.28), (0.18, -0.24), (0.4, -0.05), (0.6, 0.06), (0.66, 0.2), (0.58, 0.33),
        (0.4, 0.32), (0.2, 0.24), (-0.06, 0.2)], coat)  # fmt: skip
    ink.patch(
        head.blob([(-0.2, -0.2), (0.02, -0.3), (0.14, -0.14), (0.24, 0.06), (0.1, 0.26), (-0.1, 0.22)]), dark, 0.01
    )
    head.form(
        [(0.42, 0.0), (0.58, 0.03), (0.69, 0.16), (0.64, 0.34), (0.46, 0.34), (0.38, 0.2)], pose.color((232, 168, 158))
    )
    ink.patch(head.put(oval(0.62, 0.14, 0.03, 0.045, 0.3)), (110, 62, 62))
    head.line([(0.44, 0.26), (0.55, 0.27), (0.65, 0.25)], 0.016, (124, 70, 70))
    ink.form(tube(head.put([(-0.02, -0.22), (-0.02, -0.4), (0.08, -0.54)]), (0.06, 0.045, 0.008)), horn, reach=0.05)
    head.form([(-0.08, -0.16), (-0.24, -0.24), (-0.44, -0.14), (-0.34, -0.02), (-0.12, -0.04)], dark, gloss=0.3)
    ink.patch(head.blob([(-0.16, -0.13), (-0.26, -0.17), (-0.36, -0.12), (-0.26, -0.06)]), (206, 140, 136), 0.02)
    head.eye(0.18, -0.08, 0.044, (52, 34, 28))


def pig(ink: Ink, beast: Beast, pose: Pose, at: Point, turn: float) -> None:
    coat = pose.color(beast.coat)
    head = Head(ink, at, turn)
    head.ink.form(
        head.put(smooth([(0.12, -0.24), (0.22, -0.42), (0.34, -0.3), (0.24, -0.18)], closed=True)),
        mix(coat, SHADE, 0.22),
        reach=0.06,
    )
    head.form([(-0.28, 0.0), (-0.18, -0.24), (0.06, -0.3), (0.26, -0.18), (0.44, -0.08), (0.46, 0.14), (0.26, 0.22),
        (0.08, 0.3), (-0.2, 0.26)], coat, reach=0.14)  # fmt: skip
    ink.form(head.put(oval(0.5, 0.02, 0.085, 0.155, 0.1)), mix(coat, (222, 104, 112), 0.45), reach=0.06)
    for y in (-0.035, 0.075):
        ink.patch(head.put(oval(0.515, y, 0.022, 0.036)), (150, 68, 76))
    head.line([(0.2, 0.2), (0.3, 0.2), (0.4, 0.15)], 0.018, (160, 80, 86))
    head.form(
        [(-0.14, -0.22), (-0.06, -0.42), (0.12, -0.36), (0.16, -0.18), (0.1, -0.04), (-0.04, -0.12)],
        mix(coat, (222, 104, 112), 0.25),
        reach=0.07,
    )
    head.eye(0.22, -0.09, 0.036, (62, 40, 36))
    ink.shape(head.put(oval(0.1, 0.1, 0.1, 0.08)), (236, 110, 116), alpha=0.35, blur=0.03)


def sheep(ink: Ink, beast: Beast, pose: Pose, at: Point, turn: float) -> None:
    face, wool = pose.color((58, 50, 52)), pose.color(beast.coat)
    head = Head(ink, at, turn)
    head.form(
        [(-0.02, -0.2), (0.16, -0.2), (0.36, 0.04), (0.46, 0.2), (0.38, 0.32), (0.2, 0.28), (0.0, 0.16), (-0.1, 0.0)],
        face,
        gloss=0.4,
    )
    ink.patch(head.put(oval(0.42, 0.2, 0.018, 0.03, 0.5)), (20, 16, 18))
    head.line([(0.26, 0.25), (0.34, 0.26), (0.42, 0.25)], 0.014, (22, 18, 20))
    head.form(
        [(-0.04, -0.06), (-0.16, -0.06), (-0.34, 0.06), (-0.26, 0.14), (-0.08, 0.06)], face, reach=0.06, gloss=0.4
    )
    for x, y, r in ((-0.14, -0.2, 0.13), (0.0, -0.28, 0.13), (0.13, -0.24, 0.1), (-0.04, -0.16, 0.12)):
        ink.form(head.put(oval(x, y, r, r)), wool, reach=0.08, depth=0.3)
    ink.patch(head.put(oval(0.17, -0.03, 0.05, 0.045)), (238, 228, 190))
    ink.patch(head.put(oval(0.18, -0.03, 0.03, 0.028)), (20, 14, 16))
