"""What the person wears: shoulders, collars, ties."""

import numpy as np

from lethebench.generation.portraits.canvas import Canvas, smooth
from lethebench.generation.portraits.identity import Color, Face, mix

WHITE, BLACK = (255, 255, 255), (0, 0, 0)
CLOTHES = {
    "male": ("suit", "shirt", "crew", "polo", "sweater", "suit"),
    "female": ("blazer", "blouse", "crew", "vneck", "turtle", "blazer"),
}
CLOTHS: tuple[Color, ...] = (
    (34, 42, 66), (54, 56, 62), (28, 28, 34), (96, 30, 44), (30, 78, 72), (110, 84, 60), (70, 92, 130), (132, 58, 84),
    (88, 104, 70), (180, 150, 110), (150, 60, 46), (76, 60, 110),
)  # fmt: skip
SHIRTS: tuple[Color, ...] = ((246, 246, 248), (214, 226, 242), (250, 240, 226), (236, 220, 230), (220, 238, 230))


def draw_clothes(canvas: Canvas, face: Face, kind: str, cloth: Color, shirt: Color, tie: Color) -> None:
    """Draws the upper body below the neck."""
    w, n = face.shoulders, face.neck
    top = 1.24
    right = [
        (n + 0.02, top - 0.02),
        (n + 0.34, top + 0.16),
        (w - 0.18, top + 0.36),
        (w, top + 0.68),
        (w + 0.08, top + 1.5),
    ]
    body = np.vstack((smooth(right), smooth([(-x, y) for x, y in right])[::-1]))
    shadow = mix(cloth, BLACK, 0.35)
    canvas.shape(body, shirt if kind in ("suit", "blazer") else cloth)
    if kind in ("suit", "blazer"):
        _jacket(canvas, face, kind, cloth, shirt, tie, top)
    elif kind in ("shirt", "polo"):
        _collar(canvas, n, top, mix(cloth, WHITE, 0.18), shadow, face.skin)
        canvas.stroke([(0, top + 0.32), (0, top + 1.2)], 0.02, shadow, alpha=0.7)
        for k in range(3):
            canvas.dot(0.0, top + 0.45 + 0.2 * k, 0.022, 0.022, mix(cloth, WHITE, 0.6))
    elif kind in ("crew", "sweater"):
        neckline = smooth(
            [
                (-n - 0.04, top - 0.06),
                (-0.7 * n, top + 0.14),
                (0, top + 0.22),
                (0.7 * n, top + 0.14),
                (n + 0.04, top - 0.06),
            ]
        )
        canvas.shape(neckline, mix(face.skin, BLACK, 0.06))
        canvas.stroke(neckline, 0.075, mix(cloth, WHITE, 0.14) if kind == "crew" else shadow)
    elif kind in ("vneck", "blouse"):
        deep = 0.46 if kind == "vneck" else 0.34
        neckline = [
            (-n - 0.06, top - 0.06),
            (-0.5 * n, top + 0.16),
            (0, top + deep),
            (0.5 * n, top + 0.16),
            (n + 0.06, top - 0.06),
        ]
        canvas.shape(neckline, mix(face.skin, BLACK, 0.04))
        canvas.stroke(neckline, 0.05, mix(cloth, WHITE, 0.25))
        if kind == "blouse":
            angle = np.linspace(0.25, np.pi - 0.25, 13)
            for a in angle:
                canvas.dot(0.95 * n * np.cos(a) * 1.1, top - 0.06 + 0.34 * np.sin(a), 0.026, 0.026, (240, 234, 222))
    else:
        roll = smooth(
            [
                (-n - 0.07, top - 0.2),
                (-n - 0.05, top + 0.1),
                (0, top + 0.2),
                (n + 0.05, top + 0.1),
                (n + 0.07, top - 0.2),
                (0, top - 0.08),
            ],
            closed=True,
        )
        canvas.shape(roll, mix(cloth, WHITE, 0.10))
        canvas.stroke(smooth([(-n, top + 0.02), (0, top + 0.12), (n, top + 0.02)]), 0.02, shadow, alpha=0.7)
    for s in (-1, 1):
        fold = smooth([(s * (w - 0.34), top + 0.62), (s * (w - 0.4), top + 0.9), (s * (w - 0.36), top + 1.3)])
        canvas.stroke(fold, 0.03, shadow, alpha=0.55, blur=0.02)


def _collar(canvas: Canvas, n: float, top: float, color: Color, shadow: Color, skin: Color) -> None:
    canvas.shape([(-n, top - 0.05), (0, top + 0.30), (n, top - 0.05)], mix(skin, BLACK, 0.08))
    for s in (-1, 1):
        flap = [
            (s * (n + 0.05), top - 0.16),
            (s * (n + 0.10), top + 0.08),
            (s * 0.24, top + 0.42),
            (s * 0.01, top + 0.28),
            (s * 0.5 * n, top + 0.1),
        ]
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
        canvas.shape([(-0.055, top + 0.38), (0.055, top + 0.38), (0.12, top + 1.3), (-0.12, top + 1.3)], tie)
    else:
        canvas.shape(
            [(-n - 0.03, top - 0.06), (-0.12, top + 0.34), (0.12, top + 0.34), (n + 0.03, top - 0.06)],
            mix(face.skin, BLACK, 0.05),
        )
        canvas.stroke(smooth([(-0.24, top + 0.27), (0, top + 0.37), (0.24, top + 0.27)]), 0.03, mix(shirt, BLACK, 0.18))
    for s in (-1, 1):
        front = [
            (s * (n + 0.03), top - 0.06),
            (s * 0.30, top + 0.55),
            (s * 0.10, top + 1.3),
            (s * (w + 0.1), top + 1.5),
            (s * w, top + 0.68),
            (s * (w - 0.18), top + 0.36),
            (s * (n + 0.34), top + 0.16),
        ]
        canvas.shape(np.vstack((front[:3], smooth(front[3:]))), cloth)
        lapel = [
            (s * (n + 0.03), top - 0.07),
            (s * (n + 0.26), top + 0.20),
            (s * (n + 0.14), top + 0.34),
            (s * (n + 0.20), top + 0.42),
            (s * 0.16, top + 1.2),
            (s * 0.26, top + 0.55),
        ]
        canvas.shape(lapel, light)
        canvas.stroke([*lapel[1:5]], 0.016, shadow)
