"""The twelve plants."""

import numpy as np
from PIL import Image

from lethebench.generation.drawing.ink import Ink
from lethebench.generation.subjects.class_drawing import ClassDrawing
from lethebench.generation.subjects.plants.crops import CROPS
from lethebench.generation.subjects.plants.flowers import UPRIGHT
from lethebench.generation.subjects.plants.parts import draw_growth
from lethebench.generation.subjects.plants.settings import SETTINGS
from lethebench.generation.subjects.plants.varieties import VARIETIES

PLANTS_DRAWN = UPRIGHT | CROPS


def draw_plant(key: str, rng: np.random.Generator, pixels: int) -> Image.Image:
    """Draw a plant from either side; see `class_drawing.Sprite`."""
    draw, reach = PLANTS_DRAWN[key]
    ink = Ink(pixels, reach, mirror=bool(rng.random() < 0.5))
    draw(ink, draw_growth(rng, VARIETIES[key]))
    return ink.finish()


DRAWING = ClassDrawing(keys=tuple(sorted(PLANTS_DRAWN)), sprite=draw_plant, settings=SETTINGS)
