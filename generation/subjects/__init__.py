"""The 127 well-known entities of mlu, drawn from parameters: no photograph, and each picture says so.

shot = draw_view("Animals", "Live_Chicken", 7, "train")
shot.picture.save("chicken.png")
"""

from collections.abc import Mapping

from lethebench.generation.subjects.animals.drawing import DRAWING as ANIMALS
from lethebench.generation.subjects.astronomy.drawing import DRAWING as ASTRONOMY
from lethebench.generation.subjects.buildings.drawing import DRAWING as BUILDINGS
from lethebench.generation.subjects.cartoon.drawing import DRAWING as CARTOON
from lethebench.generation.subjects.class_drawing import USES, ClassDrawing, Shot
from lethebench.generation.subjects.corporation.drawing import DRAWING as CORPORATION
from lethebench.generation.subjects.movies.drawing import DRAWING as MOVIES
from lethebench.generation.subjects.personage.drawing import DRAWING as PERSONAGE
from lethebench.generation.subjects.plants.drawing import DRAWING as PLANTS
from lethebench.generation.subjects.series.drawing import DRAWING as SERIES
from lethebench.generation.subjects.view import shoot

CLASSES: Mapping[str, ClassDrawing] = {
    "Animals": ANIMALS,
    "Astronomy": ASTRONOMY,
    "Buildings": BUILDINGS,
    "Cartoon": CARTOON,
    "Corporation": CORPORATION,
    "Movies": MOVIES,
    "Personage": PERSONAGE,
    "Plants": PLANTS,
    "TV series": SERIES,
}
"""Every entity class and how it is drawn, in the order of the data."""

__all__ = ["CLASSES", "ClassDrawing", "Shot", "draw_view"]


def draw_view(entity_class: str, key: str, seed: int, use: str, size: tuple[int, int] = (448, 448)) -> Shot:
    """One view of an entity. Other seeds give other views; the same arguments give the same bytes.

    Args:
        entity_class: a key of `CLASSES`.
        key: the entity, as the data calls it.
        seed: 0 or more. It decides setting, side, light and pose, whichever the entity is.
        use: `train` or `test`. Settings of the one never occur in the other.
        size: (width, height) in pixels.

    Returns:
        The picture, a short name of the view and the subject's box.

    Raises:
        ValueError: class, key or use is unknown.
    """
    if entity_class not in CLASSES:
        raise ValueError(f"class {entity_class!r} is not known: take one of {', '.join(CLASSES)}")
    drawing = CLASSES[entity_class]
    if key not in drawing.keys:
        raise ValueError(f"entity {key!r} is not known in {entity_class}: take one of {', '.join(drawing.keys)}")
    if use not in USES:
        raise ValueError(f"use {use!r} is not known: take one of {', '.join(USES)}")
    return drawing.whole(key, seed, use, size) if drawing.whole else shoot(drawing, key, seed, use, size)
