"""Coats of the four-legged animals: marks on the trunk."""

import numpy as np

from lethebench.generation.drawing.color import mix
from lethebench.generation.drawing.curves import oval, shift, tube
from lethebench.generation.drawing.ink import OFF_WHITE, SHADE, Ink
from lethebench.generation.subjects.animals.body import Beast, Pose


def spots(ink: Ink, beast: Beast, pose: Pose) -> None:
    """Draw black patches and an udder, the same in every picture."""
    udder = pose.color((238, 176, 168))
    ink.form(oval(-0.42, -0.56, 0.24, 0.17), udder, reach=0.08)
    for x in (-0.52, -0.36):
        ink.form(tube([(x, -0.46), (x, -0.36)], (0.035, 0.03)), udder, reach=0.04)
    dark = pose.color((40, 34, 36))
    rng = np.random.default_rng(5)
    for x, y, rx, ry in ((-0.86, -1.1, 0.28, 0.3), (-0.2, -1.2, 0.34, 0.2), (0.36, -0.84, 0.26, 0.22),
        (0.92, -1.14, 0.22, 0.3)):  # fmt: skip
        t = np.linspace(0, 2 * np.pi, 9, endpoint=False)
        bump = rng.uniform(0.75, 1.2, 9)
        ink.patch(np.column_stack((x + rx * bump * np.cos(t), y + ry * bump * np.sin(t))), dark, 0.014)


def saddle(ink: Ink, beast: Beast, pose: Pose) -> None:
    """Draw a dark back, a pale belly and a ruff."""
    coat = pose.color(beast.coat)
    back = [(-0.95, -1.45), (0.95, -1.65), (0.9, -1.26), (0.5, -1.2), (0.0, -1.14), (-0.5, -1.16), (-0.95, -1.14)]
    ink.shape(np.array(back), mix(coat, (44, 42, 50), 0.5), blur=0.07)
    ink.shape(oval(0.1, -0.76, 0.7, 0.12), pose.color((222, 218, 210)), blur=0.05)
    ink.shape(oval(0.84, -1.0, 0.2, 0.3, -0.3), pose.color((222, 218, 210)), blur=0.08)


def collar(ink: Ink, beast: Beast, pose: Pose) -> None:
    """Draw a pale chest and belly."""
    pale = mix(pose.color(beast.coat), OFF_WHITE, 0.6)
    ink.shape(oval(0.62, -0.8, 0.2, 0.28, -0.2), pale, blur=0.05)
    ink.shape(oval(0.0, -0.62, 0.6, 0.1), pale, blur=0.05)


def tabby(ink: Ink, beast: Beast, pose: Pose) -> None:
    """Draw stripes and a pale belly."""
    stripe = pose.color((172, 92, 36))
    for k, x in enumerate(np.linspace(-0.62, 0.5, 8)):
        ink.stroke([(x - 0.02, -1.12), (x + 0.03, -0.92), (x - 0.01, -0.76 + 0.05 * (k % 2))], 0.05, stripe, blur=0.01)
    ink.shape(oval(0.0, -0.56, 0.55, 0.09), pose.color((252, 238, 216)), blur=0.04)
    for x, y in ((-0.62, -0.5), (-0.6, -0.38), (0.42, -0.46), (0.42, -0.34)):
        ink.stroke([(x - 0.18, y), (x + 0.2, y + 0.02)], 0.04, stripe, blur=0.01)


def fleece(ink: Ink, beast: Beast, pose: Pose) -> None:
    """Draw curls all over, bulging over the outline."""
    wool = pose.color(beast.coat)
    rng = np.random.default_rng(9)
    joints = np.array(beast.trunk)
    center, half = shift(joints[:, :2].mean(axis=0), 0.0, -0.02), np.array((0.95, 0.52))
    for t in np.linspace(0, 2 * np.pi, 19, endpoint=False):
        spot = center + half * (np.cos(t), np.sin(t)) * 0.92
        ink.form(oval(spot[0], spot[1], 0.17, 0.17), wool, reach=0.09, depth=0.32)
    ink.form(oval(center[0], center[1], half[0], half[1]), wool, reach=0.2, depth=0.3)
    for _ in range(34):
        spot = center + half * rng.uniform(-0.72, 0.72, 2)
        arc = np.linspace(0.2, 2.6, 6)
        ink.stroke(spot + 0.085 * np.column_stack((np.cos(arc), np.sin(arc))), 0.022, mix(wool, SHADE, 0.45), alpha=0.4)
