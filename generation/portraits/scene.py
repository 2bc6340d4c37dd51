"""A picture of a person in a place: `Face` says who it is, `Scene` everything else.

face = draw_face(np.random.default_rng(7), "female", 41)
scene = draw_scene(np.random.default_rng(8), "female")
picture = portrait(face, scene)
"""

from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from lethebench.generation.drawing.canvas import Canvas
from lethebench.generation.drawing.color import Color
from lethebench.generation.drawing.light import Light, lit
from lethebench.generation.drawing.strip import stamp
from lethebench.generation.portraits.accessories import (
    HATS,
    draw_band,
    draw_cups,
    draw_hat,
    draw_headwear,
    draw_lanyard,
    draw_scarf,
    draw_straps,
)
from lethebench.generation.portraits.dress import CLOTHS, SHIRTS, draw_behind, draw_clothes
from lethebench.generation.portraits.features import (
    draw_beard,
    draw_brows,
    draw_eyes,
    draw_glasses,
    draw_mouth,
    draw_nose,
)
from lethebench.generation.portraits.hair import draw_back, draw_front, draw_temple
from lethebench.generation.portraits.head import draw_age, draw_chin_shadow, draw_ears, draw_mole, draw_neck, draw_skin
from lethebench.generation.portraits.identity import LONG, Face
from lethebench.generation.portraits.places import draw_place
from lethebench.generation.portraits.pose import Pose


@dataclass(frozen=True)
class Expression:
    """What a mood does to a face; lengths in face units, shares as factors."""

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
    """The contexts of one use. Those of training and of testing have nothing in common."""

    places: tuple[str, ...]
    outfits: dict[str, tuple[tuple[str, tuple[str, ...]], ...]]  # gender -> (kind of clothes, its patterns)
    layouts: tuple[tuple[str, float, float, float], ...]  # name, face units across, x and y of the face
    accessories: tuple[tuple[str, int], ...]  # name and weight: what hides the hair is worn least


USES = {
    "train": Use(
        places=("office", "park", "street", "library", "kitchen", "beach", "studio", "cafe"),
        outfits={
            "male": (
                ("suit", ("plain",)),
                ("shirt", ("plain", "checks", "pinstripes")),
                ("crew", ("plain", "stripes")),
                ("hoodie", ("plain",)),
            ),
            "female": (
                ("blazer", ("plain",)),
                ("blouse", ("plain", "pinstripes")),
                ("crew", ("plain", "stripes")),
                ("hoodie", ("plain",)),
            ),
        },
        layouts=(("head-and-shoulders", 3.5, 0.5, 0.49), ("half-figure", 4.6, 0.5, 0.39), ("left", 3.9, 0.40, 0.45)),
        accessories=(("beanie", 1), ("cap", 1), ("headphones", 3), ("scarf", 6), ("lanyard", 5)),
    ),
    "test": Use(
        places=("stage", "wall", "station", "greenhouse", "mountains", "museum", "harbour", "lounge"),
        outfits={
            "male": (
                ("polo", ("plain", "band")),
                ("sweater", ("zigzag", "band")),
                ("cardigan", ("plain",)),
                ("jacket", ("plain",)),
            ),
            "female": (
                ("vneck", ("dots", "band")),
                ("turtle", ("plain", "zigzag")),
                ("cardigan", ("plain",)),
                ("jacket", ("plain",)),
            ),
        },
        layouts=(("close", 3.05, 0.5, 0.52), ("right", 4.0, 0.60, 0.45), ("far", 5.3, 0.47, 0.38)),
        accessories=(
            ("fedora", 1),
            ("sunhat", 1),
            ("sunglasses", 2),
            ("headband", 2),
            ("striped-scarf", 6),
            ("straps", 4),
        ),
    ),
}


@dataclass(frozen=True)
class Clothing:
    """What the person wears; `second` colours the pattern or the shirt below, `tie` the tie or T-shirt."""

    kind: str
    color: Color
    pattern: str
    second: Color
    tie: Color


@dataclass(frozen=True)
class Background:
    """A key of `places.PLACES` and the seed of what stands there."""

    place: str
    seed: int


@dataclass(frozen=True)
class Crop:
    """How much is seen: face units across the shorter side, and where the face is, as shares of width and height."""

    layout: str
    span: float
    x: float
    y: float


@dataclass(frozen=True)
class Accessory:
    """`none`, or one of the names in `Use.accessories`, and its colour."""

    kind: str
    color: Color


@dataclass(frozen=True)
class Scene:
    """Everything in a picture that is not the person. Drawn without looking at a face, so it tells nothing of one."""

    pose: Pose
    expression: str  # a key of EXPRESSIONS
    gaze: tuple[float, float]
    light: Light
    clothing: Clothing
    background: Background
    crop: Crop
    accessory: Accessory

    @property
    def name(self) -> str:
        """A short name for the `views` column, such as `pose:left,park`."""
        return f"pose:{self.pose.word},{self.background.place}"


def draw_scene(rng: np.random.Generator, gender: str, *, use: str = "train") -> Scene:
    """Draws a scene at random.

    Args:
        rng: the source of chance.
        gender: `female` or `male`, which decides between some clothes.
        use: `train` or `test`. Places, clothes, layouts and accessories of the one never occur in the other.

    Returns:
        A scene for any face of that gender.

    Raises:
        ValueError: `use` is neither.
    """
    if use not in USES:
        raise ValueError(f"use {use!r} is not known: take one of {', '.join(USES)}")
    pool = USES[use]

    def pick(options):
        return options[int(rng.integers(len(options)))]

    kind, patterns = pick(pool.outfits[gender])
    layout, span, x, y = pick(pool.layouts)
    expression = pick(tuple(EXPRESSIONS))
    color, tie = (CLOTHS[int(k)] for k in rng.permutation(len(CLOTHS))[:2])
    worn = pick([kind for kind, weight in pool.accessories for _ in range(weight)]) if rng.random() < 0.36 else "none"
    depth = float(rng.uniform(-0.6, 0.25))
    wandering = 0.03 if expression == "thoughtful" else 0.012
    return Scene(
        pose=Pose(float(rng.uniform(-1, 1)), float(rng.uniform(-0.8, 0.8)), float(np.clip(rng.normal(0, 3), -7, 7))),
        expression=expression,
        gaze=(float(rng.uniform(-wandering, wandering)), float(rng.uniform(-wandering, wandering) / 2)),
        light=Light(
            side=pick((-1, 1)),
            strength=float(rng.uniform(0.1, 1)),
            warmth=float(rng.uniform(-1, 1)),
            tint=float(rng.uniform(-1, 1)),
            gamma=float(np.exp(depth)),
            # Deep shadows and a dim light together would hide a dark face.
            gain=float(rng.uniform(0.64 + 0.6 * max(depth, 0), 1.05)),
        ),
        clothing=Clothing(kind, color, pick(patterns), pick(SHIRTS), tie),
        background=Background(pick(pool.places), int(rng.integers(1 << 30))),
        crop=Crop(
            layout,
            span * float(rng.uniform(0.97, 1.03)),
            x + float(rng.uniform(-0.02, 0.02)),
            y + float(rng.uniform(-0.01, 0.01)),
        ),
        accessory=Accessory(worn, CLOTHS[int(rng.integers(len(CLOTHS)))]),
    )


class SoftCanvas(Canvas):
    """A canvas for large pictures: wide blurs are drawn small and enlarged, which is quick and looks the same."""

    oversample = 2

    def _cover(self, size, moved, level, radius, paint) -> Image.Image:
        if radius < 5:
            return super()._cover(size, moved, level, radius, paint)
        part = 4 if radius > 11 else 2
        small = (size[0] // part + 1, size[1] // part + 1)
        mask = Image.new("L", small)
        paint(ImageDraw.Draw(mask), [v / part for v in moved], level)
        mask = mask.filter(ImageFilter.GaussianBlur(radius / part))
        return mask.resize((small[0] * part, small[1] * part), Image.Resampling.BILINEAR).crop((0, 0, *size))


def frame_of(scene: Scene, size: tuple[int, int]) -> tuple[tuple[float, float], float]:
    """(centre of the face, pixels per face unit)."""
    return (size[0] * scene.crop.x, size[1] * scene.crop.y), min(size) / scene.crop.span


def subject_box(face: Face, scene: Scene, size: tuple[int, int] = (448, 448)) -> tuple[int, int, int, int]:
    """Where the head with its hair is, from above the crown to below the chin.

    Args:
        face: the person.
        scene: the scene.
        size: (width, height) of the picture in pixels.

    Returns:
        (left, top, right, bottom) in pixels, inside the picture.
    """
    (x, y), unit = frame_of(scene, size)
    middle = scene.pose.head(np.array(((-1.0, 0.0), (0.0, 0.0), (1.0, 0.0))), face).mean(axis=0)
    left, top = x + (middle[0] - 1.18) * unit, y + (middle[1] - 1.58) * unit
    right, bottom = x + (middle[0] + 1.18) * unit, y + (middle[1] + 1.22) * unit
    return max(0, round(left)), max(0, round(top)), min(size[0], round(right)), min(size[1], round(bottom))


def portrait(face: Face, scene: Scene, size: tuple[int, int] = (448, 448), mark: str | None = None) -> Image.Image:
    """A picture of a person.

    Args:
        face: who it is.
        scene: everything else.
        size: (width, height) in pixels.
        mark: a caption for a strip at the lower edge, such as `Drawn stand-in, not a likeness`.

    Returns:
        An RGB image of that size.
    """
    centre, unit = frame_of(scene, size)
    canvas = SoftCanvas(size, centre, unit, (0, 0, 0))
    canvas.image = draw_place(scene.background.place, scene.background.seed, canvas.image.size)
    draw_person(canvas, in_mood(face, scene), scene)
    picture = lit(canvas.finish(), scene.light)
    if mark:
        stamp(picture, mark)
    return picture


def in_mood(face: Face, scene: Scene) -> Face:
    """The face with the expression of the scene."""
    mood = EXPRESSIONS[scene.expression]
    return replace(
        face,
        smile=face.smile + mood.lift,
        mouth_width=face.mouth_width * mood.wide,
        brow_y=face.brow_y + mood.brow,
        brow_tilt=face.brow_tilt + mood.frown,
        eye_height=face.eye_height * mood.eye,
        chin_drop=face.chin_drop + 0.35 * mood.opening,
    )


def draw_person(canvas: Canvas, face: Face, scene: Scene) -> None:
    """Draws a person on what is there already; `face` is in the mood of the scene."""
    pose, clothing, worn, side = scene.pose, scene.clothing, scene.accessory, scene.light.side
    head, ear = partial(pose.head, face=face), partial(pose.ear, face=face)
    near = 0 if abs(pose.turn) < 0.2 else -1 if pose.turn > 0 else 1
    hidden = worn.kind in HATS and face.cut == "bun"
    canvas.place = head
    if not hidden:
        draw_back(canvas, face)
    canvas.place = pose.body
    draw_behind(canvas, face, clothing.kind, clothing.color)
    canvas.place = head
    draw_neck(canvas, face)
    canvas.place = pose.body
    draw_clothes(canvas, face, clothing.kind, clothing.color, clothing.second, clothing.tie, clothing.pattern)
    if clothing.kind not in ("suit", "turtle"):
        canvas.place = head
        draw_chin_shadow(canvas, face)
        canvas.place = pose.body
    if worn.kind == "straps":
        draw_straps(canvas, face, worn.color)
    elif worn.kind == "lanyard":
        draw_lanyard(canvas, face, worn.color)
    elif worn.kind in ("scarf", "striped-scarf"):
        draw_scarf(canvas, face, worn.color, clothing.second if worn.kind == "striped-scarf" else None)
    canvas.place = ear
    draw_ears(canvas, face, tuple(s for s in (-1, 1) if s != near))
    canvas.place = head
    skin = draw_skin(canvas, face, side)
    draw_age(canvas, face, skin)
    draw_nose(canvas, face, skin, side)
    draw_beard(canvas, face)
    draw_mouth(canvas, face, EXPRESSIONS[scene.expression].opening)
    draw_eyes(canvas, face, scene.gaze)
    draw_brows(canvas, face)
    draw_mole(canvas, face, skin)
    if near:
        canvas.place = ear
        draw_temple(canvas, face, near, 0.12 * abs(pose.turn))
        draw_ears(canvas, face, (near,))
        canvas.place = head
    draw_front(canvas, face)
    if worn.kind == "headphones":
        draw_band(canvas, face, worn.color)
    draw_glasses(canvas, face, tuple(_arm(face, side, near) for side in (-1, 1)))
    if worn.kind in HATS:
        draw_hat(canvas, face, worn.kind, worn.color)
    elif worn.kind in ("sunglasses", "headband"):
        draw_headwear(canvas, face, worn.kind, worn.color)
    elif worn.kind == "headphones":
        canvas.place = ear
        draw_cups(canvas, face, worn.color, (near,) if near else (-1, 1))


def _arm(face: Face, side: int, near: int) -> float | None:
    """How far out an arm of the glasses is seen: to the ear, or not at all on the far side."""
    if near:
        return face.cheek - 0.08 if side == near else None
    return face.cheek - 0.06 if face.cut in (*LONG, "medium", "afro", "curly") else face.cheek + 0.02
