"""Evidence of a real person, work or company: one of the things that carry its name or facts about it."""

from collections.abc import Callable, Mapping

import numpy as np
from PIL import Image

from lethebench.generation.drawing.board import pick
from lethebench.generation.evidence import books, cards, office, plates, screens
from lethebench.generation.evidence.settings import PLACES
from lethebench.generation.evidence.texts import Row, Text
from lethebench.generation.subjects.class_drawing import USES, ClassDrawing, Shot
from lethebench.generation.subjects.view import shoot

Thing = Callable[[Text, tuple[Row, ...], np.random.Generator, int], Image.Image]
"""(text, rows, rng, pixels) -> an RGBA square: the thing with the rows, or with the name if there are none."""

_PLACE: Mapping[str, tuple[Thing, ...]] = {
    "wall": (plates.name_plate, plates.plaque, plates.panel, plates.info_box, books.poster,
             screens.title_card, screens.marquee, screens.listing),
    "table": (books.title_page, books.spines, books.newspaper, cards.stamp, cards.quiz_card, cards.index_card,
              cards.autograph_card, cards.badge, screens.ticket, screens.clapper, screens.disc_case,
              office.business_card, office.envelope),
    "street": (office.van, plates.business_sign),
}  # fmt: skip
_PLACE_OF = {thing: place for place, things in _PLACE.items() for thing in things}
_PERSON = (plates.name_plate, plates.plaque, plates.panel, plates.info_box, books.title_page, books.newspaper,
           books.poster, cards.index_card)  # fmt: skip
_WORK = (screens.title_card, screens.marquee, screens.ticket, screens.clapper, screens.disc_case, screens.listing,
         books.poster, plates.info_box)  # fmt: skip
_COMPANY = (plates.business_sign, plates.name_plate, plates.info_box, office.van, office.business_card)
THINGS: Mapping[str, Mapping[bool, tuple[Thing, ...]]] = {
    "person": {True: (*_PERSON, books.spines, cards.stamp, cards.autograph_card, cards.badge),
               False: (*_PERSON, cards.quiz_card)},
    **{kind: {True: (*_WORK, books.spines), False: (*_WORK, cards.quiz_card, cards.index_card)}
       for kind in ("film", "series", "cartoon")},
    "company": {True: (*_COMPANY, office.envelope, cards.badge),
                False: (*_COMPANY, plates.plaque, plates.panel, cards.quiz_card, cards.index_card)},
}  # fmt: skip
"""Kind of subject -> whether the name is printed -> the things that show it."""
# Stance, foot and largest turn in each place; facts are set smaller than names, so they are shown from near.
_STANCES = {
    "wall": ("wall", (0.44, 0.48), 0.14),
    "table": ("wall", (0.44, 0.48), 0.1),
    "street": ("ground", (0.86, 0.9), 0.06),
}
_SPANS = {True: {"middle": (0.66, 0.78), "near": (0.8, 0.93)}, False: {"near": (0.86, 0.93)}}


def draw_evidence(text: Text, seed: int, use: str, size: tuple[int, int], *, named: bool, marked: bool = True) -> Shot:
    """Draw a thing that carries the name of a subject, or facts about it without the name.

    Args:
        text: what may be printed.
        seed: decides the thing, its surroundings and which facts are printed, independently of the subject.
        use: `train` or `test`, which share no surroundings.
        size: (width, height) in pixels.
        named: whether the name is printed.
        marked: whether a strip says that the picture is drawn.

    Returns:
        The picture, its name such as `name:printed,plaque,near,lobby,left`, and the box of the thing.
    """
    thing = pick(np.random.default_rng((seed, USES.index(use), 14)), *THINGS[text.kind][named])
    place = _PLACE_OF[thing]
    stance, foot, turn = _STANCES[place]

    def sprite(key: str, rng: np.random.Generator, pixels: int) -> Image.Image:
        rows = () if named else text.rows(np.random.default_rng(int(rng.integers(2**32))))
        return thing(text, rows, rng, pixels)

    drawing = ClassDrawing(
        (text.name,), sprite, PLACES[place], stance, _SPANS[named], foot, tilt=3.0, turn=turn, occluded=0.0
    )
    shot = shoot(drawing, text.name, seed, use, size, marked=marked)
    word = thing.__name__.replace("_", "-")
    return shot._replace(name=f"name:{'printed' if named else 'absent'},{word},{shot.name}")
