"""Well-known people: a drawn stand-in for each, always the same and without likeness to anybody."""

import hashlib
from functools import cache

import numpy as np

from lethebench.generation.portraits.identity import Face, draw_face
from lethebench.generation.portraits.portrait import portrait, subject_box
from lethebench.generation.portraits.scene import draw_scene
from lethebench.generation.subjects.class_drawing import USES, ClassDrawing, Shot

MARK = "Drawn stand-in, not a likeness"
"""Text in the strip at the lower edge."""
# Gender and age of the stand-in: about that of the person's best-known years.
PEOPLE: dict[str, tuple[str, int]] = {
    "Alan_Turing": ("male", 38),
    "Albert_Einstein": ("male", 68),
    "Barack_Obama": ("male", 50),
    "Benedict_Cumberbatch": ("male", 40),
    "Bill_Gates": ("male", 60),
    "Charlie_Chaplin": ("male", 35),
    "Christian_Bale": ("male", 40),
    "Cristiano_Ronaldo": ("male", 32),
    "David_Beckham": ("male", 30),
    "Ed_Sheeran": ("male", 27),
    "Elon_Musk": ("male", 47),
    "Isaac_Newton": ("male", 55),
    "J.K._Rowling": ("female", 45),
    "John_von_Neumann": ("male", 50),
    "Kobe_Bryant": ("male", 33),
    "Lady_Gaga": ("female", 28),
    "Leonardo_DiCaprio": ("male", 42),
    "Marie_Curie": ("female", 45),
    "Marilyn_Monroe": ("female", 30),
    "Michael_Jackson": ("male", 30),
    "Michael_Jordan": ("male", 33),
    "Queen_Elizabeth_Ⅱ": ("female", 80),
    "Scarlett_Johansson": ("female", 32),
    "Steve_Jobs": ("male", 52),
    "Steven_Spielberg": ("male", 65),
    "Taylor_Swift": ("female", 30),
    "Trump": ("male", 70),
    "Vladimir_Putin": ("male", 62),
    "苏姿丰": ("female", 50),
    "马云": ("male", 50),
}


@cache
def face_of(key: str) -> Face:
    """Return the stand-in's face, drawn from the key alone."""
    seed = int.from_bytes(hashlib.sha256(key.encode()).digest()[:8], "big")
    return draw_face(np.random.default_rng(seed), *PEOPLE[key])


def draw_person(key: str, seed: int, use: str, size: tuple[int, int]) -> Shot:
    """Draw a stand-in in a scene that depends on the person's gender only."""
    face = face_of(key)
    scene = draw_scene(np.random.default_rng((seed, USES.index(use), 13)), face.gender, use=use)
    return Shot(portrait(face, scene, size, mark=MARK), scene.name, subject_box(face, scene, size))


DRAWING = ClassDrawing(keys=tuple(PEOPLE), whole=draw_person)
