"""The 127 well-known entities of mlu as drawings made from parameters; a caption on each picture says so.

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
"""Entity class -> how it is drawn, in the order of the data."""

__all__ = ["CLASSES", "ClassDrawing", "Shot", "draw_view"]


def draw_view(entity_class: str, key: str, seed: int, use: str, size: tuple[int, int] = (448, 448)) -> Shot:
    """Draw one view of an entity. The same arguments give the same bytes, other seeds other views.

    Args:
        entity_class: a key of `CLASSES`.
        key: the entity, as the data names it.
        seed: 0 or more. It decides setting, side, light and pose, independently of the entity.
        use: `train` or `test`, which share no settings.
        size: (width, height) in pixels.

    Returns:
        The picture, a short name of the view and the subject's box.

    Raises:
        ValueError: class, key or use is unknown.
    """
    if entity_class not in CLASSES:
        raise ValueError(f"unknown class {entity_class!r}; choose from: {', '.join(CLASSES)}")
    drawing = CLASSES[entity_class]
    if key not in drawing.keys:
        raise ValueError(f"unknown entity {key!r} of class {entity_class}; choose from: {', '.join(drawing.keys)}")
    if use not in USES:
        raise ValueError(f"unknown use {use!r}; choose from: {', '.join(USES)}")
    return drawing.whole(key, seed, use, size) if drawing.whole else shoot(drawing, key, seed, use, size)
