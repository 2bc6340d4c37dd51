"""Hair: behind the head and around the face."""

import numpy as np
from PIL import Image

from lethebench.generation.drawing.canvas import Canvas
from lethebench.generation.drawing.color import BLACK, WHITE, Color, mix
from lethebench.generation.drawing.curves import closed, mirrored, shift, smooth
from lethebench.generation.portraits.head import outline
from lethebench.generation.portraits.identity import LONG, Face


def _lit(face: Face) -> tuple[Color, Color]:
    """Return the hair's color in light and in shadow."""
    return mix(face.hair, WHITE, 0.22), mix(face.hair, BLACK, 0.35)


def draw_back(canvas: Canvas, face: Face) -> None:
    """Draw the hair behind neck and shoulders."""
    _, dark = _lit(face)
    rng = np.random.default_rng(face.texture)
    side = face.cranium + face.hair_side
    if face.cut in LONG:
        end = {"bob": 0.82, "fringe": 0.95, "shoulder": 1.18}.get(face.cut, 1.35) + 0.35 * face.hair_length
        flare = {"bob": 0.10, "curlylong": 0.28, "wavy": 0.16}.get(face.cut, 0.06)
        right = [(0, -1.0 - face.hair_top), (0.75 * side, -0.8), (side, -0.2), (side + 0.5 * flare, 0.45),
            (side + flare, 0.9 * end), (side + 0.3 * flare, end), (0.3, end + 0.02)]  # fmt: skip
        if face.cut == "bob":
            right[-2] = (side - 0.06, end)
        back = closed(mirrored(right))
        canvas.shape(back, dark)
        if face.cut == "curlylong":
            _curls(canvas, back[back[:, 1] > -0.6], dark, rng, 0.15)
    elif face.cut == "bun":
        canvas.dot(0.0, -1.10 - 0.3 * face.hair_top, 0.30, 0.22, face.hair)
        canvas.dot(-0.06, -1.17 - 0.3 * face.hair_top, 0.15, 0.08, _lit(face)[0], alpha=0.5, blur=0.04)
    elif face.cut == "medium":
        right = [(0, -1.0), (side, -0.5), (side + 0.04, 0.3), (side - 0.05, 0.75), (0.2, 0.8)]
        canvas.shape(closed(mirrored(right)), dark)


def draw_front(canvas: Canvas, face: Face) -> None:
    """Draw the hair on top of the head, over the forehead and beside the face."""
    if face.cut == "bald":
        _fringe_of_bald(canvas, face)
        return
    light, dark = _lit(face)
    rng = np.random.default_rng(face.texture + 1)
    front, inner = cap(face)
    if face.cut == "buzz":
        canvas.shape(front, mix(face.hair, face.skin, 0.2), alpha=0.85, blur=0.014, clip=canvas.mask(outline(face)))
        return
    if face.cut in ("curly", "afro", "curlylong"):
        size = {"curly": 0.12, "afro": 0.13, "curlylong": 0.14}[face.cut]
        _curls(canvas, front[: len(front) // 2 + 4], face.hair, rng, size)
        canvas.shape(front, face.hair)
        _curls(canvas, inner[4:-4], face.hair, rng, 0.6 * size)
        for _ in range(60):
            x, y = rng.uniform(-0.75, 0.75), rng.uniform(-1.15, -0.5)
            angle = rng.uniform(0, 2 * np.pi) + np.linspace(0, 3.6, 8)
            curl = np.column_stack((x + 0.05 * np.cos(angle), y + 0.05 * np.sin(angle)))
            if _inside(face, x, y):
                canvas.stroke(curl, 0.016, light if rng.random() < 0.5 else dark, alpha=0.5)
        return
    canvas.shape(_hairline_shadow(inner), (40, 24, 20), alpha=0.28, blur=0.03, clip=canvas.mask(outline(face)))
    canvas.shape(front, face.hair)
    clip = canvas.mask(front)
    _strands(canvas, face, clip, rng, light, dark)
    if face.cut in LONG or face.cut == "medium":
        _locks(canvas, face, light, dark)


def draw_temple(canvas: Canvas, face: Face, side: int, width: float) -> None:
    """Draw the hair behind the ear on the near side (-1 left, 1 right) of a turned head, `width` face units wide."""
    if face.cut in (*LONG, "medium", "afro") or (face.cut == "bald" and face.age <= 44):
        return
    inner, outer = face.cheek - 0.05, face.cranium + 0.03 + width
    low = {"bun": 0.20, "buzz": 0.30, "crew": 0.30, "bald": 0.26}.get(face.cut, 0.36)
    right = [(inner - 0.02, -0.34), (outer - 0.02, -0.46), (outer, -0.1), (outer - 0.02, 0.12), (outer - 0.07, low),
             (inner + 0.02, low - 0.1), (inner, 0.0)]  # fmt: skip
    patch = smooth([(side * x, y) for x, y in right], closed=True)
    short = face.cut in ("buzz", "bald")
    canvas.shape(patch, face.hair if short else mix(face.hair, BLACK, 0.15), alpha=0.85 if short else 1.0, blur=0.012)


def _hairline_shadow(inner: np.ndarray) -> np.ndarray:
    """Return a band just below the hairline, where the hair shades the skin."""
    return np.vstack((shift(inner, 0, -0.05), shift(inner[::-1], 0, 0.05)))


def _inside(face: Face, x: float, y: float) -> bool:
    return (
        y < -0.62 + face.hair_line
        and (x / (face.cranium + face.hair_side)) ** 2 + ((y + 0.2) / (0.85 + face.hair_top)) ** 2 < 1
    )


def cap(face: Face) -> tuple[np.ndarray, np.ndarray]:
    """Return the closed outline of the front hair and its hairline from right to left."""
    top, side, line, part = face.hair_top, face.hair_side, face.hair_line, face.part
    burn = 0.06
    if face.cut == "afro":
        top, side = top + 0.22, side + 0.20
    elif face.cut in ("curly", "curlylong"):
        top, side = top + 0.06, side + 0.06
    elif face.cut in ("buzz", "crew"):
        top, side = (0.02, 0.0) if face.cut == "buzz" else (0.07 + 0.3 * top, 0.015)
    elif face.cut in ("bun", "slick"):
        top, side, burn = 0.05 + 0.3 * top, 0.015, -0.02
    elif face.cut == "quiff":
        top += 0.10
        side = 0.02
    elif face.cut in ("side", "receding", "parted") and face.gender == "male":
        side *= 0.5
    c = face.cranium + side
    outer = [(c - 0.01, burn), (c + 0.01, -0.3), (0.92 * c, -0.68), (0.52 * c, -0.96 - 0.7 * top), (0.0, -1.0 - top),
        (-0.52 * c, -0.96 - 0.7 * top), (-0.92 * c, -0.68), (-c - 0.01, -0.3), (-c + 0.01, burn)]  # fmt: skip
    if face.cut == "quiff":
        outer[3] = (0.55 * c, -0.96 - (0.55 - 0.3 * part) * top)
        outer[5] = (-0.55 * c, -0.96 - (0.55 + 0.3 * part) * top)
    x = face.cranium
    y = -0.62 + line
    temple = [(x - 0.03, burn), (x - 0.06, -0.22), (x - 0.12, -0.42)]
    hairlines = {"receding": [(0.42, -0.66 + line), (0.33, -0.86), (0.12, -0.74 + line), (-0.12, -0.74 + line),
        (-0.33, -0.86), (-0.42, -0.66 + line)], "fringe": [(0.46, -0.24 + line), (0.2, -0.28 + line),
        (0.0, -0.29 + line), (-0.2, -0.28 + line), (-0.46, -0.24 + line)], "pixie": [(0.5, -0.30), (0.24, -0.40 + line),
        (-0.06, -0.50 + line), (-0.30, -0.60), (-0.48, -0.42)], "long": [(0.42, -0.46), (0.20, -0.70),
        (0.02, -0.86 + line), (-0.02, -0.86 + line), (-0.20, -0.70), (-0.42, -0.46)], "parted": [(0.44, -0.46),
        (0.26, -0.66), (0.03, -0.80 + line), (-0.03, -0.80 + line), (-0.26, -0.66), (-0.44, -0.46)]}  # fmt: skip
    swoop = [(0.50, -0.40), (0.30, -0.56 + line), (-0.05, -0.66 + line), (-0.26, -0.80), (-0.42, -0.60), (-0.50, -0.46)]
    hairlines |= {
        "longside": swoop,
        "bob": swoop,
        "side": [(0.46, -0.56), (0.28, y), (-0.05, y - 0.05), (-0.30, -0.76), (-0.46, -0.58)],
    }
    hairlines["shoulder"] = hairlines["long"]
    hairlines["wavy"] = swoop
    plain = [(0.48, -0.52), (0.30, y + 0.01), (0.0, y), (-0.30, y + 0.01), (-0.48, -0.52)]
    points = hairlines.get(face.cut, plain)
    if part < 0:
        points = [(-a, b) for a, b in reversed(points)]
    inner = smooth([*temple, *points, *((-a, b) for a, b in reversed(temple))])
    shape = np.vstack((smooth(outer)[::-1], inner))
    return shape, inner


def _strands(
    canvas: Canvas, face: Face, clip: Image.Image, rng: np.random.Generator, light: Color, dark: Color
) -> None:
    """Draw fine lines along the hair, and the sheen on top."""
    sheen = smooth([(-0.5, -0.82), (-0.2, -0.97), (0.1, -1.0), (0.4, -0.9)])
    canvas.stroke(sheen, 0.10, light, alpha=0.35, blur=0.05, clip=clip)
    origin = 0.0 if face.cut in ("long", "parted", "shoulder") else -0.34 * np.sign(face.part)
    for _ in range(16):
        end = rng.uniform(-0.75, 0.75)
        high = -1.0 - face.hair_top * rng.uniform(0.2, 0.9)
        line = smooth([(origin + rng.normal(0, 0.04), -0.80), ((origin + end) / 2, high), (end, -0.62),
            (np.sign(end) * (abs(end) + 0.1), -0.2)])  # fmt: skip
        canvas.stroke(line, 0.014, dark if rng.random() < 0.6 else light, alpha=0.28, clip=clip)


def _locks(canvas: Canvas, face: Face, light: Color, dark: Color) -> None:
    """Draw the hair that hangs down on both sides in front of the ears."""
    end = {"bob": 0.80, "fringe": 0.92, "shoulder": 1.15, "medium": 0.5}.get(face.cut, 1.32) + 0.33 * face.hair_length
    c = face.cranium + face.hair_side
    wave = 0.05 if face.cut in ("wavy",) else 0.0
    for s in (-1, 1):
        outer = [(s * (c - 0.02), -0.5), (s * (c + 0.02), 0.0), (s * (c + 0.04 + wave), 0.4), (s * (c + 0.03 - wave),
            0.6 * end + 0.2), (s * (c + 0.05), end)]  # fmt: skip
        inside = [(s * (c - 0.26), end + 0.02), (s * (face.cheek - 0.06 + wave), 0.62), (s * (face.cheek - 0.03 - wave),
            0.3), (s * (face.cranium - 0.05), -0.1), (s * (face.cranium - 0.15), -0.48)]  # fmt: skip
        lock = np.vstack((smooth(outer), smooth(inside)))
        canvas.shape(lock, face.hair)
        clip = canvas.mask(lock)
        for k, x in enumerate((0.03, 0.08, 0.13)):
            line = smooth(
                [(s * (c - x), -0.35), (s * (c - x + 0.02 + wave), 0.3), (s * (c - x - wave), 0.8), (s * (c - x), end)]
            )
            canvas.stroke(line, 0.014, light if k == 1 else dark, alpha=0.45, clip=clip)


def _curls(canvas: Canvas, curve: np.ndarray, color: Color, rng: np.random.Generator, size: float) -> None:
    for x, y in curve[::2]:
        r = size * rng.uniform(0.7, 1.15)
        canvas.dot(x + rng.normal(0, 0.02), y + rng.normal(0, 0.02), r, r, color)


def _fringe_of_bald(canvas: Canvas, face: Face) -> None:
    """Draw the wreath of hair above the ears; younger people shave it."""
    alpha = 0.9 if face.age > 44 else 0.28
    for s in (-1, 1):
        x = face.cranium
        patch = smooth([(s * (x + 0.03), 0.05), (s * (x + 0.05), -0.2), (s * (x - 0.02), -0.5), (s * (x - 0.10), -0.42),
            (s * (x - 0.07), -0.15), (s * (x - 0.05), 0.02)], closed=True)  # fmt: skip
        canvas.shape(patch, face.hair, alpha=alpha, blur=0.018)
    canvas.dot(-0.12, -0.74, 0.2, 0.1, mix(face.skin, WHITE, 0.6), alpha=0.4, blur=0.06)
