"""Buildings as solids seen from slightly different sides, by day and with lamps lit."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from PIL import Image

from lethebench.generation.drawing.board import pick
from lethebench.generation.subjects.buildings import domes, stone, towers
from lethebench.generation.subjects.buildings.model import Look, Model
from lethebench.generation.subjects.buildings.settings import SETTINGS
from lethebench.generation.subjects.class_drawing import ClassDrawing


class Plan(NamedTuple):
    """A building, the camera's largest turn and range of heights in radians, and its distance."""

    draw: Callable[[Model, Look], None]
    turn: float = 0.55
    above: tuple[float, float] = (0.06, 0.2)
    far: float = 26.0


PLANS = {
    "Big_Ben": Plan(towers.big_ben, 0.6, (0.04, 0.12)),
    "Colosseum": Plan(stone.colosseum, 0.3, (0.2, 0.34), 14.0),
    "Eiffel_Tower": Plan(towers.eiffel_tower, 0.6, (0.05, 0.16), 900.0),
    "Forbidden_City": Plan(domes.forbidden_city, 0.42, (0.08, 0.2), 22.0),
    "Great_Wall_of_China": Plan(domes.great_wall_of_china),
    "Moai_Statues": Plan(stone.moai_statues, 0.5, (0.02, 0.12), 16.0),
    "Oriental_Pearl_Tower": Plan(towers.oriental_pearl_tower, 0.6, (0.05, 0.16)),
    "Parthenon": Plan(stone.parthenon, 0.6, (0.1, 0.22), 16.0),
    "Pyramids_of_Giza": Plan(stone.pyramids_of_giza, 0.4, (0.08, 0.2), 14.0),
    "Statue_of_Liberty": Plan(towers.statue_of_liberty, 0.5, (0.04, 0.14), 20.0),
    "Taj_Mahal": Plan(domes.taj_mahal, 0.5, (0.06, 0.18), 20.0),
    "Tower_of_London": Plan(stone.tower_of_london, 0.5, (0.08, 0.2), 22.0),
}
# Lamplight on red, green and blue: shadows deepen, windows keep their brightness.
_EVENING = [round(255 * gain * (level / 255) ** 1.5) for gain in (0.98, 0.94, 0.98) for level in range(256)]
_EVENING += range(256)  # alpha stays


def sprite(key: str, rng: np.random.Generator, pixels: int) -> Image.Image:
    """Draw a building from a random side.

    Args:
        key: one of `PLANS`.
        rng: draws side, height, sun and lamps.
        pixels: side of the picture.

    Returns:
        An RGBA picture, transparent around the building.
    """
    plan = PLANS[key]
    model = Model(
        yaw=float(rng.uniform(-plan.turn, plan.turn)),
        pitch=float(rng.uniform(*plan.above)),
        far=plan.far * float(rng.uniform(0.85, 1.4)),
        sun=pick(rng, -1, 1) * float(rng.uniform(0.4, 1.0)),
        contrast=float(rng.uniform(0.3, 0.52)),
    )
    lamps = rng.random() < 0.28
    plan.draw(model, Look(rng, lamps))
    picture = model.pen.picture(pixels)
    return picture.point(_EVENING) if lamps else picture


DRAWING = ClassDrawing(
    keys=tuple(PLANS),
    sprite=sprite,
    settings=SETTINGS,
    stance="ground",
    span=(0.7, 0.82),
    foot=(0.84, 0.91),
    tilt=1.5,
    turn=0.08,
    occluded=0.25,
)
