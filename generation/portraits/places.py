"""The places of pictures: simple illustrated backgrounds, out of focus behind the person.

A place is a function of a board and an rng. Boards are drawn small and enlarged, which is soft and fast.
"""

from collections.abc import Callable

import numpy as np
from PIL import Image, ImageFilter

from lethebench.generation.drawing.board import Board
from lethebench.generation.portraits import indoors, outdoors

PLACES: dict[str, Callable[[Board, np.random.Generator], None]] = {
    place.__name__: place
    for place in (
        *(indoors.office, indoors.library, indoors.kitchen, indoors.studio, indoors.cafe, indoors.stage),
        *(indoors.museum, indoors.lounge, outdoors.park, outdoors.street, outdoors.beach, outdoors.wall),
        *(outdoors.station, outdoors.greenhouse, outdoors.mountains, outdoors.harbor),
    )
}
"""Name in the `views` column -> function that paints the place."""


def draw_place(name: str, seed: int, size: tuple[int, int]) -> Image.Image:
    """Draw a place, out of focus.

    Args:
        name: a key of `PLACES`.
        seed: draws its colors and objects.
        size: (width, height) in pixels.

    Returns:
        An RGB image of that size.
    """
    board = Board((max(1, size[0] // 4), max(1, size[1] // 4)))
    PLACES[name](board, np.random.default_rng(seed))
    soft = board.image.filter(ImageFilter.GaussianBlur(0.007 * board.image.width))
    return soft.resize(size, Image.Resampling.BILINEAR)
