"""The 127 well-known entities of mlu, drawn from parameters: no photograph, and each picture says so.

shot = draw_view("Animals", "Live_Chicken", 7, "train")
shot.picture.save("chicken.png")
"""

from collections.abc import Mapping

from lethebench.generation.subjects import personage
from lethebench.generation.subjects.animals import drawing as animals
from lethebench.generation.subjects.astronomy import drawing as astronomy
from lethebench.generation.subjects.buildings import drawing as buildings
from lethebench.generation.subjects.class_drawing import USES, ClassDrawing, Shot
from lethebench.generation.subjects.corporation import drawing as corporation
from lethebench.generation.subjects.plants import drawing as plants
from lethebench.generation.subjects.posters import drawing as posters
from lethebench.generation.subjects.view import shoot

CLASSES: Mapping[str, ClassDrawing] = {
    "Animals": animals.DRAWING,
    "Astronomy": astronomy.DRAWING,
    "Buildings": buildings.DRAWING,
    "Cartoon": posters.CARTOON,
    "Corporation": corporation.DRAWING,
    "Movies": posters.MOVIES,
    "Personage": personage.DRAWING,
    "Plants": plants.DRAWING,
    "TV series": posters.SERIES,
}

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
