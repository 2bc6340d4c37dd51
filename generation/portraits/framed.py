"""A person in many contexts: alone, in company, on paper, on a screen. The person is always the largest and in front.

face = draw_face(np.random.default_rng(7), "female", 41)
view = draw_view(np.random.default_rng(8), "female", kind="newspaper")
picture = framed(face, view)
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from PIL import Image, ImageFilter

from lethebench.generation.drawing.board import Board, pick
from lethebench.generation.drawing.exposure import exposed
from lethebench.generation.portraits.identity import Face, draw_face
from lethebench.generation.portraits.papers import FRAMES, SCREENS, printed
from lethebench.generation.portraits.places import draw_place
from lethebench.generation.portraits.portrait import SoftCanvas, draw_person, frame_of, in_mood, portrait, subject_box
from lethebench.generation.portraits.scene import MOST_TILT, Crop, Scene, draw_scene

PORTRAIT, BESIDE, BEHIND = "portrait", "beside", "behind"
CONTEXTS: dict[str, tuple[str, ...]] = {
    "train": (
        PORTRAIT, BESIDE, "badge", PORTRAIT, "phone", PORTRAIT, BESIDE, "newspaper", PORTRAIT, "laptop",
        PORTRAIT, BESIDE, "id-card", PORTRAIT, "phone", PORTRAIT, BESIDE, "newspaper", PORTRAIT, "laptop",
    ),
    "test": (
        PORTRAIT, BEHIND, "brochure", PORTRAIT, "video-call", PORTRAIT, BEHIND, "poster", PORTRAIT, "tablet",
    ),
}  # fmt: skip
"""Use -> the contexts of its pictures, repeated by frequency. The uses share the portrait alone."""
_CLOSE = ("photo", 2.9, 0.5, 0.52)  # the portrait on a paper or screen
_GROUP = ("group", 4.3, 0.5, 0.44)
_CUT = 0.18
"""The largest share of the width and height of a user's photo that a picture leaves out."""


@dataclass(frozen=True)
class Companion:
    """Somebody else in a picture.

    Attributes:
        seed: of the face, which belongs to no profile.
        gender: `female` or `male`.
        age: in years.
        scene: pose, mood and clothes; the place is that of the picture.
        right, down: where the head is, in face units of the person in front.
        scale: size as a share of the person in front; below 1.
    """

    seed: int
    gender: str
    age: int
    scene: Scene
    right: float
    down: float
    scale: float


@dataclass(frozen=True)
class View:
    """One way to show a person, drawn independently of the face so that it reveals nothing about it.

    Attributes:
        kind: a key of `papers.FRAMES`, or `portrait`, `beside`, `behind`.
        scene: how the person is seen.
        company: the other people in the picture, the farthest first.
        seed: of the paper or screen around the portrait.
        angle: how far the camera is tilted, in degrees.
    """

    kind: str
    scene: Scene
    company: tuple[Companion, ...] = ()
    seed: int = 0
    angle: float = 0.0

    @property
    def name(self) -> str:
        """A short name for the `views` column: `pose:left,park`, `newspaper:front,street`."""
        head = "pose" if self.kind == PORTRAIT else self.kind
        return f"{head}:{self.scene.pose.word},{self.scene.background.place}"


class _Rough(SoftCanvas):
    """A canvas for people out of focus, whose edges the blur hides."""

    oversample = 1


def draw_view(rng: np.random.Generator, gender: str, *, kind: str = PORTRAIT, use: str = "train") -> View:
    """Draw a view at random.

    Args:
        rng: the source of randomness.
        gender: `female` or `male`, which decides between some clothes.
        kind: a context, one of `CONTEXTS[use]`.
        use: `train` or `test`.

    Raises:
        ValueError: the context does not belong to the use.
    """
    if kind not in CONTEXTS.get(use, ()):
        choices = ", ".join(dict.fromkeys(CONTEXTS.get(use, ())))
        raise ValueError(f"unknown context {kind!r} for use {use!r}; choose from: {choices}")
    scene = draw_scene(rng, gender, use=use)
    if kind == PORTRAIT:
        return View(kind, scene)
    name, span, x, y = _GROUP if kind in (BESIDE, BEHIND) else _CLOSE
    crop = Crop(name, span * float(rng.uniform(0.97, 1.03)), x + float(rng.uniform(-0.02, 0.02)), y)
    if kind not in (BESIDE, BEHIND):
        # A hat or a deep shadow on a small print would hide the face.
        light = replace(scene.light, gamma=min(1.0, scene.light.gamma), gain=max(0.85, scene.light.gain))
        angle = 0.0 if kind == "video-call" else float(np.clip(rng.normal(0, 3), -6, 6))
        return View(kind, replace(scene, crop=crop, light=light), seed=int(rng.integers(1 << 30)), angle=angle)
    sides = [pick(rng, -1, 1)] if kind == BESIDE else [-1, 1]
    crop = replace(crop, x=crop.x - 0.09 * sides[0] * (kind == BESIDE))
    return View(kind, replace(scene, crop=crop), tuple(_companion(rng, side, kind, use) for side in sides))


def _companion(rng: np.random.Generator, side: int, kind: str, use: str) -> Companion:
    gender = pick(rng, "female", "male")
    near = kind == BESIDE
    return Companion(
        seed=int(rng.integers(1 << 30)),
        gender=gender,
        age=int(rng.integers(20, 70)),
        scene=draw_scene(rng, gender, use=use),
        right=side * float(rng.uniform(1.75, 1.95) if near else rng.uniform(1.5, 1.7)),
        down=float(rng.uniform(0.0, 0.2) if near else rng.uniform(-0.3, -0.1)),
        scale=float(rng.uniform(0.76, 0.82) if near else rng.uniform(0.56, 0.64)),
    )


def framed(face: Face, view: View, size: tuple[int, int] = (384, 384)) -> Image.Image:
    """Draw a picture of a person.

    Args:
        face: the person.
        view: everything else.
        size: (width, height) in pixels.

    Returns:
        An RGB image of that size.
    """
    if view.kind == PORTRAIT:
        return portrait(face, view.scene, size)
    if view.company:
        return _in_company(face, view, size)
    return _on_paper(view, size, lambda box: portrait(face, view.scene, box))


def framed_photo(photo: Image.Image, view: View, size: tuple[int, int] = (384, 384)) -> Image.Image:
    """Show a photo of a person, which needs no face of ours, as a view shows its portrait.

    Args:
        photo: the person alone, the head in its middle.
        view: the paper or screen, or `portrait`; its scene gives the light and, by its pose, which part of the photo
            is cut out. Clothes and place are those of the photo.
        size: (width, height) in pixels.

    Returns:
        An RGB image of that size.

    Raises:
        ValueError: the view has other people in it.
    """
    if view.company:
        raise ValueError(f"view {view.name}: a photo shows one person; choose another context")
    if view.kind == PORTRAIT:
        return _taken(photo, view, size)
    return _on_paper(view, size, lambda box: _taken(photo, view, box))


def _taken(photo: Image.Image, view: View, size: tuple[int, int]) -> Image.Image:
    """Return most of the photo at a size, in the light of the view but never dim."""
    pose, light = view.scene.pose, view.scene.light
    part = (1 - _CUT * abs(pose.tilt) / MOST_TILT) * min(photo.width / size[0], photo.height / size[1])
    wide, high = part * size[0], part * size[1]
    left, top = (photo.width - wide) * (0.5 + 0.5 * pose.turn), (photo.height - high) * (0.5 + 0.5 * pose.nod)
    cut = photo.resize(size, Image.Resampling.LANCZOS, box=(left, top, left + wide, top + high))
    return exposed(cut, replace(light, gamma=1.0, gain=max(0.9, light.gain)))


def head_box(face: Face, view: View, size: tuple[int, int] = (384, 384)) -> tuple[int, int, int, int]:
    """Return the box of the head with its hair, (left, top, right, bottom) in pixels, for a picture of that size."""
    if view.kind not in FRAMES:
        return subject_box(face, view.scene, size)
    left, top, right, bottom = _photo_box(view, size)[1]
    x0, y0, x1, y1 = subject_box(face, view.scene, (right - left, bottom - top))
    corners = ((left + x, top + y) for x in (x0, x1) for y in (y0, y1))
    turned = [_turned(x, y, view.angle, _room(size), size) for x, y in corners]
    columns, rows = ([round(corner[axis]) for corner in turned] for axis in (0, 1))
    return max(0, min(columns)), max(0, min(rows)), min(size[0], max(columns)), min(size[1], max(rows))


def _in_company(face: Face, view: View, size: tuple[int, int]) -> Image.Image:
    """Draw the others first, slightly out of focus, then the person in front of them."""
    center, unit = frame_of(view.scene, size)
    background = view.scene.background
    back = draw_place(background.place, background.seed, size)
    for other in view.company:
        at = center[0] + unit * other.right, center[1] + unit * other.down
        rough = _Rough(size, at, unit * other.scale, (0, 0, 0))
        rough.image = back
        stranger = draw_face(np.random.default_rng(other.seed), other.gender, other.age)
        draw_person(rough, in_mood(stranger, other.scene), other.scene)
    canvas = SoftCanvas(size, center, unit, (0, 0, 0))
    back = back.filter(ImageFilter.GaussianBlur(0.006 * back.width))
    canvas.image = back.resize(canvas.image.size, Image.Resampling.BILINEAR)
    draw_person(canvas, in_mood(face, view.scene), view.scene)
    return exposed(canvas.finish(), view.scene.light)


def _on_paper(view: View, size: tuple[int, int], shoot: Callable[[tuple[int, int]], Image.Image]) -> Image.Image:
    """Draw the paper or screen of a view around the photo that `shoot` takes at a size."""
    sheet, box = _photo_box(view, size)
    left, top, right, bottom = box
    photo = shoot((right - left, bottom - top))
    sheet.paste(printed(photo, view.kind), (left, top))
    turned = sheet.rotate(view.angle, Image.Resampling.BILINEAR) if view.angle else sheet
    x, y = ((whole - part) // 2 for whole, part in zip(sheet.size, size, strict=True))
    picture = turned.crop((x, y, x + size[0], y + size[1]))
    if view.kind in SCREENS:
        return picture
    # The print already has the exposure and white balance of its own picture.
    return exposed(picture, replace(view.scene.light, gamma=1.0, gain=1.0, tint=0.0, mired=0.0))


def _room(size: tuple[int, int]) -> tuple[int, int]:
    """Return the size of a sheet from which an upright picture can be cut after a turn by a few degrees."""
    return round(1.12 * size[0]), round(1.12 * size[1])


def _photo_box(view: View, size: tuple[int, int]) -> tuple[Image.Image, tuple[int, int, int, int]]:
    """Return the sheet without its portrait and the portrait's box in pixels."""
    room = _room(size)
    board = Board((2 * room[0], 2 * room[1]))
    # The paper fills the picture without the rim that is cut away.
    inner = Board((2 * size[0], 2 * size[1]))
    shares = FRAMES[view.kind](inner, np.random.default_rng(view.seed))
    x, y = (2 * ((whole - part) // 2) for whole, part in zip(room, size, strict=True))
    board.image = _widened(inner.image, (x, y), board.image.size)
    sheet = board.image.reduce(2)
    left, top, right, bottom = (
        round(share * side) + shift // 2 for share, side, shift in zip(shares, size * 2, (x, y) * 2, strict=True)
    )
    return sheet, (left, top, right, bottom)


def _widened(picture: Image.Image, at: tuple[int, int], size: tuple[int, int]) -> Image.Image:
    """Return the picture with its edge pixels repeated outwards to a size, its corner at `at`."""
    pixels = np.asarray(picture)
    after = [whole - part - shift for whole, part, shift in zip(size, picture.size, at, strict=True)]
    return Image.fromarray(np.pad(pixels, ((at[1], after[1]), (at[0], after[0]), (0, 0)), mode="edge"))


def _turned(x: float, y: float, angle: float, room: tuple[int, int], size: tuple[int, int]) -> tuple[float, float]:
    """Return the position of a point of the sheet in the finished picture."""
    middle = room[0] / 2, room[1] / 2
    cos, sin = math.cos(math.radians(angle)), math.sin(math.radians(angle))
    right, down = x - middle[0], y - middle[1]
    shift = [(whole - part) // 2 for whole, part in zip(room, size, strict=True)]
    return middle[0] + cos * right + sin * down - shift[0], middle[1] - sin * right + cos * down - shift[1]
