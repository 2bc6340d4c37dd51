"""Clothes: shoulders, collars, ties."""

import numpy as np

from lethebench.generation.drawing.canvas import Canvas
from lethebench.generation.drawing.color import BLACK, WHITE, Color, mix
from lethebench.generation.drawing.curves import smooth
from lethebench.generation.portraits.identity import Face

CLOTHES = {
    "male": ("suit", "shirt", "crew", "polo", "sweater", "suit"),
    "female": ("blazer", "blouse", "crew", "vneck", "turtle", "blazer"),
}
OPEN = ("suit", "blazer", "jacket", "cardigan")
CLOTHS: tuple[Color, ...] = (
    (34, 42, 66), (54, 56, 62), (28, 28, 34), (96, 30, 44), (30, 78, 72), (110, 84, 60), (70, 92, 130), (132, 58, 84),
    (88, 104, 70), (180, 150, 110), (150, 60, 46), (76, 60, 110),
)  # fmt: skip
SHIRTS: tuple[Color, ...] = ((246, 246, 248), (214, 226, 242), (250, 240, 226), (236, 220, 230), (220, 238, 230))


def draw_clothes(
    canvas: Canvas, face: Face, kind: str, cloth: Color, shirt: Color, tie: Color, pattern: str = "plain"
) -> None:
    """Draw the upper body below the neck. A pattern has the color of `shirt`."""
    w, n = face.shoulders, face.neck
    top = 1.24
    right = [(n + 0.02, top - 0.02), (n + 0.34, top + 0.16), (w - 0.18, top + 0.36), (w, top + 0.68),
        (w + 0.08, top + 1.5), (w + 0.12, top + 3.2)]  # fmt: skip
    body = np.vstack((smooth(right), smooth([(-x, y) for x, y in right])[::-1]))
    shadow = mix(cloth, BLACK, 0.35)
    canvas.shape(body, shirt if kind in OPEN else cloth)
    if pattern != "plain":
        draw_pattern(canvas, body, pattern, shirt)
    if kind in ("suit", "blazer"):
        _jacket(canvas, face, kind, cloth, shirt, tie, top)
    elif kind in ("jacket", "cardigan"):
        _open_front(canvas, face, kind, cloth, tie, top)
    elif kind in ("shirt", "polo"):
        _collar(canvas, n, top, mix(cloth, WHITE, 0.18), shadow, face.skin)
        canvas.stroke([(0, top + 0.32), (0, top + (1.2 if kind == "polo" else 3.2))], 0.02, shadow, alpha=0.7)
        for k in range(3 if kind == "polo" else 12):
            canvas.dot(0.0, top + 0.45 + 0.2 * k, 0.022, 0.022, mix(cloth, WHITE, 0.6))
    elif kind in ("crew", "sweater", "hoodie"):
        neckline = _round_neckline(n, top)
        canvas.shape(neckline, mix(face.skin, BLACK, 0.06))
        canvas.stroke(neckline, 0.075, mix(cloth, WHITE, 0.14) if kind == "crew" else shadow)
        if kind == "hoodie":
            _hood(canvas, n, top, cloth)
    elif kind in ("vneck", "blouse"):
        deep = 0.46 if kind == "vneck" else 0.34
        neckline = np.array([(-n - 0.06, top - 0.06), (-0.5 * n, top + 0.16), (0, top + deep), (0.5 * n, top + 0.16),
            (n + 0.06, top - 0.06)])  # fmt: skip
        canvas.shape(neckline, mix(face.skin, BLACK, 0.04))
        canvas.stroke(neckline, 0.05, mix(cloth, WHITE, 0.25))
        if kind == "blouse":
            for a in np.linspace(0.25, np.pi - 0.25, 13):
                canvas.dot(0.95 * n * np.cos(a) * 1.1, top - 0.06 + 0.34 * np.sin(a), 0.026, 0.026, (240, 234, 222))
    else:
        roll = smooth([(-n - 0.07, top - 0.2), (-n - 0.05, top + 0.1), (0, top + 0.2), (n + 0.05, top + 0.1),
            (n + 0.07, top - 0.2), (0, top - 0.08)], closed=True)  # fmt: skip
        canvas.shape(roll, mix(cloth, WHITE, 0.10))
        canvas.stroke(smooth([(-n, top + 0.02), (0, top + 0.12), (n, top + 0.02)]), 0.02, shadow, alpha=0.7)
    for s in (-1, 1):
        fold = smooth([(s * (w - 0.34), top + 0.62), (s * (w - 0.4), top + 0.9), (s * (w - 0.36), top + 1.3)])
        canvas.stroke(fold, 0.03, shadow, alpha=0.55, blur=0.02)
        arm = smooth([(s * (w - 0.36), top + 1.28), (s * (w - 0.33), top + 2.2), (s * (w - 0.36), top + 3.2)])
        canvas.stroke(arm, 0.03, shadow, alpha=0.55, blur=0.02)


def draw_pattern(canvas: Canvas, body: np.ndarray, pattern: str, color: Color) -> None:
    """Draw stripes, pinstripes, checks, dots, a chest band or zigzags on the garment that fills `body`."""
    clip = canvas.mask(body)
    low, high, side = 1.2, 4.4, 1.7
    if pattern in ("stripes", "checks"):
        for y in np.arange(low, high, 0.24):
            canvas.stroke([(-side, y + 0.05), (0, y), (side, y + 0.05)], 0.09, color, alpha=0.75, clip=clip)
    if pattern in ("pinstripes", "checks"):
        step, width = (0.13, 0.022) if pattern == "pinstripes" else (0.24, 0.09)
        for x in np.arange(step / 2, side, step):
            for s in (-1, 1):
                canvas.stroke([(s * x, low), (s * x * 1.04, high)], width, color, alpha=0.5, clip=clip)
    if pattern == "dots":
        for row, y in enumerate(np.arange(low, high, 0.19)):
            for x in np.arange(-side + 0.11 * (row % 2), side, 0.22):
                canvas.dot(x, y, 0.042, 0.042, color, clip=clip)
    if pattern == "band":
        canvas.shape([(-side, 1.98), (side, 1.98), (side, 2.42), (-side, 2.42)], color, clip=clip)
    if pattern == "zigzag":
        for y in np.arange(low, high, 0.26):
            x = np.arange(-side, side, 0.12)
            canvas.stroke(np.column_stack((x, y + 0.05 * (-1.0) ** np.arange(len(x)))), 0.05, color, clip=clip)


def draw_behind(canvas: Canvas, face: Face, kind: str, cloth: Color) -> None:
    """Draw the part of the clothes behind the neck: the hood of a hoodie."""
    if kind == "hoodie":
        n = face.neck
        hood = [(-n - 0.42, 1.6), (-n - 0.34, 1.22), (-n - 0.05, 1.0), (n + 0.05, 1.0), (n + 0.34, 1.22),
            (n + 0.42, 1.6)]  # fmt: skip
        canvas.shape(smooth(hood), mix(cloth, BLACK, 0.3))


def _round_neckline(n: float, top: float) -> np.ndarray:
    return smooth([(-n - 0.04, top - 0.06), (-0.7 * n, top + 0.14), (0, top + 0.22), (0.7 * n, top + 0.14),
        (n + 0.04, top - 0.06)])  # fmt: skip


def _hood(canvas: Canvas, n: float, top: float, cloth: Color) -> None:
    for s in (-1, 1):
        rim = smooth(
            [(s * (n + 0.3), top - 0.06), (s * (n + 0.12), top + 0.18), (s * 0.1, top + 0.4), (s * 0.02, top + 0.3),
             (s * 0.7 * n, top + 0.12), (s * (n + 0.02), top - 0.1)],
            closed=True,
        )  # fmt: skip
        canvas.shape(rim, mix(cloth, BLACK, 0.12))
        cord = smooth([(s * 0.12, top + 0.36), (s * 0.15, top + 0.6), (s * 0.13, top + 0.8)])
        canvas.stroke(cord, 0.035, mix(cloth, WHITE, 0.7))


def _open_front(canvas: Canvas, face: Face, kind: str, cloth: Color, under: Color, top: float) -> None:
    """Draw a zipped jacket or a cardigan worn open over a T-shirt."""
    w, n = face.shoulders, face.neck
    tee = _round_neckline(n, top)
    canvas.shape([(-n - 0.1, top - 0.04), (n + 0.1, top - 0.04), (0.5, top + 3.2), (-0.5, top + 3.2)], under)
    canvas.shape(tee, mix(face.skin, BLACK, 0.06))
    canvas.stroke(tee, 0.05, mix(under, BLACK, 0.2))
    edge = mix(cloth, BLACK, 0.35) if kind == "jacket" else mix(cloth, WHITE, 0.18)
    for s in (-1, 1):
        inner = [(s * (n + 0.04), top - 0.05), (s * 0.36, top + 0.6), (s * 0.3, top + 3.2)]
        outer = smooth([(s * (w + 0.12), top + 3.2), (s * (w + 0.08), top + 1.5), (s * w, top + 0.68),
                        (s * (w - 0.18), top + 0.36), (s * (n + 0.34), top + 0.16)])  # fmt: skip
        canvas.shape(np.vstack((inner, outer)), cloth)
        canvas.stroke(inner, 0.05 if kind == "jacket" else 0.09, edge)
        if kind == "jacket":
            collar = [(s * (n + 0.0), top - 0.16), (s * (n + 0.24), top + 0.12), (s * 0.4, top + 0.44),
                      (s * 0.3, top + 0.3)]  # fmt: skip
            canvas.shape(smooth(collar, closed=True), mix(cloth, BLACK, 0.2))


def _collar(canvas: Canvas, n: float, top: float, color: Color, shadow: Color, skin: Color) -> None:
    canvas.shape([(-n, top - 0.05), (0, top + 0.30), (n, top - 0.05)], mix(skin, BLACK, 0.08))
    for s in (-1, 1):
        flap = [(s * (n + 0.05), top - 0.16), (s * (n + 0.10), top + 0.08), (s * 0.24, top + 0.42),
            (s * 0.01, top + 0.28), (s * 0.5 * n, top + 0.1)]  # fmt: skip
        canvas.shape(flap, color)
        canvas.stroke([flap[1], flap[2], flap[3]], 0.016, shadow, alpha=0.8)


def _jacket(canvas: Canvas, face: Face, kind: str, cloth: Color, shirt: Color, tie: Color, top: float) -> None:
    w, n = face.shoulders, face.neck
    shadow, light = mix(cloth, BLACK, 0.4), mix(cloth, WHITE, 0.13)
    if kind == "suit":
        _collar(canvas, n, top, mix(shirt, WHITE, 0.4), mix(shirt, BLACK, 0.35), mix(shirt, WHITE, 0.2))
        canvas.shape(
            [(-0.085, top + 0.26), (0.085, top + 0.26), (0.055, top + 0.38), (-0.055, top + 0.38)], mix(tie, BLACK, 0.2)
        )
        blade = [(-0.055, top + 0.38), (0.055, top + 0.38), (0.12, top + 1.3), (0, top + 1.6), (-0.12, top + 1.3)]
        canvas.shape(blade, tie)
    else:
        canvas.shape(
            [(-n - 0.03, top - 0.06), (-0.12, top + 0.34), (0.12, top + 0.34), (n + 0.03, top - 0.06)],
            mix(face.skin, BLACK, 0.05),
        )
        canvas.stroke(smooth([(-0.24, top + 0.27), (0, top + 0.37), (0.24, top + 0.27)]), 0.03, mix(shirt, BLACK, 0.18))
    for s in (-1, 1):
        front = [(s * (n + 0.03), top - 0.06), (s * 0.30, top + 0.55), (s * 0.10, top + 1.3), (s * -0.04, top + 1.8),
            (s * -0.04, top + 3.2), (s * (w + 0.12), top + 3.2), (s * (w + 0.1), top + 1.5), (s * w, top + 0.68),
            (s * (w - 0.18), top + 0.36), (s * (n + 0.34), top + 0.16)]  # fmt: skip
        canvas.shape(np.vstack((front[:5], smooth(front[5:]))), cloth)
        lapel = [(s * (n + 0.03), top - 0.07), (s * (n + 0.26), top + 0.20), (s * (n + 0.14), top + 0.34),
            (s * (n + 0.20), top + 0.42), (s * 0.16, top + 1.2), (s * 0.26, top + 0.55)]  # fmt: skip
        canvas.shape(lapel, light)
        canvas.stroke([*lapel[1:5]], 0.016, shadow)
