"""Tails of the four-legged animals."""

import numpy as np

from lethebench.generation.drawing.color import Color, mix
from lethebench.generation.drawing.curves import oval, tube
from lethebench.generation.drawing.ink import Ink
from lethebench.generation.subjects.animals.body import Beast, DrawPart, Point, Pose
from lethebench.generation.subjects.animals.head import DARK


def long_hair(color: Color) -> DrawPart:
    """Return a tail of long hair."""

    def draw_tail(ink: Ink, beast: Beast, pose: Pose, at: Point, turn: float) -> None:
        x, y = at[0] - 0.2, at[1] - 0.16
        for k in (-1, 0, 1):
            sway = 0.16 * pose.wag + 0.05 * k
            line = [(x, y), (x - 0.22 + sway * 0.3, y + 0.12), (x - 0.26 + sway, y + 0.5),
                (x - 0.2 + sway * 1.4, y + 0.88)]  # fmt: skip
            ink.form(tube(line, (0.06, 0.1, 0.1, 0.015)), pose.color(color), reach=0.06)

    return draw_tail


def tufted(hair: Color, length: float = 0.95) -> DrawPart:
    """Return a thin tail with a tuft at its end."""

    def draw_tail(ink: Ink, beast: Beast, pose: Pose, at: Point, turn: float) -> None:
        x, y = at[0] - beast.trunk[0][2] * 0.86, at[1] - 0.16
        sway = 0.2 * pose.wag
        line = [(x + 0.06, y - 0.02), (x - 0.1, y + 0.1), (x - 0.12 + sway * 0.5, y + 0.5 * length),
            (x - 0.1 + sway, y + 0.86 * length)]  # fmt: skip
        ink.form(tube(line, (0.05, 0.045, 0.035, 0.03)), pose.color(beast.coat), reach=0.05)
        end = line[-1]
        tuft = [(end[0], end[1] - 0.04), (end[0] + 0.2 * sway, end[1] + 0.1), (end[0] + 0.4 * sway, end[1] + 0.24)]
        ink.form(tube(tuft, (0.04, 0.075, 0.01)), pose.color(hair), reach=0.05)

    return draw_tail


def dog_tail(ink: Ink, beast: Beast, pose: Pose, at: Point, turn: float) -> None:
    x, y = at[0] - 0.22, at[1] - 0.14
    w = 0.18 * pose.wag
    line = [(x + 0.08, y + 0.02), (x - 0.16, y - 0.1), (x - 0.3 + w, y - 0.36), (x - 0.24 + 1.4 * w, y - 0.62)]
    ink.form(tube(line, (0.09, 0.08, 0.07, 0.02)), pose.color(beast.coat), reach=0.06)


def wolf_tail(ink: Ink, beast: Beast, pose: Pose, at: Point, turn: float) -> None:
    x, y, w = at[0] - 0.2, at[1] - 0.1, 0.1 * pose.wag
    line = np.array([(x + 0.04, y), (x - 0.14, y + 0.14), (x - 0.2 + w, y + 0.44), (x - 0.18 + 1.5 * w, y + 0.74)])
    sunk = np.maximum(line[:, 1] + 0.1, 0.0)  # of one that sits or lies: it lies behind the animal
    line -= np.column_stack((sunk, sunk))
    ink.form(tube(line, (0.09, 0.13, 0.12, 0.02)), mix(pose.color(beast.coat), DARK, 0.15), reach=0.1)


def cat_tail(ink: Ink, beast: Beast, pose: Pose, at: Point, turn: float) -> None:
    x, y, w = at[0] - 0.16, at[1] - 0.08, 0.2 * pose.wag
    line = np.array([(x + 0.08, y), (x - 0.2, y - 0.04), (x - 0.4, y - 0.3), (x - 0.36 + 0.5 * w, y - 0.66),
        (x - 0.5 + 1.5 * w, y - 0.92)])  # fmt: skip
    ink.form(tube(line, (0.075, 0.08, 0.08, 0.08, 0.06)), pose.color(beast.coat), reach=0.06)
    for k, spot in enumerate(np.vstack((line[1:], (line[1:-1] + line[2:]) / 2))):
        ink.patch(oval(spot[0], spot[1], 0.12, 0.035, 0.2 - 0.3 * (k % 2)), pose.color((172, 92, 36)), 0.012)


def bear_tail(ink: Ink, beast: Beast, pose: Pose, at: Point, turn: float) -> None:
    ink.form(oval(at[0] - 0.42, at[1] - 0.1, 0.1, 0.1), pose.color(beast.coat), reach=0.06)


def curl(ink: Ink, beast: Beast, pose: Pose, at: Point, turn: float) -> None:
    t = np.linspace(0, 2 * np.pi * 1.35, 14)
    x, y = at[0] - beast.trunk[0][2] * 0.92, at[1] - 0.12
    line = np.column_stack((x - 0.022 * t - 0.08 * np.sin(t), y + 0.02 * pose.wag * t - 0.085 * (1 - np.cos(t)) + 0.04))
    ink.form(tube(line, np.linspace(0.04, 0.022, 14), steps=3), pose.color(beast.coat), reach=0.04)


def lamb_tail(ink: Ink, beast: Beast, pose: Pose, at: Point, turn: float) -> None:
    for k in range(3):
        ink.form(
            oval(at[0] - 0.44 - 0.03 * k, at[1] + 0.1 * k, 0.12, 0.12), pose.color(beast.coat), reach=0.07, depth=0.3
        )
