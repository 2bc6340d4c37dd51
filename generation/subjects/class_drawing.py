"""The drawing of a class of well-known entities: one sprite per entity, and the settings around it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from PIL import Image

from lethebench.generation.drawing.board import Board

Sprite = Callable[[str, np.random.Generator, int], Image.Image]
"""(entity key, rng, pixels) -> a square RGBA picture, transparent around the subject, which touches two opposite sides.

The entity's identity depends on the key alone. The rng decides the differences between views: pose, side, small
variation of shape and tone.
"""
Setting = Callable[[Board, np.random.Generator], None]
"""Paints surroundings that fit any entity of the class."""

MARK = "Drawn, not a photograph"
"""Text in the strip at the lower edge."""
USES = ("train", "test")
DISTANCES: Mapping[str, tuple[float, float]] = {"far": (0.42, 0.52), "middle": (0.62, 0.78), "near": (0.84, 0.92)}


class Shot(NamedTuple):
    """One view of an entity.

    Attributes:
        picture: RGB.
        name: distance, setting and side, such as `near,meadow,left`, for the `views` column.
        box: (left, top, right, bottom) of the subject with its shadow, in pixels.
    """

    picture: Image.Image
    name: str
    box: tuple[int, int, int, int]


@dataclass(frozen=True)
class ClassDrawing:
    """How the entities of one class are drawn.

    Attributes:
        keys: the entities, as the data names them.
        sprite: draws an entity.
        settings: use -> name -> setting. Training and testing share none.
        stance: `ground`: stands on the ground, over a contact shadow; `wall`: hangs on a wall and shades it;
            `sky`: floats without a shadow.
        spans: distance -> range of the subject's side as a share of the picture's shorter side.
        foot: range of the height of the square's lower edge (`ground`) or its center (`wall`, `sky`), as a share of the
            picture's height from the top.
        tilt: largest turn in the picture's plane, in degrees.
        turn: largest loss of width by a view from the side, 0..1.
        afloat: entities that do not touch the ground, so that their shadow lies below them.
        occluded: share of the views with something small in front of the subject.
    """

    keys: tuple[str, ...]
    sprite: Sprite
    settings: Mapping[str, Mapping[str, Setting]]
    stance: str = "ground"
    spans: Mapping[str, tuple[float, float]] = field(default_factory=lambda: DISTANCES)
    foot: tuple[float, float] = (0.82, 0.90)
    tilt: float = 4.0
    turn: float = 0.14
    afloat: frozenset[str] = frozenset()
    occluded: float = 0.3
