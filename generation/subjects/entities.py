"""The 127 well-known entities of mlu in pictures: drawings of things, and evidence of people, works and companies.

shot = draw_view("Animals", "Live_Chicken", 7, "train")
shot.picture.save("chicken.png")
"""

from collections.abc import Mapping

from lethebench.generation.evidence.drawing import draw_evidence
from lethebench.generation.evidence.texts import KINDS, entity_text
from lethebench.generation.mlu.facts import release
from lethebench.generation.subjects.animals.drawing import DRAWING as ANIMALS
from lethebench.generation.subjects.astronomy.drawing import DRAWING as ASTRONOMY
from lethebench.generation.subjects.buildings.drawing import DRAWING as BUILDINGS
from lethebench.generation.subjects.class_drawing import USES, ClassDrawing, Shot
from lethebench.generation.subjects.plants.drawing import DRAWING as PLANTS
from lethebench.generation.subjects.view import shoot

DRAWN: Mapping[str, ClassDrawing] = {
    "Animals": ANIMALS,
    "Astronomy": ASTRONOMY,
    "Buildings": BUILDINGS,
    "Plants": PLANTS,
}
"""Class whose entities are drawn themselves -> how; the other classes are shown by evidence."""


def draw_view(
    entity_class: str, key: str, seed: int, use: str, size: tuple[int, int] = (448, 448), *, named: bool = True
) -> Shot:
    """Draw one view of an entity. The same arguments give the same bytes, other seeds other views.

    Args:
        entity_class: a class of mlu.
        key: the entity, as the data names it.
        seed: 0 or more. It decides surroundings, side and light, and how the subject is drawn or what carries the
            evidence, independently of the entity.
        use: `train` or `test`, which share no settings.
        size: (width, height) in pixels.
        named: whether evidence carries the name rather than facts; without effect on things that are drawn.

    Returns:
        The picture, a short name of the view and the subject's box.

    Raises:
        ValueError: class, key or use is unknown.
    """
    classes = release().classes
    if entity_class not in classes:
        raise ValueError(f"unknown class {entity_class!r}; choose from: {', '.join(classes)}")
    keys = sorted(classes[entity_class].everyone)
    if key not in keys:
        raise ValueError(f"unknown entity {key!r} of class {entity_class}; choose from: {', '.join(keys)}")
    if use not in USES:
        raise ValueError(f"unknown use {use!r}; choose from: {', '.join(USES)}")
    if entity_class in KINDS:
        return draw_evidence(entity_text(entity_class, key), seed, use, size, named=named)
    shot = shoot(DRAWN[entity_class], key, seed, use, size)
    return shot._replace(name=f"drawn,{shot.name}")
