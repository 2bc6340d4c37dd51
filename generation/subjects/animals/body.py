"""One skeleton for four-legged animals: a trunk, two pairs of legs that walk, a neck that turns, a tail and a head.

All face right, the ground is at y = 0 and up is negative.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from lethebench.generation.drawing.board import pick
from lethebench.generation.drawing.color import Color, mix, toned
from lethebench.generation.drawing.curves import oval, placed, shift, tube, turned
from lethebench.generation.drawing.ink import SHADE, Ink

Point = tuple[float, float]
Joint = tuple[float, float, float]  # x, y, radius


@dataclass(frozen=True)
class Pose:
    """How an animal holds itself in one view.

    Attributes:
        stride: phase of the step, in radians.
        step: how far it steps, 0 (stands) to 1.
        nod: -1 (head down) to 1 (head up).
        wag: -1 to 1, direction of the tail.
        plump: factor on the trunk's thickness, near 1.
        tone: factor on the colors, near 1.
        posture: `stand`, `lie` or `sit`.
        dyes: color of the drawing -> color in this variety.
    """

    stride: float
    step: float
    nod: float
    wag: float
    plump: float
    tone: float
    posture: str = "stand"
    dyes: Mapping[Color, Color] = field(default_factory=dict)

    def color(self, color: Color) -> Color:
        """Return the color as light or dark as this view shows it."""
        return toned(self.dyes.get(color, color), self.tone)


def draw_pose(
    rng: np.random.Generator, postures: tuple[str, ...], varieties: tuple[Mapping[Color, Color], ...]
) -> Pose:
    """Draw a pose and a variety at random."""
    step = float(rng.uniform(0, 1) * (rng.random() < 0.75))
    posture = pick(rng, "stand", *postures)
    return Pose(
        stride=float(rng.uniform(0, 2 * np.pi)),
        step=step,
        nod=float(rng.uniform(0.1 if posture == "lie" else -1, 1)),
        wag=float(rng.uniform(-1, 1)),
        plump=float(rng.uniform(0.96, 1.05)),
        tone=float(rng.uniform(0.93, 1.06)),
        posture=posture,
        dyes=pick(rng, {}, *varieties),
    )


DrawPart = Callable[[Ink, "Beast", Pose, Point, float], None]
"""(ink, beast, pose, attachment point, turn in radians): draws a head or a tail."""


@dataclass(frozen=True)
class Beast:
    """One kind of four-legged animal.

    Attributes:
        coat: main color.
        trunk: joints from rump to chest.
        neck: joints from the withers to the head; the head turns at the last.
        neck_turn: turn of the neck in radians at a nod of -1 and of 1.
        head_turn: additional turn of the head, likewise.
        hip, shoulder: where the hind and the front legs start.
        thick, thin: radii of a hind and of a front leg at thigh, knee, hock and foot.
        foot, foot_color: `paw`, `hoof` or `pad`, and its color.
        bend: how far knee and hock stand out.
        stride: how far the legs swing, in radians.
        head, tail, marks: draw the head, the tail and the marks on the trunk.
        legs: color of the legs if it differs from the coat's.
        spread: distance between near and far legs.
        reach: (left, top, right, bottom) that contains the animal: see `Ink`.
    """

    coat: Color
    trunk: tuple[Joint, ...]
    neck: tuple[Joint, ...]
    neck_turn: tuple[float, float]
    head_turn: tuple[float, float]
    hip: Point
    shoulder: Point
    thick: tuple[float, float, float, float]
    thin: tuple[float, float, float, float]
    foot: str
    foot_color: Color
    head: DrawPart
    tail: DrawPart
    bend: float = 0.1
    stride: float = 0.38
    marks: Callable[[Ink, "Beast", Pose], None] | None = None
    legs: Color | None = None
    spread: float = 0.16
    reach: tuple[float, float, float, float] = (-1.5, -2.0, 1.9, 0.12)


def between(ends: tuple[float, float], share: float) -> float:
    """Interpolate from the first end at -1 to the second at 1."""
    return ends[0] + (ends[1] - ends[0]) * (share + 1) / 2


def draw_beast(ink: Ink, beast: Beast, pose: Pose) -> None:
    """Draw the whole animal."""
    standing, (beast, move) = beast, _postured(beast, pose)
    coat = pose.color(beast.coat)
    legs = pose.color(beast.legs or beast.coat)
    swings = {
        (pair, near): beast.stride * pose.step * np.sin(pose.stride + phase)
        for pair, near, phase in (("hind", 1, 0.0), ("front", 1, 2.2), ("hind", 0, np.pi), ("front", 0, np.pi + 2.2))
    }
    beast.tail(ink, beast, pose, beast.trunk[0][:2], 0.0)
    for pair in ("hind", "front"):
        limb, end = _leg(beast, pair, swings[pair, 0], pose.posture, far=True)
        dark = mix(legs, SHADE, 0.3)
        ink.form(limb, dark, reach=0.08)
        _foot(ink, beast, end, mix(pose.color(beast.foot_color), SHADE, 0.3))
    joints = np.array(beast.trunk)
    trunk = tube(joints[:, :2], joints[:, 2] * pose.plump)
    neck, at, turn = _neck(beast, pose)
    limbs = [_leg(beast, pair, swings[pair, 1], pose.posture, far=False) for pair in ("hind", "front")]
    if beast.legs is None:
        mass = [trunk, neck, *(limb for limb, _ in limbs)]
    else:
        mass = [trunk, neck]
        for limb, end in limbs:
            ink.form(limb, legs, reach=0.08)
            _foot(ink, beast, end, pose.color(beast.foot_color))
    for outline in mass:
        ink.shape(outline, coat)
    if beast.marks:
        warp = ink.warp
        ink.warp = move if warp is None else lambda points: warp(move(points))
        beast.marks(ink, standing, pose)
        ink.warp = warp
    ink.shaded(mass, coat)
    if beast.legs is None:
        for limb, end in limbs:
            ink.shaded(limb, coat, depth=0.22, gloss=0.16, reach=0.1)
            _foot(ink, beast, end, pose.color(beast.foot_color))
    beast.head(ink, beast, pose, at, turn)


def _postured(beast: Beast, pose: Pose) -> tuple[Beast, Callable[[np.ndarray], np.ndarray]]:
    """Return the beast as it stands, lies or sits, and how points of its trunk have moved."""
    trunk, neck = np.array(beast.trunk), np.array(beast.neck)
    drop, turn, pivot = 0.0, 0.0, beast.shoulder
    if pose.posture == "lie":
        drop = -0.04 - float((trunk[:, 1] + trunk[:, 2]).max())
    elif pose.posture == "sit":
        # The rump sinks to the ground while the chest stays where it is.
        rump = trunk[:1, :2]
        while turn > -1.1 and turned(rump, turn, pivot)[0, 1] + trunk[0, 2] < -0.03:
            turn -= 0.03

    def move(points: np.ndarray) -> np.ndarray:
        return shift(turned(points, turn, pivot), 0.0, drop)

    trunk[:, :2], neck[:, :2] = move(trunk[:, :2]), move(neck[:, :2])
    neck[:, :2] = turned(neck[:, :2], -0.75 * turn, neck[0, :2])
    hip, shoulder = (tuple(move(np.array([point]))[0].tolist()) for point in (beast.hip, beast.shoulder))
    trunk_joints, neck_joints = (tuple(map(tuple, part.tolist())) for part in (trunk, neck))
    return replace(beast, trunk=trunk_joints, neck=neck_joints, hip=hip, shoulder=shoulder), move


def _neck(beast: Beast, pose: Pose) -> tuple[np.ndarray, Point, float]:
    """Return the neck's outline, where the head is attached, and the head's turn."""
    joints = np.array(beast.neck)
    # A smaller turn is counterclockwise: it lifts a head that faces right.
    turn = between(beast.neck_turn, pose.nod)
    line = turned(joints[:, :2], turn, joints[0, :2])
    return tube(line, joints[:, 2]), tuple(line[-1]), turn + between(beast.head_turn, pose.nod)


def _leg(beast: Beast, pair: str, swing: float, posture: str, *, far: bool) -> tuple[np.ndarray, tuple[Point, float]]:
    """Return the outline of a leg and (its end, its turn)."""
    x, y = beast.hip if pair == "hind" else beast.shoulder
    x += (0.5 if pair == "hind" else -0.5) * beast.spread * (1 if far else -1)
    if posture == "lie" or (posture == "sit" and pair == "hind"):
        radii, r = (beast.thick, beast.thin)[pair == "front"], beast.thin[3]
        reach = 0.5 if pair == "hind" else 0.62
        line = np.array([(x, y), (x + 0.45 * reach, min(y, -0.26)), (x + 0.3 * reach, -1.2 * r), (x + reach, -r)])
        return tube(line, radii), ((x + reach, -r), 0.0)
    high, bend = -y, beast.bend * -y
    if pair == "hind":
        line = np.array(
            [(x, y), (x + bend, y + 0.42 * high), (x - 0.9 * bend, y + 0.66 * high), (x - 0.5 * bend, -0.03)]
        )
        radii = beast.thick
    else:
        line = np.array([(x, y), (x - 0.3 * bend, y + 0.4 * high), (x + 0.1 * bend, y + 0.68 * high), (x, -0.03)])
        radii = beast.thin
    line = turned(line, swing, (x, y))
    # The lower leg lags behind when it swings forward, and stays on the ground when it is behind.
    lag = 0.7 * max(0.0, -swing) if pair == "front" else 0.5 * max(0.0, -swing)
    line[2:] = turned(line[2:], lag, line[1])
    line[:, 1] -= max(0.0, line[-1, 1] + 0.03)
    return tube(line, radii), (tuple(line[-1]), 0.5 * swing + lag)


def _foot(ink: Ink, beast: Beast, end: tuple[Point, float], color: Color) -> None:
    (x, y), turn = end
    r = beast.thin[3]
    if beast.foot == "hoof":
        ink.form(
            placed([(-1.05 * r, -0.9 * r), (1.0 * r, -0.9 * r), (1.5 * r, 0.9 * r), (-1.1 * r, 0.9 * r)], x, y, turn),
            color,
            reach=0.05,
        )
    elif beast.foot == "paw":
        ink.form(placed(oval(0.45 * r, 0.1 * r, 1.55 * r, 0.85 * r), x, y, turn), color, reach=0.05)
    else:
        for k in (-0.6, 0.0, 0.6):
            ink.patch(oval(x + r * (0.25 + k), y + 0.2 * r, 0.26 * r, 0.34 * r), color)
