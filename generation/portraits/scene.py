"""The scene of a picture: everything that is not the person.

face = draw_face(np.random.default_rng(7), "female", 41)
scene = draw_scene(np.random.default_rng(8), "female")
picture = portrait(face, scene)
"""

from dataclasses import dataclass

import numpy as np

from lethebench.generation.drawing.board import pick
from lethebench.generation.drawing.color import Color
from lethebench.generation.drawing.exposure import MOST_MIRED, MOST_TINT, Exposure
from lethebench.generation.portraits.dress import CLOTHS, SHIRTS
from lethebench.generation.portraits.pose import Pose

MOST_TILT = 7
"""The largest tilt of a head, in degrees."""


@dataclass(frozen=True)
class Expression:
    """How a mood changes a face; lengths in face units, shares as factors."""

    lift: float = 0.0  # of the corners of the mouth
    wide: float = 1.0  # of the mouth
    opening: float = 0.0
    brow: float = 0.0  # how far the brows rise
    frown: float = 0.0
    eye: float = 1.0  # how far the eyes are open


EXPRESSIONS = {
    "neutral": Expression(),
    "smile": Expression(lift=0.045, wide=1.08, eye=0.93),
    "grin": Expression(lift=0.05, wide=1.10, opening=0.06, brow=0.005, eye=0.90),
    "laugh": Expression(lift=0.06, wide=1.12, opening=0.12, brow=0.015, eye=0.72),
    "serious": Expression(lift=-0.02, wide=0.97, brow=-0.010, frown=0.02, eye=0.95),
    "surprised": Expression(wide=0.92, opening=0.05, brow=0.035, eye=1.14),
    "thoughtful": Expression(lift=-0.004, wide=0.95, brow=0.012, frown=-0.012),
}


@dataclass(frozen=True)
class Use:
    """The contexts of one use. Training and testing have none in common."""

    places: tuple[str, ...]
    outfits: dict[str, tuple[tuple[str, tuple[str, ...]], ...]]  # gender -> (kind of clothes, its patterns)
    layouts: tuple[tuple[str, float, float, float], ...]  # name, face units across, x and y of the face
    accessories: tuple[tuple[str, int], ...]  # name and weight: low for those that hide the hair


USES = {"train": Use(places=("office", "park", "street", "library", "kitchen", "beach", "studio", "cafe"),
    outfits={"male": (("suit", ("plain",)), ("shirt", ("plain", "checks", "pinstripes")), ("crew",
    ("plain", "stripes")), ("hoodie", ("plain",))), "female": (("blazer", ("plain",)), ("blouse",
    ("plain", "pinstripes")), ("crew", ("plain", "stripes")), ("hoodie", ("plain",)))},
    layouts=(("head-and-shoulders", 3.5, 0.5, 0.49), ("half-figure", 4.6, 0.5, 0.39), ("left", 3.9, 0.40, 0.45)),
    accessories=(("beanie", 1), ("cap", 1), ("headphones", 3), ("scarf", 6), ("lanyard", 5))),
    "test": Use(places=("stage", "wall", "station", "greenhouse", "mountains", "museum", "harbor", "lounge"),
    outfits={"male": (("polo", ("plain", "band")), ("sweater", ("zigzag", "band")), ("cardigan", ("plain",)), ("jacket",
    ("plain",))), "female": (("vneck", ("dots", "band")), ("turtle", ("plain", "zigzag")), ("cardigan", ("plain",)),
    ("jacket", ("plain",)))}, layouts=(("close", 3.05, 0.5, 0.52), ("right", 4.0, 0.60, 0.45),
    ("far", 5.3, 0.47, 0.38)), accessories=(("fedora", 1), ("sunhat", 1), ("sunglasses", 2), ("headband", 2),
    ("striped-scarf", 6), ("straps", 4)))}  # fmt: skip


@dataclass(frozen=True)
class Clothing:
    """Clothes of a person; `second` colors the pattern or the shirt below, `tie` the tie or T-shirt."""

    kind: str
    color: Color
    pattern: str
    second: Color
    tie: Color


@dataclass(frozen=True)
class Background:
    """A key of `places.PLACES` and the seed of its details."""

    place: str
    seed: int


@dataclass(frozen=True)
class Crop:
    """Face units across the picture's shorter side, and the face's position as shares of width and height."""

    layout: str
    span: float
    x: float
    y: float


@dataclass(frozen=True)
class Accessory:
    """`none`, or one of the names in `Use.accessories`, and its color."""

    kind: str
    color: Color


@dataclass(frozen=True)
class Scene:
    """Everything in a picture except the person, drawn independently of the face to reveal nothing about it."""

    pose: Pose
    expression: str  # a key of EXPRESSIONS
    gaze: tuple[float, float]
    light: Exposure
    clothing: Clothing
    background: Background
    crop: Crop
    accessory: Accessory

    @property
    def name(self) -> str:
        """A short name for the `views` column, such as `pose:left,park`."""
        return f"pose:{self.pose.word},{self.background.place}"


def draw_scene(rng: np.random.Generator, gender: str, *, use: str = "train") -> Scene:
    """Draw a scene at random.

    Args:
        rng: the source of randomness.
        gender: `female` or `male`, which decides between some clothes.
        use: `train` or `test`. They share no places, clothes, layouts or accessories.

    Returns:
        A scene for any face of that gender.

    Raises:
        ValueError: `use` is unknown.
    """
    if use not in USES:
        raise ValueError(f"unknown use {use!r}; choose from: {', '.join(USES)}")
    pool = USES[use]

    kind, patterns = pick(rng, *pool.outfits[gender])
    layout, span, x, y = pick(rng, *pool.layouts)
    expression = pick(rng, *EXPRESSIONS)
    color, tie = (CLOTHS[int(k)] for k in rng.permutation(len(CLOTHS))[:2])
    worn = (
        pick(rng, *(name for name, weight in pool.accessories for _ in range(weight)))
        if rng.random() < 0.36
        else "none"
    )
    depth = float(rng.uniform(-0.4, 0.15))
    wandering = 0.03 if expression == "thoughtful" else 0.012
    return Scene(
        pose=Pose(
            float(rng.uniform(-1, 1)),
            float(rng.uniform(-0.8, 0.8)),
            float(np.clip(rng.normal(0, 3), -MOST_TILT, MOST_TILT)),
        ),
        expression=expression,
        gaze=(float(rng.uniform(-wandering, wandering)), float(rng.uniform(-wandering, wandering) / 2)),
        light=Exposure(
            side=pick(rng, -1, 1),
            strength=float(rng.uniform(0.1, 1)),
            mired=float(rng.uniform(-MOST_MIRED, MOST_MIRED)),
            tint=float(rng.uniform(-MOST_TINT, MOST_TINT)),
            gamma=float(np.exp(depth)),
            # Deep shadows and a dim light together would hide a dark face.
            gain=float(rng.uniform(0.56 + 0.6 * max(depth, 0), 1.05)),
        ),
        clothing=Clothing(kind, color, pick(rng, *patterns), pick(rng, *SHIRTS), tie),
        background=Background(pick(rng, *pool.places), int(rng.integers(1 << 30))),
        crop=Crop(
            layout,
            span * float(rng.uniform(0.97, 1.03)),
            x + float(rng.uniform(-0.02, 0.02)),
            y + float(rng.uniform(-0.01, 0.01)),
        ),
        accessory=Accessory(worn, pick(rng, *CLOTHS)),
    )
