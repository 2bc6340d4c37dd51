"""The features of a face: eyes, brows, nose, mouth, beard, glasses."""

import numpy as np
from PIL import Image

from lethebench.generation.drawing.canvas import Canvas
from lethebench.generation.drawing.color import BLACK, WHITE, mix
from lethebench.generation.drawing.curves import shift, smooth
from lethebench.generation.portraits.head import draw_age, draw_mole, draw_skin, outline, shade
from lethebench.generation.portraits.identity import Face


def draw_features(
    canvas: Canvas, face: Face, lit: int = -1, opening: float = 0.0, gaze: tuple[float, float] = (0.0, 0.0)
) -> None:
    """Draw the skin of the head and all features of the face, without hair and glasses.

    Args:
        canvas: to draw on.
        face: the person.
        lit: side of the light, -1 left and 1 right.
        opening: of the mouth, in face units.
        gaze: offset of the irises, in face units.
    """
    head = draw_skin(canvas, face, lit)
    draw_age(canvas, face, head)
    draw_nose(canvas, face, head, lit)
    draw_beard(canvas, face)
    draw_mouth(canvas, face, opening)
    draw_eyes(canvas, face, gaze)
    draw_brows(canvas, face)
    draw_mole(canvas, face, head)


def draw_eyes(canvas: Canvas, face: Face, gaze: tuple[float, float]) -> None:
    """Draw eyes that look straight ahead, or aside by `gaze` face units."""
    dark = shade(face.skin)
    line = mix(mix(face.hair, (36, 24, 20), 0.75), BLACK, 0.15)
    for s in (-1, 1):
        cx, cy, w, h = s * face.eye_gap, face.eye_y, face.eye_width, face.eye_height

        def turn(
            points: list[tuple[float, float]], cx: float = cx, cy: float = cy, s: int = s
        ) -> list[tuple[float, float]]:
            # A positive tilt lifts the outer corner.
            return [(cx + s * x, cy + y - face.eye_tilt * x) for x, y in points]

        upper = smooth(turn([(-w, 0.018), (-0.45 * w, -0.86 * h), (0.15 * w, -h), (0.65 * w, -0.72 * h), (w, -0.005)]))
        lower = smooth(turn([(w, -0.005), (0.5 * w, 0.66 * h), (-0.3 * w, 0.70 * h), (-w, 0.018)]))
        almond = np.vstack((upper, lower))
        opening = canvas.mask(almond)
        canvas.shape(almond, (244, 240, 236))
        r = face.iris_size
        cx, iy = cx + gaze[0], cy - 0.008 + gaze[1]
        canvas.dot(cx, iy, r, r, mix(face.iris, BLACK, 0.45), clip=opening)
        canvas.dot(cx, iy, 0.83 * r, 0.83 * r, face.iris, clip=opening)
        canvas.dot(cx, iy + 0.02, 0.5 * r, 0.4 * r, mix(face.iris, WHITE, 0.35), alpha=0.5, clip=opening)
        canvas.dot(cx, iy, 0.42 * r, 0.42 * r, (14, 12, 14), clip=opening)
        canvas.stroke(shift(upper, 0, 0.012), 0.04, (60, 40, 40), alpha=0.35, blur=0.012, clip=opening)
        canvas.dot(cx - 0.026, iy - 0.028, 0.017, 0.017, WHITE)
        canvas.stroke(lower, 0.012, dark, alpha=0.7)
        canvas.stroke(upper, 0.022 + 0.012 * face.lashes, line)
        if face.lashes > 0.4:
            tip = turn([(0.86 * w, -0.3 * h), (1.22 * w, -0.62 * h)])
            canvas.stroke(tip, 0.018, line)
        if face.lid > 0.2:
            canvas.shape(
                np.vstack((upper, shift(upper[::-1], 0, 0.5 * face.lid * h))), mix(face.skin, dark, 0.35), clip=opening
            )
            canvas.stroke(shift(upper, 0, 0.5 * face.lid * h), 0.02, line)
        if face.crease > 0.25:
            canvas.stroke(shift(upper[3:-2], 0, -0.035 - 0.02 * face.crease), 0.014, dark, alpha=0.75)


def draw_brows(canvas: Canvas, face: Face) -> None:
    """Draw both eyebrows."""
    color = mix(mix(face.hair, (40, 28, 22), 0.35), BLACK, 0.1)
    if sum(face.hair) > 560:
        color = mix(face.hair, (120, 100, 84), 0.5)
    for s in (-1, 1):
        y, t, n = face.eye_y - face.brow_y, face.brow_thick, face.brow_length
        a, b = face.brow_arch, face.brow_tilt
        x0 = face.eye_gap - 0.92 * n
        top = [(x0, y - 0.5 * t + b), (x0 + 0.55 * n, y - t - 0.5 * a), (x0 + 1.25 * n, y - 0.95 * t - a),
            (x0 + 1.95 * n, y + 0.2 * t - 0.2 * a - b)]  # fmt: skip
        low = [
            (x0 + 1.25 * n, y + 0.1 * t - 0.85 * a),
            (x0 + 0.55 * n, y + 0.35 * t - 0.35 * a),
            (x0, y + 0.75 * t + b),
        ]
        brow = np.vstack((smooth(top), smooth(low)))
        brow[:, 0] *= s
        canvas.shape(brow, color, alpha=0.92, blur=0.007)


def draw_nose(canvas: Canvas, face: Face, head: Image.Image, lit: int) -> None:
    """Draw the nose, lit from the left (-1) or the right (1)."""
    dark, light = shade(face.skin), mix(face.skin, WHITE, 0.5)
    w, tip = face.nose_width, face.eye_y + face.nose_length + 0.02
    side = smooth([(0.07, face.eye_y - 0.12), (0.075, face.eye_y + 0.1), (0.65 * w, tip - 0.08), (0.95 * w, tip),
        (0.4 * w, tip + 0.02), (0.03, tip - 0.2)], closed=True)  # fmt: skip
    canvas.shape(side * (-lit, 1), dark, alpha=0.25 + 0.22 * face.nose_bridge, blur=0.025, clip=head)
    canvas.stroke(
        [(lit * 0.012, face.eye_y), (lit * 0.012, tip - 0.1)],
        0.035,
        light,
        alpha=0.30 * face.nose_bridge + 0.1,
        blur=0.02,
    )
    canvas.dot(lit * 0.01, tip - 0.05 + face.nose_tip, 0.05, 0.04, light, alpha=0.4, blur=0.02)
    under = smooth([(-w, tip - 0.02), (-0.55 * w, tip + 0.03), (0, tip + 0.045 + face.nose_tip), (0.55 * w, tip + 0.03),
        (w, tip - 0.02)])  # fmt: skip
    canvas.stroke(shift(under, 0, 0.012), 0.035, dark, alpha=0.4, blur=0.018)
    for s in (-1, 1):
        wing = smooth([(s * 0.86 * w, tip - 0.085), (s * 1.04 * w, tip - 0.02), (s * 0.82 * w, tip + 0.03),
            (s * 0.55 * w, tip + 0.022)])  # fmt: skip
        canvas.stroke(wing, 0.02, dark, alpha=0.85)
        canvas.dot(s * 0.46 * w, tip + 0.022, 0.27 * w, 0.018, mix(dark, BLACK, 0.45), alpha=0.85, blur=0.004)
    canvas.stroke(under[6:-6], 0.014, dark, alpha=0.55)


def draw_mouth(canvas: Canvas, face: Face, opening: float) -> None:
    """Draw the mouth, opened by `opening` face units to show teeth."""
    y, w, up, low = face.mouth_y + 0.5 * face.chin_drop, face.mouth_width, face.upper_lip, face.lower_lip
    lift = face.smile
    line = smooth([(-w, y - lift), (-0.5 * w, y + 0.012), (0, y + 0.004), (0.5 * w, y + 0.012), (w, y - lift)])
    top = smooth([(w, y - lift), (0.55 * w, y - 0.55 * up - 0.3 * lift), (0.2 * w, y - up), (0, y - 0.78 * up),
        (-0.2 * w, y - up), (-0.55 * w, y - 0.55 * up - 0.3 * lift), (-w, y - lift)])  # fmt: skip
    bottom = smooth([(w, y - lift), (0.6 * w, y + 0.62 * low + 0.8 * opening), (0.2 * w, y + low + opening),
        (-0.2 * w, y + low + opening), (-0.6 * w, y + 0.62 * low + 0.8 * opening), (-w, y - lift)])  # fmt: skip
    dark = mix(shade(face.lip), BLACK, 0.25)
    canvas.dot(0, y + low + opening + 0.05, 0.5 * w, 0.025, shade(face.skin), alpha=0.45, blur=0.02)
    canvas.shape(np.vstack((line, bottom)), face.lip)
    canvas.shape(np.vstack((line, top)), mix(face.lip, dark, 0.28))
    canvas.dot(-0.03, y + 0.55 * low + opening, 0.38 * w, 0.2 * low, mix(face.lip, WHITE, 0.5), alpha=0.4, blur=0.012)
    if opening:
        _teeth(canvas, line, opening)
    canvas.stroke(line, 0.018, dark)
    for s in (-1, 1):
        canvas.dot(s * (w + 0.012), y - lift, 0.02, 0.018, shade(face.skin), alpha=0.7, blur=0.008)
    ridge = [(0, y - up - 0.09), (0, y - up - 0.02)]
    canvas.stroke(ridge, 0.03, shade(face.skin), alpha=0.25, blur=0.014)


def _teeth(canvas: Canvas, line: np.ndarray, opening: float) -> None:
    """Draw the inside of an open mouth, between the upper lip's lower edge and the lower lip."""
    across = np.clip((np.abs(line[:, 0]) / np.abs(line[0, 0])), 0, 1)
    drop = opening * (1 - across**2.5)
    inside = np.vstack((line, (line + np.column_stack((0 * drop, drop)))[::-1]))
    hollow = canvas.mask(inside)
    canvas.shape(inside, (92, 34, 38))
    canvas.dot(0, line[:, 1].mean() + 0.95 * opening, 0.5 * line[:, 0].max(), 0.5 * opening, (178, 84, 84), clip=hollow)
    canvas.shape(np.vstack((line, shift(line, 0, 0.52 * opening)[::-1])), (246, 242, 236), clip=hollow)


def draw_beard(canvas: Canvas, face: Face) -> None:
    """Draw the beard or mustache, if any."""
    if face.beard == "none":
        return
    color = mix(face.hair, (30, 22, 18), 0.25)
    y, w = face.mouth_y + 0.5 * face.chin_drop, face.mouth_width
    tip = face.eye_y + face.nose_length + 0.02
    bottom = 1.0 + face.chin_drop
    if face.beard in ("stubble", "full"):
        grown = 0.0 if face.beard == "stubble" else 0.04 + 0.14 * face.beard_size
        edge = outline(face)
        low = edge[(edge[:, 1] > 0.0)]
        right = low[low[:, 0] >= 0]
        right = right[np.argsort(right[:, 1])]
        k = np.clip((right[:, 1] - 0.25) / 0.7, 0, 1)
        outer = right * np.column_stack((1 + 0.35 * grown * k, 1 + grown * k**2))
        cheek = [(face.jaw - 0.20, y + 0.0), (face.jaw - 0.07, 0.42), (face.cheek - 0.05, 0.16)]
        inner = smooth([(0, tip + 0.075), (0.6 * w, tip + 0.10), (w + 0.03, y - 0.07), *cheek])
        half = np.vstack((inner, outer))
        whole = np.vstack((half, half[::-1] * (-1, 1)))
        if face.beard == "stubble":
            canvas.shape(
                whole, mix(mix(color, BLACK, 0.4), shade(face.skin), 0.5), alpha=0.24, blur=0.04, clip=canvas.mask(edge)
            )
        else:
            canvas.shape(whole, color, alpha=0.97, blur=0.008)
            canvas.dot(0, y + 0.14, 0.12, 0.05, mix(color, BLACK, 0.4), alpha=0.35, blur=0.02)
            canvas.shape(outer[len(outer) // 2 :], mix(color, WHITE, 0.2), alpha=0.2, blur=0.03)
        return
    top = tip + 0.075
    wide = w * (0.95 + 0.25 * face.beard_size)
    drop = 0.02 + 0.07 * face.beard_size
    lip = y - 0.6 * face.upper_lip
    mustache = smooth(
        [(0, top), (0.5 * w, top + 0.01), (wide, y - 0.02), (wide - 0.02, y + drop), (0.62 * w, lip + 0.02), (0, lip)]
    )
    canvas.shape(np.vstack((mustache, mustache[::-1] * (-1, 1))), color, alpha=0.95, blur=0.009)
    if face.beard == "goatee":
        c = face.chin + 0.02
        side = smooth([(wide - 0.015, y), (wide + 0.02, y + 0.1), (c + 0.04, y + 0.24), (0.75 * c, bottom + 0.02),
            (0, bottom + 0.05)])  # fmt: skip
        inner = smooth([(0, y + face.lower_lip + 0.05), (0.6 * w, y + 0.09), (wide - 0.06, y)])
        half = np.vstack((inner, side))
        canvas.shape(np.vstack((half, half[::-1] * (-1, 1))), color, alpha=0.95, blur=0.007)


def draw_glasses(canvas: Canvas, face: Face, arms: tuple[float | None, float | None] | None = None) -> None:
    """Draw the glasses; `arms` are the x of the left and the right arm's visible end, None for a hidden arm."""
    if face.glasses == "none":
        return
    y, gap = face.eye_y + 0.015, face.eye_gap + 0.01
    wide = {"round": 0.185, "square": 0.21, "half": 0.205, "wide": 0.235}[face.glasses]
    high = {"round": 0.185, "square": 0.145, "half": 0.125, "wide": 0.175}[face.glasses]
    wide = min(wide, gap - 0.045)
    power = {"round": 2.0, "square": 4.5, "half": 3.2, "wide": 2.8}[face.glasses]
    angle = np.linspace(0, 2 * np.pi, 60)
    ring = np.column_stack((
        np.sign(np.cos(angle)) * np.abs(np.cos(angle)) ** (2 / power) * wide,
        np.sign(np.sin(angle)) * np.abs(np.sin(angle)) ** (2 / power) * high,
    ))  # fmt: skip
    thick = 0.030 if sum(face.frame) < 260 else 0.022
    left, right = arms or (face.cheek + 0.02,) * 2
    for s, reach in ((-1, left), (1, right)):
        lens = shift(ring, s * gap, y)
        canvas.shape(lens, WHITE, alpha=0.10)
        glint = [(s * gap - 0.10, y + 0.05), (s * gap - 0.02, y - 0.09), (s * gap + 0.02, y - 0.09),
            (s * gap - 0.06, y + 0.05)]  # fmt: skip
        canvas.shape(glint, WHITE, alpha=0.16)
        part = lens[30:] if face.glasses == "half" else lens
        canvas.stroke(part, thick, face.frame)
        if reach is not None:
            canvas.stroke([(s * (gap + wide), y - 0.03), (s * reach, y - 0.05)], thick, face.frame)
    bridge = smooth([(-(gap - wide), y - 0.04), (0, y - 0.075), (gap - wide, y - 0.04)])
    canvas.stroke(bridge, thick, face.frame)
