"""Buildings as solids seen from slightly different sides, by day and with lamps lit."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageChops, ImageDraw, ImageFilter

from lethebench.generation.drawing.board import pick
from lethebench.generation.drawing.color import Color
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


def _toned(color: Color, share: float, gains: tuple[float, float, float]) -> list[int]:
    """Return a table that scales the channels and mixes in a color; alpha stays."""
    table = [min(255, round((1 - share) * level * gain + share * part)) for part, gain in zip(color, gains, strict=True)
             for level in range(256)]  # fmt: skip
    return table + list(range(256))


_COLD = _toned((210, 222, 240), 0.18, (0.94, 0.98, 1.06))
_MOODS = {
    "evening": _EVENING,
    "golden": _toned((255, 176, 90), 0.14, (1.08, 0.96, 0.78)),
    "overcast": _toned((150, 156, 164), 0.22, (0.8, 0.83, 0.88)),
    "mist": _toned((214, 220, 226), 0.36, (1.0, 1.0, 1.0)),
}
"""Time of day or weather -> what it does to the channels; day leaves them as they are."""


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
    low, high = plan.above
    model = Model(
        yaw=float(rng.uniform(-1.25, 1.25)) * plan.turn,
        pitch=float(rng.uniform(low, high + 0.12)),
        far=plan.far * float(np.exp(rng.uniform(-0.4, 0.5))),
        sun=pick(rng, -1, 1) * float(rng.uniform(0.4, 1.0)),
        contrast=float(rng.uniform(0.3, 0.52)),
    )
    mood = pick(rng, "day", "golden", "overcast", "evening", "mist", "snow")
    plan.draw(model, Look(rng, mood == "evening"))
    picture = model.pen.picture(pixels)
    return _snowy(picture) if mood == "snow" else picture.point(_MOODS[mood]) if mood in _MOODS else picture


def _snowy(picture: Image.Image) -> Image.Image:
    """Return the picture cold, with snow on whatever has nothing above it."""
    cover = picture.getchannel("A")
    deep = max(2, picture.height // 40)
    open_sky = ImageChops.subtract(cover, ImageChops.offset(cover, 0, deep))
    ImageDraw.Draw(open_sky).rectangle((0, picture.height - deep, picture.width, picture.height), fill=0)
    cold = picture.point(_COLD)
    cold.paste((246, 249, 253), mask=open_sky.filter(ImageFilter.GaussianBlur(0.6)))
    cold.putalpha(cover)
    return cold


DRAWING = ClassDrawing(
    keys=tuple(PLANS),
    sprite=sprite,
    settings=SETTINGS,
    stance="ground",
    foot=(0.84, 0.91),
    tilt=1.5,
    turn=0.08,
    occluded=0.25,
)
