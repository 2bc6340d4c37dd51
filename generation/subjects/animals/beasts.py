"""The nine animals on four legs: proportions, coats and tails."""

import numpy as np

from lethebench.generation.drawing.canvas import shift
from lethebench.generation.drawing.color import Color, mix
from lethebench.generation.drawing.ink import SHADE, Ink, oval, tube
from lethebench.generation.subjects.animals import hooves as animals_hooves
from lethebench.generation.subjects.animals import paws as animals_paws
from lethebench.generation.subjects.animals.body import Beast, Point, Pose
from lethebench.generation.subjects.animals.head import DARK, WHITE


def _long_hair(color: Color):
    def tail(ink: Ink, beast: Beast, pose: Pose, at: Point, turn: float) -> None:
        x, y = at[0] - 0.2, at[1] - 0.16
        for k in (-1, 0, 1):
            sway = 0.16 * pose.wag + 0.05 * k
            line = [
                (x, y),
                (x - 0.22 + sway * 0.3, y + 0.12),
                (x - 0.26 + sway, y + 0.5),
                (x - 0.2 + sway * 1.4, y + 0.88),
            ]
            ink.form(tube(line, (0.06, 0.1, 0.1, 0.015)), pose.color(color), reach=0.06)

    return tail


def _tufted(hair: Color, length: float = 0.95):
    def tail(ink: Ink, beast: Beast, pose: Pose, at: Point, turn: float) -> None:
        x, y = at[0] - beast.trunk[0][2] * 0.86, at[1] - 0.16
        sway = 0.2 * pose.wag
        line = [
            (x + 0.06, y - 0.02),
            (x - 0.1, y + 0.1),
            (x - 0.12 + sway * 0.5, y + 0.5 * length),
            (x - 0.1 + sway, y + 0.86 * length),
        ]
        ink.form(tube(line, (0.05, 0.045, 0.035, 0.03)), pose.color(beast.coat), reach=0.05)
        end = line[-1]
        tuft = [(end[0], end[1] - 0.04), (end[0] + 0.2 * sway, end[1] + 0.1), (end[0] + 0.4 * sway, end[1] + 0.24)]
        ink.form(tube(tuft, (0.04, 0.075, 0.01)), pose.color(hair), reach=0.05)

    return tail


def _dog_tail(ink: Ink, beast: Beast, pose: Pose, at: Point, turn: float) -> None:
    x, y = at[0] - 0.22, at[1] - 0.14
    w = 0.18 * pose.wag
    line = [(x + 0.08, y + 0.02), (x - 0.16, y - 0.1), (x - 0.3 + w, y - 0.36), (x - 0.24 + 1.4 * w, y - 0.62)]
    ink.form(tube(line, (0.09, 0.08, 0.07, 0.02)), pose.color(beast.coat), reach=0.06)


def _wolf_tail(ink: Ink, beast: Beast, pose: Pose, at: Point, turn: float) -> None:
    x, y, w = at[0] - 0.18, at[1] - 0.08, 0.12 * pose.wag
    line = [(x + 0.04, y), (x - 0.2, y + 0.12), (x - 0.34 + w, y + 0.42), (x - 0.36 + 1.5 * w, y + 0.72)]
    ink.form(tube(line, (0.09, 0.15, 0.17, 0.02)), pose.color(beast.coat), reach=0.1)
    ink.patch(tube(shift(np.array(line)[2:], 0, 0.1), (0.13, 0.01)), mix(pose.color(beast.coat), DARK, 0.6), 0.03)


def _cat_tail(ink: Ink, beast: Beast, pose: Pose, at: Point, turn: float) -> None:
    x, y, w = at[0] - 0.16, at[1] - 0.08, 0.2 * pose.wag
    line = np.array(
        [
            (x + 0.08, y),
            (x - 0.2, y - 0.04),
            (x - 0.4, y - 0.3),
            (x - 0.36 + 0.5 * w, y - 0.66),
            (x - 0.5 + 1.5 * w, y - 0.92),
        ]
    )
    ink.form(tube(line, (0.075, 0.08, 0.08, 0.08, 0.06)), pose.color(beast.coat), reach=0.06)
    for k, spot in enumerate(np.vstack((line[1:], (line[1:-1] + line[2:]) / 2))):
        ink.patch(oval(*spot, 0.12, 0.035, 0.2 - 0.3 * (k % 2)), pose.color((172, 92, 36)), 0.012)


def _bear_tail(ink: Ink, beast: Beast, pose: Pose, at: Point, turn: float) -> None:
    ink.form(oval(at[0] - 0.42, at[1] - 0.1, 0.1, 0.1), pose.color(beast.coat), reach=0.06)


def _curl(ink: Ink, beast: Beast, pose: Pose, at: Point, turn: float) -> None:
    t = np.linspace(0, 2 * np.pi * 1.35, 14)
    x, y = at[0] - beast.trunk[0][2] * 0.92, at[1] - 0.12
    line = np.column_stack((x - 0.022 * t - 0.08 * np.sin(t), y + 0.02 * pose.wag * t - 0.085 * (1 - np.cos(t)) + 0.04))
    ink.form(tube(line, np.linspace(0.04, 0.022, 14), steps=3), pose.color(beast.coat), reach=0.04)


def _lamb_tail(ink: Ink, beast: Beast, pose: Pose, at: Point, turn: float) -> None:
    for k in range(3):
        ink.form(
            oval(at[0] - 0.44 - 0.03 * k, at[1] + 0.1 * k, 0.12, 0.12), pose.color(beast.coat), reach=0.07, depth=0.3
        )


def _spots(ink: Ink, beast: Beast, pose: Pose) -> None:
    """Black patches and an udder, the same on every picture."""
    udder = pose.color((238, 176, 168))
    ink.form(oval(-0.42, -0.56, 0.24, 0.17), udder, reach=0.08)
    for x in (-0.52, -0.36):
        ink.form(tube([(x, -0.46), (x, -0.36)], (0.035, 0.03)), udder, reach=0.04)
    dark = pose.color((40, 34, 36))
    rng = np.random.default_rng(5)
    for x, y, rx, ry in (
        (-0.86, -1.1, 0.28, 0.3),
        (-0.2, -1.2, 0.34, 0.2),
        (0.36, -0.84, 0.26, 0.22),
        (0.92, -1.14, 0.22, 0.3),
    ):
        t = np.linspace(0, 2 * np.pi, 9, endpoint=False)
        bump = rng.uniform(0.75, 1.2, 9)
        ink.patch(np.column_stack((x + rx * bump * np.cos(t), y + ry * bump * np.sin(t))), dark, 0.014)


def _saddle(ink: Ink, beast: Beast, pose: Pose) -> None:
    """A dark back, a pale belly and a ruff."""
    coat = pose.color(beast.coat)
    back = [(-0.95, -1.3), (0.9, -1.5), (0.86, -1.14), (0.5, -1.06), (0.0, -0.98), (-0.5, -1.02), (-0.95, -1.0)]
    ink.shape(np.array(back), mix(coat, (44, 42, 50), 0.65), blur=0.05)
    ink.shape(oval(0.1, -0.66, 0.7, 0.12), pose.color((222, 218, 210)), blur=0.05)
    ink.shape(oval(0.8, -0.9, 0.2, 0.28, -0.3), pose.color((222, 218, 210)), blur=0.06)


def _collar(ink: Ink, beast: Beast, pose: Pose) -> None:
    pale = mix(pose.color(beast.coat), WHITE, 0.6)
    ink.shape(oval(0.62, -0.8, 0.2, 0.28, -0.2), pale, blur=0.05)
    ink.shape(oval(0.0, -0.62, 0.6, 0.1), pale, blur=0.05)


def _tabby(ink: Ink, beast: Beast, pose: Pose) -> None:
    stripe = pose.color((172, 92, 36))
    for k, x in enumerate(np.linspace(-0.62, 0.5, 8)):
        ink.stroke([(x - 0.02, -1.12), (x + 0.03, -0.92), (x - 0.01, -0.76 + 0.05 * (k % 2))], 0.05, stripe, blur=0.01)
    ink.shape(oval(0.0, -0.56, 0.55, 0.09), pose.color((252, 238, 216)), blur=0.04)
    for x, y in ((-0.62, -0.5), (-0.6, -0.38), (0.42, -0.46), (0.42, -0.34)):
        ink.stroke([(x - 0.18, y), (x + 0.2, y + 0.02)], 0.04, stripe, blur=0.01)


def _fleece(ink: Ink, beast: Beast, pose: Pose) -> None:
    """Curls all over, bulging over the outline."""
    wool = pose.color(beast.coat)
    rng = np.random.default_rng(9)
    joints = np.array(beast.trunk)
    centre, half = shift(joints[:, :2].mean(axis=0), 0.0, -0.02), np.array((0.95, 0.52))
    for t in np.linspace(0, 2 * np.pi, 19, endpoint=False):
        spot = centre + half * (np.cos(t), np.sin(t)) * 0.92
        ink.form(oval(*spot, 0.17, 0.17), wool, reach=0.09, depth=0.32)
    ink.form(oval(*centre, *half), wool, reach=0.2, depth=0.3)
    for _ in range(34):
        spot = centre + half * rng.uniform(-0.72, 0.72, 2)
        arc = np.linspace(0.2, 2.6, 6)
        ink.stroke(spot + 0.085 * np.column_stack((np.cos(arc), np.sin(arc))), 0.022, mix(wool, SHADE, 0.45), alpha=0.4)


BEASTS: dict[str, Beast] = {
    "Bear": Beast(
        coat=(122, 80, 52),
        trunk=((-0.75, -0.86, 0.44), (-0.2, -0.92, 0.46), (0.3, -1.04, 0.47), (0.72, -0.94, 0.38)),
        neck=((0.6, -1.04, 0.4), (0.92, -1.12, 0.32), (1.16, -1.18, 0.24)),
        neck_turn=(0.5, -0.35),
        head_turn=(0.1, -0.1),
        hip=(-0.72, -0.74),
        shoulder=(0.6, -0.76),
        thick=(0.34, 0.24, 0.19, 0.17),
        thin=(0.28, 0.22, 0.18, 0.17),
        foot="paw",
        foot_color=(96, 62, 42),
        head=animals_paws.bear,
        tail=_bear_tail,
        bend=0.05,
        spread=0.2,
        stride=0.32,
    ),
    "Cat": Beast(
        coat=(230, 146, 66),
        trunk=((-0.62, -0.84, 0.25), (0.0, -0.8, 0.24), (0.5, -0.86, 0.24)),
        neck=((0.48, -0.9, 0.2), (0.62, -1.04, 0.17), (0.7, -1.18, 0.14)),
        neck_turn=(0.25, -0.15),
        head_turn=(0.1, -0.1),
        hip=(-0.58, -0.74),
        shoulder=(0.46, -0.76),
        thick=(0.2, 0.11, 0.075, 0.07),
        thin=(0.13, 0.09, 0.075, 0.075),
        foot="paw",
        foot_color=(252, 238, 216),
        head=animals_paws.cat,
        tail=_cat_tail,
        marks=_tabby,
        bend=0.16,
        spread=0.12,
    ),
    "Cow": Beast(
        coat=(248, 244, 236),
        trunk=((-0.86, -1.0, 0.4), (-0.2, -0.94, 0.43), (0.4, -0.96, 0.42), (0.86, -1.0, 0.36)),
        neck=((0.78, -1.04, 0.34), (1.06, -1.12, 0.26), (1.26, -1.22, 0.2)),
        neck_turn=(0.85, -0.1),
        head_turn=(0.0, -0.1),
        hip=(-0.86, -0.94),
        shoulder=(0.78, -0.86),
        thick=(0.3, 0.15, 0.1, 0.09),
        thin=(0.2, 0.13, 0.095, 0.09),
        foot="hoof",
        foot_color=(70, 58, 52),
        head=animals_hooves.cow,
        tail=_tufted((40, 34, 36)),
        marks=_spots,
        bend=0.09,
        spread=0.2,
        stride=0.3,
    ),
    "Dog": Beast(
        coat=(206, 144, 82),
        trunk=((-0.62, -0.9, 0.25), (0.0, -0.84, 0.25), (0.52, -0.88, 0.3)),
        neck=((0.5, -0.96, 0.26), (0.68, -1.14, 0.19), (0.8, -1.3, 0.17)),
        neck_turn=(0.45, -0.1),
        head_turn=(-0.05, -0.15),
        hip=(-0.6, -0.84),
        shoulder=(0.5, -0.8),
        thick=(0.23, 0.12, 0.08, 0.08),
        thin=(0.15, 0.1, 0.08, 0.08),
        foot="paw",
        foot_color=(236, 214, 184),
        head=animals_paws.dog,
        tail=_dog_tail,
        marks=_collar,
        bend=0.14,
        spread=0.14,
    ),
    "Elephant": Beast(
        coat=(146, 146, 154),
        trunk=((-0.8, -1.1, 0.46), (-0.2, -1.2, 0.5), (0.4, -1.18, 0.46)),
        neck=((0.4, -1.2, 0.44), (0.66, -1.3, 0.38), (0.86, -1.36, 0.32)),
        neck_turn=(0.12, -0.14),
        head_turn=(0.0, -0.06),
        hip=(-0.8, -0.9),
        shoulder=(0.5, -0.9),
        thick=(0.34, 0.24, 0.2, 0.2),
        thin=(0.27, 0.22, 0.19, 0.2),
        foot="pad",
        foot_color=(226, 214, 196),
        head=animals_paws.elephant,
        tail=_tufted((60, 56, 62), 0.8),
        bend=0.025,
        spread=0.22,
        stride=0.24,
        reach=(-1.4, -2.1, 2.5, 0.12),
    ),
    "Horse": Beast(
        coat=(150, 88, 50),
        trunk=((-0.66, -1.32, 0.32), (0.0, -1.26, 0.28), (0.54, -1.3, 0.31)),
        neck=((0.52, -1.4, 0.29), (0.8, -1.7, 0.2), (1.0, -2.0, 0.15)),
        neck_turn=(0.75, -0.1),
        head_turn=(0.3, 0.34),
        hip=(-0.68, -1.3),
        shoulder=(0.52, -1.2),
        thick=(0.28, 0.13, 0.075, 0.06),
        thin=(0.18, 0.1, 0.06, 0.06),
        foot="hoof",
        foot_color=(48, 40, 40),
        head=animals_hooves.horse,
        tail=_long_hair((44, 32, 30)),
        bend=0.12,
        reach=(-1.4, -2.8, 1.9, 0.12),
    ),
    "Pig": Beast(
        coat=(242, 172, 172),
        trunk=((-0.68, -0.66, 0.4), (0.0, -0.68, 0.45), (0.6, -0.68, 0.4)),
        neck=((0.56, -0.72, 0.38), (0.78, -0.76, 0.33), (0.98, -0.8, 0.27)),
        neck_turn=(0.4, -0.2),
        head_turn=(0.0, -0.05),
        hip=(-0.66, -0.52),
        shoulder=(0.58, -0.52),
        thick=(0.25, 0.14, 0.1, 0.085),
        thin=(0.18, 0.12, 0.095, 0.085),
        foot="hoof",
        foot_color=(120, 84, 84),
        head=animals_hooves.pig,
        tail=_curl,
        bend=0.07,
        spread=0.2,
    ),
    "Sheep": Beast(
        coat=(246, 240, 226),
        trunk=((-0.5, -0.92, 0.4), (0.0, -0.94, 0.44), (0.46, -0.92, 0.4)),
        neck=((0.6, -1.08, 0.24), (0.8, -1.14, 0.2), (0.94, -1.2, 0.16)),
        neck_turn=(0.8, -0.2),
        head_turn=(0.0, -0.05),
        hip=(-0.5, -0.66),
        shoulder=(0.46, -0.66),
        thick=(0.13, 0.08, 0.06, 0.06),
        thin=(0.11, 0.08, 0.06, 0.06),
        foot="hoof",
        foot_color=(36, 30, 32),
        head=animals_hooves.sheep,
        tail=_lamb_tail,
        marks=_fleece,
        bend=0.06,
        legs=(58, 50, 52),
        spread=0.2,
    ),
    "Wolf": Beast(
        coat=(140, 138, 142),
        trunk=((-0.72, -0.98, 0.26), (0.0, -0.94, 0.25), (0.54, -0.98, 0.33)),
        neck=((0.52, -1.04, 0.31), (0.78, -1.14, 0.25), (0.98, -1.24, 0.2)),
        neck_turn=(0.4, -0.55),
        head_turn=(0.0, -0.55),
        hip=(-0.68, -0.94),
        shoulder=(0.52, -0.9),
        thick=(0.25, 0.13, 0.08, 0.075),
        thin=(0.17, 0.1, 0.075, 0.075),
        foot="paw",
        foot_color=(208, 202, 194),
        head=animals_paws.wolf,
        tail=_wolf_tail,
        marks=_saddle,
        bend=0.15,
        spread=0.14,
    ),
}
