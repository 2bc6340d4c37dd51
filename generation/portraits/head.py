"""The head: neck, ears, skin, signs of age."""

import numpy as np
from PIL import Image

from lethebench.generation.drawing.canvas import Canvas
from lethebench.generation.drawing.color import BLACK, WHITE, Color, mix
from lethebench.generation.drawing.curves import mirrored, smooth
from lethebench.generation.portraits.identity import Face


def shade(skin: Color) -> Color:
    """Return the color of skin in shadow."""
    red, green, blue = skin
    return round(red * 0.74), round(green * 0.62), round(blue * 0.58)


def outline(face: Face) -> np.ndarray:
    """Return the outline of the head as a closed curve."""
    bottom = 1.0 + face.chin_drop
    right = [(0, -1.0), (0.42 * face.cranium / 0.7, -0.92), (0.93 * face.cranium, -0.60), (face.cranium, -0.22),
        (face.cheek, 0.12), (0.45 * face.cheek + 0.55 * face.jaw + 0.02, 0.44), (face.jaw, 0.64),
        (0.5 * (face.jaw + face.chin) + 0.015, 0.845 + 0.4 * face.chin_drop), (face.chin, 0.955 + 0.8 * face.chin_drop),
        (0, bottom)]  # fmt: skip
    return smooth(mirrored(right), closed=True)


def draw_neck(canvas: Canvas, face: Face) -> None:
    """Draw the neck and the shadow of the chin on it."""
    n, dark = face.neck, shade(face.skin)
    neck = [(-n, 0.55), (-n, 1.25), (-n - 0.25, 1.62), (n + 0.25, 1.62), (n, 1.25), (n, 0.55)]
    canvas.shape(neck, mix(face.skin, dark, 0.30))
    drop = face.chin_drop
    shadow = smooth([(-n, 0.6), (-0.7 * n, 1.12 + drop), (0, 1.24 + drop), (0.7 * n, 1.12 + drop), (n, 0.6)], steps=6)
    canvas.shape(shadow, dark, alpha=0.75, blur=0.05)
    for side in (-1, 1):
        canvas.stroke([(side * 0.55 * n, 1.2), (side * 0.22 * n, 1.55)], 0.03, dark, alpha=0.3, blur=0.02)


def draw_chin_shadow(canvas: Canvas, face: Face) -> None:
    """Draw the soft shadow of the chin where neck and collar meet."""
    n = face.neck
    throat = canvas.mask([(-n - 0.02, 0.9), (n + 0.02, 0.9), (0.8 * n, 1.7), (-0.8 * n, 1.7)])
    canvas.dot(0, 1.19, 0.95 * n, 0.15, mix(shade(face.skin), BLACK, 0.1), alpha=0.5, blur=0.06, clip=throat)


def draw_ears(canvas: Canvas, face: Face, sides: tuple[int, ...] = (-1, 1)) -> None:
    """Draw the ears of these sides: -1 left, 1 right."""
    x0, h = face.cheek - 0.03, 0.2 * face.ear
    for side in sides:
        out = 0.09 * face.ear_out
        ear = smooth(
            [(side * (x0 - 0.04), 0.02 - h * 0.7), (side * (x0 + out), -h * 0.9), (side * (x0 + out * 1.25), 0.0),
             (side * (x0 + out * 0.75), h * 0.8), (side * (x0 - 0.02), h * 1.35)],
            closed=True,
        )  # fmt: skip
        canvas.shape(ear, mix(face.skin, shade(face.skin), 0.18))
        inner = smooth(
            [(side * (x0 + 0.01), -h * 0.6), (side * (x0 + out * 0.9), -h * 0.45), (side * (x0 + out * 0.6), h * 0.45)]
        )
        canvas.stroke(inner, 0.025, shade(face.skin), alpha=0.6)
        if face.earrings != "none":
            y = h * 1.25
            if face.earrings == "stud":
                canvas.dot(side * (x0 + 0.03), y, 0.028, 0.028, (226, 206, 150))
            else:
                angle = np.linspace(0, 2 * np.pi, 24)
                ring = np.column_stack((side * (x0 + 0.03) + 0.055 * np.cos(angle), y + 0.08 + 0.075 * np.sin(angle)))
                canvas.stroke(ring, 0.018, (206, 176, 96))


def draw_skin(canvas: Canvas, face: Face, lit: int) -> Image.Image:
    """Draw the head, lit from the left (-1) or the right (1), and return its mask for clipping."""
    curve = outline(face)
    head, dark, light = canvas.mask(curve), shade(face.skin), mix(face.skin, WHITE, 0.45)
    canvas.shape(curve, face.skin)
    side = [(0.36, -1.1), (0.44, -0.2), (0.40, 0.5), (0.12, 1.3), (1.1, 1.3), (1.1, -1.1)]
    canvas.shape(np.multiply(side, (-lit, 1)), dark, alpha=0.34, blur=0.16, clip=head)
    left = [(-0.62, -0.6), (-0.6, 0.2), (-0.46, 0.7), (-0.2, 1.2), (-1.1, 1.2), (-1.1, -0.6)]
    canvas.shape(np.multiply(left, (-lit, 1)), dark, alpha=0.20, blur=0.12, clip=head)
    canvas.dot(lit * 0.16, -0.42, 0.26, 0.17, light, alpha=0.30, blur=0.10, clip=head)
    canvas.dot(0, 0.9 + face.chin_drop, 0.13, 0.05, light, alpha=0.22, blur=0.05, clip=head)
    rosy = mix(face.skin, (214, 84, 78), 0.55)
    for s in (-1, 1):
        canvas.dot(s * 0.40, 0.32, 0.17, 0.13, rosy, alpha=face.blush, blur=0.08, clip=head)
        canvas.dot(s * face.eye_gap, face.eye_y - 0.03, 0.19, 0.11, dark, alpha=0.28, blur=0.05, clip=head)
    if face.freckles:
        rng = np.random.default_rng(face.texture)
        for _ in range(int(46 * face.freckles)):
            x, y = rng.normal(0, 0.26), rng.normal(0.22, 0.10)
            canvas.dot(x, y, 0.014, 0.014, mix(face.skin, (130, 70, 40), 0.5), alpha=0.55, clip=head)
    return head


def draw_age(canvas: Canvas, face: Face, head: Image.Image) -> None:
    """Draw bags under the eyes, folds and wrinkles."""
    w, dark = face.wrinkles, shade(face.skin)
    for s in (-1, 1):
        x, y = s * face.eye_gap, face.eye_y
        bag = smooth([(x - 0.12, y + 0.10), (x, y + 0.145), (x + 0.12, y + 0.10)])
        canvas.stroke(bag, 0.02, dark, alpha=0.16 + 0.4 * w, blur=0.012)
        fold = smooth([(s * (face.nose_width + 0.03), face.nose_length - 0.02),
                       (s * (face.mouth_width + 0.02), face.mouth_y - 0.12),
                       (s * (face.mouth_width + 0.07), face.mouth_y + 0.06)])  # fmt: skip
        canvas.stroke(fold, 0.022, dark, alpha=0.10 + 0.5 * w, blur=0.014)
        if w > 0.35:
            for k in (-1, 0, 1):
                crow = [(s * (face.eye_gap + face.eye_width + 0.04), y + 0.02 + 0.03 * k),
                        (s * (face.eye_gap + face.eye_width + 0.12), y + 0.03 + 0.065 * k)]  # fmt: skip
                canvas.stroke(crow, 0.012, dark, alpha=0.45 * w)
            jowl = smooth([(s * 0.36, 0.72), (s * 0.43, 0.84), (s * 0.36, 0.93)])
            canvas.stroke(jowl, 0.02, dark, alpha=0.35 * w, blur=0.015, clip=head)
    if w > 0.25:
        for k in range(1 + int(2.4 * w)):
            y = -0.46 - 0.095 * k
            line = smooth([(-0.27, y + 0.01), (-0.1, y - 0.018), (0.1, y - 0.018), (0.27, y + 0.01)])
            canvas.stroke(line, 0.014, dark, alpha=0.34 * w, clip=head)


def draw_mole(canvas: Canvas, face: Face, head: Image.Image) -> None:
    """Draw the mole, if any."""
    if face.mole:
        canvas.dot(*face.mole, 0.02, 0.02, mix(shade(face.skin), BLACK, 0.4), alpha=0.9, clip=head)
