"""Heads of animals with paws, and that of the elephant, seen from the side; the cat looks at the viewer."""

import numpy as np

from lethebench.generation.drawing.color import mix
from lethebench.generation.drawing.curves import oval, smooth, tube
from lethebench.generation.drawing.ink import OFF_WHITE, SHADE, Ink
from lethebench.generation.subjects.animals.body import Beast, Point, Pose
from lethebench.generation.subjects.animals.head import DARK, Head


def dog(ink: Ink, beast: Beast, pose: Pose, at: Point, turn: float) -> None:
    coat = pose.color(beast.coat)
    head = Head(ink, at, turn)
    if pose.nod > -0.2:
        ink.form(
            tube(head.put([(0.36, 0.14), (0.42, 0.24), (0.4, 0.36)]), (0.05, 0.06, 0.05)), (232, 112, 122), reach=0.05
        )
    head.form([(0.1, 0.12), (0.34, 0.14), (0.44, 0.17), (0.36, 0.24), (0.14, 0.24)], mix(coat, SHADE, 0.25))
    head.form([(-0.2, -0.02), (-0.12, -0.22), (0.06, -0.28), (0.2, -0.2), (0.26, -0.08), (0.46, -0.06), (0.54, 0.02),
        (0.5, 0.14), (0.3, 0.16), (0.12, 0.18), (-0.1, 0.18)], coat)  # fmt: skip
    ink.patch(
        head.blob([(0.28, -0.05), (0.44, -0.05), (0.54, 0.03), (0.5, 0.16), (0.26, 0.17), (0.22, 0.06)]),
        mix(coat, OFF_WHITE, 0.6),
        0.02,
    )
    head.form(
        [(0.45, -0.1), (0.54, -0.08), (0.57, -0.01), (0.5, 0.03), (0.44, -0.02)], (34, 28, 30), reach=0.05, gloss=0.5
    )
    head.line([(0.24, 0.12), (0.36, 0.14), (0.5, 0.1)], 0.018, DARK)
    head.eye(0.14, -0.1, 0.045, (74, 46, 26))
    ear = mix(coat, (94, 52, 28), 0.6)
    sway = 0.06 * pose.wag
    head.form([(-0.12, -0.2), (0.02, -0.22), (0.04, -0.06), (0.0 + sway, 0.16), (-0.12 + sway, 0.24),
        (-0.22 + sway, 0.1), (-0.22, -0.08)], ear)  # fmt: skip


def wolf(ink: Ink, beast: Beast, pose: Pose, at: Point, turn: float) -> None:
    """Draw a broad skull, a blunt muzzle and short ears: pointed ones would make a fox of it."""
    coat, pale = pose.color(beast.coat), pose.color((226, 222, 214))
    head = Head(ink, at, turn, 1.16)
    head.form([(0.02, -0.2), (0.06, -0.36), (0.12, -0.47), (0.18, -0.34), (0.22, -0.16)], mix(coat, SHADE, 0.35))
    jaw = 0.1 if pose.nod > 0.55 else 0.0  # howls
    head.form(
        [(0.1, 0.14), (0.34, 0.12 + 0.5 * jaw), (0.52, 0.11 + jaw), (0.5, 0.2 + jaw), (0.2, 0.28)],
        mix(pale, SHADE, 0.25),
    )
    ink.form(head.put([(-0.32, -0.08), (-0.2, -0.25), (0.02, -0.3), (0.19, -0.24), (0.27, -0.14), (0.48, -0.12),
        (0.58, -0.07), (0.6, 0.05), (0.54, 0.14), (0.33, 0.17), (0.22, 0.23), (0.14, 0.35), (0.04, 0.28),
        (-0.04, 0.4), (-0.13, 0.29), (-0.24, 0.38), (-0.32, 0.24)]), coat, reach=0.12)  # fmt: skip
    ink.patch(head.put([(0.26, 0.0), (0.59, 0.02), (0.54, 0.14), (0.33, 0.17), (0.22, 0.23), (0.14, 0.35),
        (0.04, 0.28), (-0.04, 0.4), (-0.1, 0.2), (0.08, 0.08)]), pale, 0.02)  # fmt: skip
    ink.patch(head.put([(-0.12, -0.26), (0.04, -0.29), (0.19, -0.23), (0.27, -0.13), (0.48, -0.11), (0.48, -0.05),
        (0.27, -0.06), (0.1, -0.16)]), mix(coat, DARK, 0.4), 0.03)  # fmt: skip
    head.form([(0.5, -0.14), (0.6, -0.12), (0.65, -0.04), (0.6, 0.03), (0.52, -0.02)], DARK, reach=0.05, gloss=0.5)
    head.line([(0.26, 0.14), (0.42, 0.15), (0.57, 0.1)], 0.02, DARK)
    head.form([(-0.22, -0.16), (-0.2, -0.36), (-0.13, -0.51), (-0.04, -0.38), (0.04, -0.2)], coat, reach=0.06)
    ink.patch(head.blob([(-0.15, -0.2), (-0.15, -0.33), (-0.12, -0.41), (-0.06, -0.33), (-0.02, -0.21)]),
        mix(coat, DARK, 0.55), 0.015)  # fmt: skip
    head.eye(0.17, -0.1, 0.032, (222, 168, 54), coat)


def bear(ink: Ink, beast: Beast, pose: Pose, at: Point, turn: float) -> None:
    coat, pale = pose.color(beast.coat), pose.color((188, 142, 94))
    head = Head(ink, at, turn)
    ink.form(head.put(oval(0.1, -0.3, 0.1, 0.1)), mix(coat, SHADE, 0.3), reach=0.05)
    head.form(
        [(-0.26, 0.0), (-0.2, -0.22), (0.0, -0.32), (0.2, -0.24), (0.34, -0.08), (0.4, 0.1), (0.2, 0.26), (-0.1, 0.28)],
        coat,
        reach=0.14,
    )
    head.form([(0.18, -0.12), (0.4, -0.08), (0.56, 0.0), (0.58, 0.12), (0.44, 0.2), (0.22, 0.2), (0.12, 0.06)], pale)
    head.form([(0.47, -0.07), (0.57, -0.05), (0.62, 0.03), (0.55, 0.08), (0.46, 0.02)], DARK, reach=0.05, gloss=0.5)
    head.line([(0.26, 0.13), (0.4, 0.15), (0.54, 0.1)], 0.018, DARK)
    ink.form(head.put(oval(-0.12, -0.3, 0.115, 0.115)), coat, reach=0.06)
    ink.patch(head.put(oval(-0.11, -0.28, 0.065, 0.065)), mix(coat, pale, 0.6), 0.015)
    head.eye(0.2, -0.13, 0.036, (50, 30, 20))


def cat(ink: Ink, beast: Beast, pose: Pose, at: Point, turn: float) -> None:
    """Draw a face turned to the viewer."""
    coat, pale, stripe = pose.color(beast.coat), pose.color((252, 238, 216)), pose.color((172, 92, 36))
    head = Head(ink, at, 0.25 * turn + 0.06 * pose.wag)
    for side in (-1, 1):
        ear = np.array([(0.05, -0.24), (0.3, -0.48), (0.34, -0.08)]) * (side, 1)
        ink.form(
            head.put(smooth(ear, closed=True, steps=3) * 0.25 + np.repeat(ear, 3, axis=0) * 0.75), coat, reach=0.06
        )
        ink.patch(head.put(np.array([(0.13, -0.26), (0.27, -0.4), (0.29, -0.14)]) * (side, 1)), (232, 150, 140), 0.02)
    head.form([(0.0, -0.29), (0.2, -0.27), (0.34, -0.12), (0.4, 0.06), (0.3, 0.22), (0.12, 0.3), (0, 0.31),
        (-0.12, 0.3), (-0.3, 0.22), (-0.4, 0.06), (-0.34, -0.12), (-0.2, -0.27)], coat)  # fmt: skip
    for x, low in ((-0.09, -0.14), (0.0, -0.11), (0.09, -0.14)):
        head.line([(x * 1.1, -0.29), (x, low)], 0.034, stripe)
    for side in (-1, 1):
        for y in (0.0, 0.09):
            head.line([(side * 0.4, y + 0.02), (side * 0.27, y + 0.04)], 0.026, stripe, 0.8)
    ink.patch(head.put(oval(-0.075, 0.14, 0.105, 0.1)), pale, 0.01)
    ink.patch(head.put(oval(0.075, 0.14, 0.105, 0.1)), pale, 0.01)
    ink.patch(head.put(oval(0, 0.23, 0.09, 0.07)), pale, 0.01)
    for side in (-1, 1):
        ink.patch(head.put(oval(side * 0.16, -0.03, 0.082, 0.078)), DARK)
        ink.patch(head.put(oval(side * 0.16, -0.03, 0.068, 0.066)), (146, 186, 84))
        ink.patch(head.put(oval(side * 0.16, -0.03, 0.026, 0.06)), (18, 14, 16))
        ink.patch(head.put(oval(side * 0.16 - 0.024, -0.055, 0.016, 0.016)), OFF_WHITE)
    ink.patch(head.put([(-0.045, 0.07), (0.045, 0.07), (0.0, 0.12)]), (216, 110, 112))
    for side in (-1, 1):
        head.line([(0, 0.12), (side * 0.02, 0.17), (side * 0.085, 0.175)], 0.016, (110, 60, 50))
        for k in (-1, 0, 1):
            head.ink.stroke(head.put([(side * 0.14, 0.14 + 0.02 * k), (side * 0.36, 0.11 + 0.05 * k),
                (side * 0.52, 0.12 + 0.08 * k)]), 0.011, (240, 236, 228))  # fmt: skip


def elephant(ink: Ink, beast: Beast, pose: Pose, at: Point, turn: float) -> None:
    coat = pose.color(beast.coat)
    head = Head(ink, at, turn)
    curl = pose.wag
    lift = np.clip(pose.nod * 1.5, -1, 1)
    # The trunk hangs down or is raised; its tip curls.
    hang = np.interp(lift, (-1, 0.2, 1), (98, 88, -8))
    angles = np.radians(
        hang + np.array((-16, 0, 4, -4, -26, -56)) * (1.0 + 0.6 * (lift > 0.4)) - 24 * curl * np.arange(6) / 6
    )
    steps = 0.23 * np.column_stack((np.cos(angles), np.sin(angles)))
    line = np.vstack(((0.26, 0.12), np.array((0.26, 0.12)) + np.cumsum(steps, axis=0)))
    tusk = (244, 236, 214)
    trunk = tube(head.put(line), np.linspace(0.2, 0.075, len(line)))
    skull = head.blob([(-0.3, 0.1), (-0.24, -0.26), (0.02, -0.42), (0.28, -0.34), (0.44, -0.06), (0.44, 0.2),
        (0.2, 0.38), (-0.14, 0.36)])  # fmt: skip
    ink.form([trunk, skull], coat, reach=0.16)
    for k in range(1, 6):
        spot = line[k]
        along = steps[k - 1] / 0.23
        half = np.linspace(0.2, 0.075, len(line))[k] * 0.8
        across = np.array((-along[1], along[0])) * half
        head.ink.stroke(
            head.put([spot - across, spot + 0.05 * along, spot + across]), 0.014, mix(coat, SHADE, 0.7), alpha=0.35
        )
    ink.form(tube(head.put([(0.14, 0.24), (0.3, 0.46), (0.54, 0.46)]), (0.065, 0.055, 0.012)), tusk, reach=0.05)
    head.eye(0.24, -0.06, 0.04, (70, 50, 36), coat)
    flap = 0.1 * np.sin(pose.stride)
    ear = [(-0.08, -0.3), (-0.4 - flap, -0.5), (-0.76 - flap, -0.34), (-0.8 - flap, 0.12), (-0.56 - flap, 0.5),
        (-0.3, 0.6), (-0.1, 0.24), (-0.02, -0.08)]  # fmt: skip
    head.form(ear, mix(coat, OFF_WHITE, 0.06), reach=0.12, depth=0.5)
    ink.shape(head.put(smooth(ear, closed=True) * 0.72 + (-0.11, 0.0)), (206, 160, 156), alpha=0.35, blur=0.05)
