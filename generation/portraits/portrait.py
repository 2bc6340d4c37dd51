"""Pictures of a person in a scene."""

from dataclasses import replace
from functools import partial

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from lethebench.generation.drawing.canvas import Canvas, Paint
from lethebench.generation.drawing.exposure import exposed
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
from lethebench.generation.portraits.dress import draw_behind, draw_clothes
from lethebench.generation.portraits.features import (
    draw_features,
    draw_glasses,
)
from lethebench.generation.portraits.hair import draw_back, draw_front, draw_temple
from lethebench.generation.portraits.head import draw_chin_shadow, draw_ears, draw_neck
from lethebench.generation.portraits.identity import LONG, Face
from lethebench.generation.portraits.places import draw_place
from lethebench.generation.portraits.scene import EXPRESSIONS, Scene


class SoftCanvas(Canvas):
    """A canvas for large pictures: wide blurs are drawn small and enlarged, which is faster and looks the same."""

    oversample = 2

    def _cover(self, size: tuple[int, int], moved: list[float], level: int, radius: float, paint: Paint) -> Image.Image:
        if radius < 5:
            return super()._cover(size, moved, level, radius, paint)
        part = 4 if radius > 11 else 2
        small = (size[0] // part + 1, size[1] // part + 1)
        mask = Image.new("L", small)
        paint(ImageDraw.Draw(mask), [v / part for v in moved], level)
        mask = mask.filter(ImageFilter.GaussianBlur(radius / part))
        return mask.resize((small[0] * part, small[1] * part), Image.Resampling.BILINEAR).crop((0, 0, *size))


def frame_of(scene: Scene, size: tuple[int, int]) -> tuple[tuple[float, float], float]:
    """Return (center of the face, pixels per face unit)."""
    return (size[0] * scene.crop.x, size[1] * scene.crop.y), min(size) / scene.crop.span


def subject_box(face: Face, scene: Scene, size: tuple[int, int] = (448, 448)) -> tuple[int, int, int, int]:
    """Return the box of the head with its hair, from above the crown to below the chin.

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


def portrait(face: Face, scene: Scene, size: tuple[int, int] = (448, 448)) -> Image.Image:
    """Draw a picture of a person.

    Args:
        face: the person.
        scene: everything else.
        size: (width, height) in pixels.

    Returns:
        An RGB image of that size.
    """
    center, unit = frame_of(scene, size)
    canvas = SoftCanvas(size, center, unit, (0, 0, 0))
    canvas.image = draw_place(scene.background.place, scene.background.seed, canvas.image.size)
    draw_person(canvas, in_mood(face, scene), scene)
    return exposed(canvas.finish(), scene.light)


def in_mood(face: Face, scene: Scene) -> Face:
    """Return the face with the expression of the scene."""
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
    """Draw a person over the canvas; `face` already has the scene's expression."""
    pose, clothing, worn = scene.pose, scene.clothing, scene.accessory
    head, ear = partial(pose.head, face=face), partial(pose.ear, face=face)
    near = 0 if abs(pose.turn) < 0.2 else -1 if pose.turn > 0 else 1
    hidden = worn.kind in HATS and face.cut == "bun"
    canvas.warp = head
    if not hidden:
        draw_back(canvas, face)
    canvas.warp = pose.body
    draw_behind(canvas, face, clothing.kind, clothing.color)
    canvas.warp = head
    draw_neck(canvas, face)
    canvas.warp = pose.body
    draw_clothes(canvas, face, clothing.kind, clothing.color, clothing.second, clothing.tie, clothing.pattern)
    if clothing.kind not in ("suit", "turtle"):
        canvas.warp = head
        draw_chin_shadow(canvas, face)
        canvas.warp = pose.body
    if worn.kind == "straps":
        draw_straps(canvas, face, worn.color)
    elif worn.kind == "lanyard":
        draw_lanyard(canvas, face, worn.color)
    elif worn.kind in ("scarf", "striped-scarf"):
        draw_scarf(canvas, face, worn.color, clothing.second if worn.kind == "striped-scarf" else None)
    canvas.warp = ear
    draw_ears(canvas, face, tuple(s for s in (-1, 1) if s != near))
    canvas.warp = head
    draw_features(canvas, face, scene.light.side, EXPRESSIONS[scene.expression].opening, scene.gaze)
    if near:
        canvas.warp = ear
        draw_temple(canvas, face, near, 0.12 * abs(pose.turn))
        draw_ears(canvas, face, (near,))
        canvas.warp = head
    draw_front(canvas, face)
    if worn.kind == "headphones":
        draw_band(canvas, face, worn.color)
    draw_glasses(canvas, face, (_arm(face, -1, near), _arm(face, 1, near)))
    if worn.kind in HATS:
        draw_hat(canvas, face, worn.kind, worn.color)
    elif worn.kind in ("sunglasses", "headband"):
        draw_headwear(canvas, face, worn.kind, worn.color)
    elif worn.kind == "headphones":
        canvas.warp = ear
        draw_cups(canvas, face, worn.color, (near,) if near else (-1, 1))


def _arm(face: Face, side: int, near: int) -> float | None:
    """Return the visible end of an arm of the glasses: at the ear, or None on the far side."""
    if near:
        return face.cheek - 0.08 if side == near else None
    return face.cheek - 0.06 if face.cut in (*LONG, "medium", "afro", "curly") else face.cheek + 0.02
