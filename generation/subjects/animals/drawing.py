"""The fifteen animals."""

from collections.abc import Callable

import numpy as np
from PIL import Image

from lethebench.generation.drawing.ink import Ink
from lethebench.generation.subjects.animals.beasts import BEASTS
from lethebench.generation.subjects.animals.birds import chicken, parrot, penguin
from lethebench.generation.subjects.animals.body import Pose, draw_beast, draw_pose
from lethebench.generation.subjects.animals.others import butterfly, dolphin, rabbit
from lethebench.generation.subjects.animals.settings import SETTINGS
from lethebench.generation.subjects.animals.varieties import POSTURES, VARIETIES
from lethebench.generation.subjects.class_drawing import ClassDrawing

OTHERS: dict[str, tuple[Callable[[Ink, Pose], None], tuple[float, float, float, float]]] = {
    "Butterfly": (butterfly, (-1.2, -1.2, 1.2, 1.2)),
    "Dolphin": (dolphin, (-1.65, -1.9, 1.4, 0.1)),
    "Live_Chicken": (chicken, (-1.2, -1.9, 1.2, 0.1)),
    "Parrot": (parrot, (-1.0, -1.5, 1.1, 0.85)),
    "Penguin": (penguin, (-1.1, -1.95, 1.1, 0.1)),
    "Rabbit": (rabbit, (-1.1, -2.2, 1.1, 0.1)),
}
"""Animals without a `Beast` -> how each is drawn, and the reach of its `Ink`."""


def draw_animal(key: str, rng: np.random.Generator, pixels: int) -> Image.Image:
    """Draw an animal that faces left or right; see `class_drawing.Sprite`."""
    reach = BEASTS[key].reach if key in BEASTS else OTHERS[key][1]
    ink = Ink(pixels, reach, mirror=bool(rng.random() < 0.5))
    pose = draw_pose(rng, POSTURES.get(key, ()), VARIETIES[key])
    if key in BEASTS:
        draw_beast(ink, BEASTS[key], pose)
    else:
        OTHERS[key][0](ink, pose)
    return ink.finish()


DRAWING = ClassDrawing(
    keys=tuple(sorted((*BEASTS, *OTHERS))),
    sprite=draw_animal,
    settings=SETTINGS,
    afloat=frozenset(("Butterfly",)),
)
