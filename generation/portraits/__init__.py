"""Illustrated portraits. `Face` is the person and stays the same; clothes, background and crop belong to the picture.

face = draw_face(np.random.default_rng(7), "female", 41)
picture = id_photo(face, np.random.default_rng(8), (150, 190))
"""

import numpy as np
from PIL import Image

from lethebench.generation.drawing.board import pick
from lethebench.generation.drawing.canvas import Canvas
from lethebench.generation.drawing.color import WHITE
from lethebench.generation.portraits.dress import CLOTHES, CLOTHS, SHIRTS, draw_clothes
from lethebench.generation.portraits.features import draw_features, draw_glasses
from lethebench.generation.portraits.hair import draw_back, draw_front
from lethebench.generation.portraits.head import draw_ears, draw_neck
from lethebench.generation.portraits.identity import CUTS, LONG, Face, draw_face
from lethebench.generation.questions.records import Profile

BACKDROPS = ((226, 232, 238), (208, 220, 234), (240, 240, 238), (232, 226, 216), (196, 208, 214), (222, 214, 226),
    (214, 226, 214))  # fmt: skip

__all__ = ["CUTS", "LONG", "Face", "draw_face", "face_of", "id_photo"]


def face_of(profile: Profile) -> Face:
    """Return the face that all pictures of a profile show."""
    return draw_face(np.random.default_rng(profile.seed), profile.details["gender"], int(profile.details["age"]))


def id_photo(face: Face, rng: np.random.Generator, size: tuple[int, int]) -> Image.Image:
    """Draw a frontal ID photo.

    Args:
        face: the person.
        rng: draws clothes and backdrop.
        size: (width, height) in pixels.

    Returns:
        An RGB image of that size.
    """
    width, height = size
    backdrop, kind = pick(rng, *BACKDROPS), pick(rng, *CLOTHES[face.gender])
    cloth, tie = (CLOTHS[int(k)] for k in rng.integers(0, len(CLOTHS), 2))
    shirt = pick(rng, *SHIRTS)
    room = 0.93 if face.cut in ("afro", "curly", "curlylong", "bun") else 1.0
    unit = room * min(width / 2.45, height / 3.2)
    canvas = Canvas(size, (width / 2, height * 0.475), unit, backdrop)
    canvas.dot(0, 0.2, 1.5, 1.9, WHITE, alpha=0.35, blur=0.4)
    draw_back(canvas, face)
    draw_neck(canvas, face)
    draw_clothes(canvas, face, kind, cloth, shirt, tie)
    draw_ears(canvas, face)
    draw_features(canvas, face)
    draw_front(canvas, face)
    draw_glasses(canvas, face)
    return canvas.finish()
