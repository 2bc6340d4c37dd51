"""Hats, scarves, headphones and other things that a person wears in one picture. None of them hides the face."""

from dataclasses import replace

import numpy as np

from lethebench.generation.drawing.canvas import Canvas
from lethebench.generation.drawing.color import BLACK, WHITE, Color, mix
from lethebench.generation.drawing.curves import mirrored, smooth
from lethebench.generation.portraits.hair import cap
from lethebench.generation.portraits.identity import Face

HATS = ("beanie", "cap", "fedora", "sunhat")


def _hair(face: Face) -> tuple[np.ndarray, np.ndarray]:
    """Return the outline of the hair and its hairline, or those of the bare scalp."""
    return cap(replace(face, hair_top=0.02, hair_side=0.0) if face.cut == "bald" else face)


def draw_hat(canvas: Canvas, face: Face, kind: str, color: Color) -> None:
    """Draw a hat that sits on the hair, whatever its volume."""
    hair = _hair(face)[0]
    wide = max(face.cranium + 0.05, float(np.abs(hair[hair[:, 1] < -0.45, 0]).max()) + 0.02)
    top = min(-1.12, float(hair[:, 1].min()) - 0.04)
    dark, light = mix(color, BLACK, 0.25), mix(color, WHITE, 0.18)
    brim = -0.72
    if kind == "beanie":
        dome = smooth(mirrored([(wide, brim), (wide * 0.99, -0.85), (0.66 * wide, top + 0.03), (0, top - 0.07)]))
        canvas.shape(dome, color)
        for k in (-0.6, -0.3, 0, 0.3, 0.6):
            canvas.stroke(
                smooth([(k * wide * 1.25, brim), (k * wide, -0.9), (0.4 * k * wide, top)]), 0.02, dark, alpha=0.4
            )
        over = wide + 0.02
        fold = smooth([(-over, brim - 0.12), (0, brim - 0.19), (over, brim - 0.12), (over, brim + 0.1),
                       (0, brim + 0.03), (-over, brim + 0.1)], closed=True)  # fmt: skip
        canvas.shape(fold, light)
        canvas.stroke(smooth([(-wide, brim + 0.09), (0, brim + 0.03), (wide, brim + 0.09)]), 0.02, dark, alpha=0.5)
    elif kind == "cap":
        dome = smooth(mirrored([(wide, brim + 0.02), (wide * 0.97, -0.9), (0.6 * wide, top), (0, top - 0.05)]))
        canvas.shape(dome, color)
        canvas.stroke([(0, top - 0.04), (0, brim)], 0.016, dark, alpha=0.6)
        canvas.dot(0, -0.86, 0.13, 0.1, light)
        peak = smooth([(-0.8 * wide, brim - 0.02), (0, brim - 0.1), (0.8 * wide, brim - 0.02),
                       (0.64 * wide, brim + 0.15), (0, brim + 0.24), (-0.64 * wide, brim + 0.15)],
                      closed=True)  # fmt: skip
        canvas.shape(peak, dark)
        canvas.stroke(smooth([(-0.76 * wide, brim - 0.01), (0, brim - 0.085), (0.76 * wide, brim - 0.01)]), 0.02, light)
    else:
        out = 0.30 if kind == "fedora" else 0.5
        rim = smooth([(-wide - out, brim - 0.02), (-0.5 * wide, brim - 0.1), (0, brim - 0.12), (0.5 * wide, brim - 0.1),
                      (wide + out, brim - 0.02), (0.6 * wide, brim + 0.09), (0, brim + 0.12),
                      (-0.6 * wide, brim + 0.09)], closed=True)  # fmt: skip
        canvas.shape(rim, dark)
        side = 0.96 * wide
        crown = top - (0.14 if kind == "fedora" else 0.05)
        middle = crown + (0.07 if kind == "fedora" else -0.05)
        canvas.shape(
            smooth(mirrored([(side, brim - 0.04), (0.95 * side, -0.95), (0.55 * side, crown), (0, middle)])), color
        )
        band = smooth([(-side, brim - 0.14), (0, brim - 0.22), (side, brim - 0.14), (side, brim - 0.02),
                       (0, brim - 0.06), (-side, brim - 0.02)], closed=True)  # fmt: skip
        canvas.shape(band, mix(color, BLACK, 0.55))


def draw_headwear(canvas: Canvas, face: Face, kind: str, color: Color) -> None:
    """Draw sunglasses pushed up into the hair, or a headband."""
    if kind == "headband":
        hair = _hair(face)[0]
        wide = float(np.abs(hair[np.abs(hair[:, 1] + 0.62) < 0.12, 0]).max())
        band = smooth([(-wide, -0.54), (-0.5 * wide, -0.78), (0, -0.86), (0.5 * wide, -0.78), (wide, -0.54)])
        canvas.stroke(band, 0.12, color, clip=canvas.mask(hair))
        return
    for s in (-1, 1):
        lens = smooth([(s * 0.05, -0.90), (s * 0.26, -0.95), (s * 0.46, -0.89), (s * 0.45, -0.74), (s * 0.27, -0.68),
                       (s * 0.09, -0.74)], closed=True)  # fmt: skip
        canvas.shape(lens, (44, 48, 58))
        canvas.stroke([(s * 0.16, -0.78), (s * 0.25, -0.89)], 0.035, (120, 132, 150), alpha=0.7)
        canvas.stroke(np.vstack((lens, lens[:1])), 0.026, color)
        canvas.stroke([(s * 0.45, -0.85), (s * (face.cranium + 0.02), -0.62)], 0.03, color)
    canvas.stroke(smooth([(-0.07, -0.84), (0, -0.87), (0.07, -0.84)]), 0.03, color)


def draw_band(canvas: Canvas, face: Face, color: Color) -> None:
    """Draw the bow of headphones over the hair, from ear to ear."""
    front, inner = _hair(face)
    over = front[: len(front) - len(inner)]
    over = over[over[:, 1] < -0.05] * (1.02, 1.02)
    ends = [(side * (face.cranium + 0.06), -0.05) for side in np.sign(over[[0, -1], 0])]
    canvas.stroke(smooth([ends[0], *over[3:-3:4], ends[1]]), 0.075, color)


def draw_cups(canvas: Canvas, face: Face, color: Color, sides: tuple[int, ...]) -> None:
    """Draw the cups of headphones over the ears of these sides."""
    for s in sides:
        x = s * (face.cranium + 0.04)
        canvas.dot(x, 0.0, 0.13, 0.22, mix(color, BLACK, 0.4))
        canvas.dot(x + 0.025 * s, 0.0, 0.095, 0.18, color)


def draw_scarf(canvas: Canvas, face: Face, color: Color, second: Color | None) -> None:
    """Draw a scarf around the neck, striped if a second color is given."""
    n = face.neck
    dark = mix(color, BLACK, 0.28)
    wrap = smooth([(-n - 0.2, 1.16), (-0.5 * n, 1.27), (0, 1.31), (0.5 * n, 1.27), (n + 0.2, 1.16), (n + 0.28, 1.42),
                   (0.6 * n, 1.66), (0, 1.72), (-0.6 * n, 1.66), (-n - 0.28, 1.42)], closed=True)  # fmt: skip
    tail = smooth([(0.05, 1.6), (0.38, 1.52), (0.46, 2.0), (0.5, 2.55), (0.16, 2.58), (0.1, 2.0)], closed=True)
    canvas.shape(tail, mix(color, BLACK, 0.1))
    if second:
        clip = canvas.mask(tail)
        for y in np.arange(1.75, 2.6, 0.22):
            canvas.stroke([(0, y + 0.02), (0.6, y)], 0.09, second, clip=clip)
    canvas.shape(wrap, color)
    if second:
        clip = canvas.mask(wrap)
        for x in np.arange(-n - 0.1, n + 0.2, 0.24):
            canvas.stroke([(x, 1.1), (0.85 * x, 1.75)], 0.08, second, clip=clip)
    for y in (1.38, 1.5):
        canvas.stroke(
            smooth([(-n - 0.16, y - 0.1), (0, y + 0.06), (n + 0.16, y - 0.1)]), 0.025, dark, alpha=0.6, blur=0.01
        )


def draw_straps(canvas: Canvas, face: Face, color: Color) -> None:
    """Draw the straps of a backpack over both shoulders."""
    w, n = face.shoulders, face.neck
    x = 0.5 * (w + n) + 0.06
    for s in (-1, 1):
        strap = smooth([(s * (x - 0.12), 1.38), (s * (x - 0.08), 1.75), (s * (x - 0.1), 2.6), (s * (x - 0.02), 4.4)])
        canvas.stroke(strap, 0.2, color)
        canvas.stroke(strap, 0.03, mix(color, BLACK, 0.35))


def draw_lanyard(canvas: Canvas, face: Face, color: Color) -> None:
    """Draw a visitor's badge on a ribbon, with nothing to read on it."""
    n = face.neck
    for s in (-1, 1):
        canvas.stroke(smooth([(s * (n + 0.12), 1.36), (s * 0.28, 1.8), (s * 0.02, 2.3)]), 0.05, color)
    canvas.shape([(-0.2, 2.3), (0.2, 2.3), (0.2, 2.82), (-0.2, 2.82)], (246, 246, 244))
    canvas.shape([(-0.2, 2.3), (0.2, 2.3), (0.2, 2.39), (-0.2, 2.39)], color)
    canvas.dot(0, 2.54, 0.075, 0.09, (190, 194, 200))
    canvas.stroke([(-0.12, 2.7), (0.12, 2.7)], 0.03, (190, 194, 200))
