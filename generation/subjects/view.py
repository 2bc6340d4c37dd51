"""A view of a sprite: placed in its surroundings, seen from one side, in one light, by one camera.

Everything but the sprite, including its box, is drawn independently of the entity, so that none of it reveals which one
it is.
"""

import numpy as np
from PIL import Image, ImageChops, ImageDraw, ImageFilter

from lethebench.generation.drawing.board import Board, pick
from lethebench.generation.drawing.light import Light, lit
from lethebench.generation.drawing.strip import stamp, strip_height
from lethebench.generation.subjects.class_drawing import MARK, USES, ClassDrawing, Setting, Shot
from lethebench.generation.subjects.occluders import OCCLUDERS

_ROOM = 0.05  # on each side of the subject's square, for its shadow
_DETAIL = 2  # surroundings are painted at 1/2 size, which is soft and fast


def shoot(drawing: ClassDrawing, key: str, seed: int, use: str, size: tuple[int, int], *, marked: bool = True) -> Shot:
    """Draw one view of an entity, with MARK in the strip at the lower edge if `marked`; see `draw_view`."""
    rng = np.random.default_rng((seed, USES.index(use), 11))
    setting = pick(rng, *drawing.settings[use])
    picture = surroundings(drawing.settings[use][setting], rng, size)
    distance = pick(rng, *drawing.spans)
    turn, shadow = float(rng.uniform(-1, 1)), float(rng.uniform(-1, 1))
    box = _box(drawing, distance, rng, size)
    lean = np.radians(float(np.clip(rng.normal(0, 0.5), -1, 1)) * drawing.tilt)
    side = round((box[2] - box[0]) / (1 + 2 * _ROOM))
    sprite = drawing.sprite(key, np.random.default_rng((seed, USES.index(use), 12)), side)
    patch = _seen_from(sprite, (box[2] - box[0], box[3] - box[1]), drawing.turn * turn, lean)
    if drawing.stance != "sky":
        cast = _on_wall if drawing.stance == "wall" else _afloat if key in drawing.afloat else _on_ground
        shade = cast(patch.getchannel("A"), shadow)
        picture.paste((22, 20, 40), box[:2], shade.point([int(0.5 * v) for v in range(256)]))
    picture.paste(patch, box[:2], patch)
    if rng.random() < drawing.occluded:
        pick(rng, *OCCLUDERS[use][drawing.stance])(picture, rng, box)
    picture = _developed(picture, rng)
    if marked:
        stamp(picture, MARK)
    word = "front" if abs(turn) < 1 / 3 else "left" if turn < 0 else "right"
    return Shot(picture, f"{distance},{setting},{word}", box)


def surroundings(setting: Setting, rng: np.random.Generator, size: tuple[int, int]) -> Image.Image:
    """Paint the setting, slightly out of focus, at full size."""
    board = Board((max(1, size[0] // _DETAIL), max(1, size[1] // _DETAIL)))
    setting(board, rng)
    soft = board.image.filter(ImageFilter.GaussianBlur(0.005 * board.image.width))
    return soft.resize(size, Image.Resampling.BILINEAR)


def _box(
    drawing: ClassDrawing, distance: str, rng: np.random.Generator, size: tuple[int, int]
) -> tuple[int, int, int, int]:
    """Draw the subject's square with room for its shadow, inside the picture and above the strip."""
    width, height = size
    lowest = height - strip_height(height)
    side = rng.uniform(*drawing.spans[distance]) * min(width, height)
    full = min(round(side * (1 + 2 * _ROOM)), width, lowest)
    left = round((width - full) * rng.uniform(0.12, 0.88))
    at = rng.uniform(*drawing.foot) * height
    if drawing.stance == "ground" and distance == "far":
        at -= 0.07 * height  # what is far stands higher in the picture
    bottom = round(at + side * _ROOM if drawing.stance == "ground" else at + full / 2)
    bottom = min(max(bottom, full), lowest)
    return left, bottom - full, left + full, bottom


def _seen_from(sprite: Image.Image, size: tuple[int, int], turn: float, lean: float) -> Image.Image:
    """Return the sprite on a patch of `size` with room for a shadow, its far side smaller, turned by `lean` radians."""
    far = 1 - 0.6 * abs(turn)
    high = (1.0, far) if turn > 0 else (far, 1.0)
    wide = 1 - abs(turn)
    corners = np.array([(-wide, -high[0]), (wide, -high[1]), (wide, high[1]), (-wide, high[0])])
    # The feet stay on the ground: the far side is shortened from above more than from below.
    corners[2:, 1] = 0.4 + 0.6 * corners[2:, 1]
    c, s = np.cos(lean), np.sin(lean)
    corners = corners @ np.array(((c, s), (-s, c)))
    corners /= np.abs(corners).max()
    corners[:, 1] += 1 - corners[:, 1].max()
    target = (corners + 1) / 2 * np.array(size) / (1 + 2 * _ROOM) + np.array(size) * _ROOM / (1 + 2 * _ROOM)
    source = np.array([(0, 0), (1, 0), (1, 1), (0, 1)]) * sprite.width
    return sprite.transform(size, Image.Transform.PERSPECTIVE, _perspective(target, source), Image.Resampling.BILINEAR)


def _perspective(target: np.ndarray, source: np.ndarray) -> list[float]:
    """Return the eight coefficients that map four points of the result back to four of the original."""
    rows, values = [], []
    for (x, y), (u, v) in zip(target, source, strict=True):
        rows += [(x, y, 1, 0, 0, 0, -u * x, -u * y), (0, 0, 0, x, y, 1, -v * x, -v * y)]
        values += [u, v]
    return np.linalg.solve(np.array(rows), np.array(values, float)).tolist()


def _on_ground(cover: Image.Image, slant: float) -> Image.Image:
    """Return a shadow around the feet: the subject laid down, short and aside."""
    return _laid(cover, slant, 0.16, 0.0)


def _afloat(cover: Image.Image, slant: float) -> Image.Image:
    """Return a faint shadow at the lower edge, of something that does not touch the ground."""
    return _laid(cover, slant, 0.07, 0.012).point([int(0.7 * v) for v in range(256)])


def _laid(cover: Image.Image, slant: float, flat: float, drop: float) -> Image.Image:
    width, height = cover.size
    small = cover.reduce(4)
    wide, high = small.size
    low = max(2, round(high * flat))
    # Row y of the shadow shows row (y - foot) / flat + foot of the subject, moved aside in proportion to its height.
    foot = high * (1 - _ROOM / (1 + 2 * _ROOM)) + drop * high
    laid = small.transform(
        small.size,
        Image.Transform.AFFINE,
        (1, slant * 1.3, -slant * 1.3 * foot, 0, high / low, foot - foot * high / low),
        Image.Resampling.BILINEAR,
    )
    laid = laid.filter(ImageFilter.GaussianBlur(0.012 * wide + 0.5))
    fade = Image.new("L", laid.size)
    ImageDraw.Draw(fade).rectangle((3, 3, max(3, wide - 4), max(3, high - 1)), fill=255)
    soft = Image.new("L", laid.size)
    soft.paste(laid, mask=fade.filter(ImageFilter.GaussianBlur(1.5)))
    return soft.resize((wide * 4, high * 4), Image.Resampling.BILINEAR).crop((0, 0, width, height))


def _on_wall(cover: Image.Image, slant: float) -> Image.Image:
    """Return the subject's own shape, moved down and aside."""
    small = cover.reduce(4)
    move = 0.018 * small.width
    near = small.transform(small.size, Image.Transform.AFFINE, (1, 0, -slant * move, 0, 1, -move))
    near = near.filter(ImageFilter.GaussianBlur(0.008 * small.width + 0.3))
    return near.resize((small.width * 4, small.height * 4), Image.Resampling.BILINEAR).crop((0, 0, *cover.size))


def _developed(picture: Image.Image, rng: np.random.Generator) -> Image.Image:
    """Return the picture as a camera takes it: in some light, slightly blurred, with grain."""
    light = Light(
        side=pick(rng, -1, 1),
        strength=float(rng.uniform(0.1, 0.9)),
        warmth=float(rng.uniform(-0.35, 0.45)),
        tint=float(rng.uniform(-0.25, 0.25)),
        gamma=float(np.exp(rng.uniform(-0.3, 0.25))),
        gain=float(rng.uniform(0.8, 1.06)),
    )
    blur, grain = float(rng.uniform(-0.5, 0.9)), int(rng.integers(0, 6))
    if blur > 0.2:
        picture = picture.filter(ImageFilter.GaussianBlur(blur * picture.width / 448))
    picture = lit(picture, light)
    noise = Image.fromarray(rng.integers(128 - grain, 129 + grain, (picture.height, picture.width), np.uint8))
    return ImageChops.add(picture, Image.merge("RGB", (noise, noise, noise)), offset=-128)
