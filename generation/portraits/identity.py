"""The identity of a face: some fifty parameters that stay the same in every picture of a person.

Lengths are in half head heights: the crown is at y = -1, the chin near y = 1, the eyes near y = 0.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from lethebench.generation.drawing.color import Color, mix, toned

T = TypeVar("T")
SKINS: tuple[Color, ...] = (
    (246, 197, 161), (226, 180, 146), (206, 163, 131), (186, 147, 117), (167, 130, 103), (147, 115, 90), (128, 99, 77),
    (110, 84, 65),
)  # fmt: skip
"""The tones of skin, light to dark: few, of nearly one hue, so that color alone tells few people apart."""
HAIRS: dict[str, Color] = {
    "black": (30, 26, 28), "espresso": (52, 36, 28), "brown": (88, 58, 38), "chestnut": (120, 68, 40),
    "light": (156, 112, 68), "blond": (208, 170, 104), "red": (168, 78, 38),
    "gray": (148, 146, 146), "white": (214, 212, 208),
}  # fmt: skip
IRISES: tuple[Color, ...] = ((70, 44, 28), (96, 62, 36), (120, 96, 48), (84, 118, 84), (78, 124, 164), (110, 132, 146))
CUTS = {
    "male": ("side", "quiff", "crew", "buzz", "curly", "afro", "receding", "bald", "medium", "slick", "parted"),
    "female": ("long", "longside", "bob", "fringe", "pixie", "curlylong", "bun", "wavy", "afro", "shoulder", "parted"),
}
LONG = frozenset(("long", "longside", "bob", "fringe", "curlylong", "wavy", "shoulder"))


@dataclass(frozen=True)
class Face:
    """One person's face. Lengths in half head heights, `age` in years, shares in 0..1, colors as RGB."""

    gender: str
    age: int
    skin: Color
    cranium: float  # half width at the temples
    cheek: float  # half width at the cheekbones
    jaw: float  # half width at the corner of the jaw
    chin: float  # half width of the chin
    chin_drop: float  # how far the chin reaches below 1
    ear: float
    ear_out: float
    neck: float
    shoulders: float
    eye_gap: float  # center line to the middle of an eye
    eye_y: float
    eye_width: float
    eye_height: float
    eye_tilt: float
    iris: Color
    iris_size: float
    lid: float  # how far the upper lid hangs over
    crease: float
    lashes: float
    brow_y: float
    brow_thick: float
    brow_arch: float
    brow_tilt: float
    brow_length: float
    nose_length: float
    nose_width: float
    nose_bridge: float
    nose_tip: float
    mouth_y: float
    mouth_width: float
    upper_lip: float
    lower_lip: float
    smile: float
    lip: Color
    blush: float
    hair: Color
    cut: str
    hair_line: float
    hair_top: float
    hair_side: float
    hair_length: float
    part: float  # -1..1, where the hair is parted
    beard: str  # none, stubble, mustache, goatee, full
    beard_size: float
    glasses: str  # none, round, square, half, wide
    frame: Color
    freckles: float
    mole: tuple[float, float] | None
    earrings: str  # none, stud, hoop
    wrinkles: float
    texture: int  # seeds strands, freckles and curls


def draw_face(rng: np.random.Generator, gender: str, age: int) -> Face:
    """Draw a face at random for a gender (`female` or `male`) and an age in years.

    Nothing else about a person affects the face: a picture must not reveal where someone lives or what they earn.
    """
    male = gender == "male"

    def between(low: float, high: float) -> float:
        return float(rng.uniform(low, high))

    def pick(options: Sequence[T], weights: Sequence[float] | None = None) -> T:
        p = None if weights is None else np.asarray(weights, float) / np.sum(weights)
        return options[int(rng.choice(len(options), p=p))]

    def chance(p: float) -> bool:
        return bool(rng.random() < p)

    depth = int(rng.integers(len(SKINS)))
    skin, dark = SKINS[depth], depth > 3
    names = ("black", "espresso", "brown", "chestnut", "light", "blond", "red")
    hair = HAIRS[pick(names, (6, 3, 0.6, 0.2, 0, 0, 0) if dark else (2, 2, 3, 2, 2, 2.5, 1.4))]
    gray = float(np.clip((age - between(38, 62)) / 18, 0, 1)) * (1.0 if male or chance(0.55) else 0.15)
    hair = mix(hair, HAIRS["white" if age > 66 and chance(0.6) else "gray"], gray)
    tone = between(0.85, 1.2)
    hair = toned(hair, tone)
    if male:
        bare = float(np.clip((age - 28) / 30, 0.05, 1.6))
        cut = pick(CUTS["male"], (2, 1.6, 1.6, 1.3, 1.2, 1.2 if dark else 0.15, 1.6 * bare, 1.4 * bare, 0.9, 1.1, 1.3))
    else:
        old = age > 58
        cut = pick(
            CUTS["female"], (1.8, 1.6, 1.6, 1.3, 2.2 if old else 0.9, 1.4, 1.4, 1.6, 1.4 if dark else 0.12, 1.5, 1.0)
        )
    beard = (
        pick(("none", "stubble", "mustache", "goatee", "full"), (5, 2, 1.1, 1.3, 2)) if male and age > 19 else "none"
    )
    lip_base = mix(skin, (176, 74, 76), 0.48 if not male else 0.30)
    lip = mix(
        lip_base, pick(((190, 50, 70), (170, 70, 90), (150, 40, 50), (200, 96, 90))), 0 if male else between(0, 0.6)
    )
    wide = between(-1, 1)
    return Face(
        gender=gender,
        age=age,
        skin=skin,
        cranium=0.69 + 0.045 * wide + between(-0.02, 0.02),
        cheek=0.69 + 0.055 * wide + between(-0.025, 0.025),
        jaw=(0.575 if male else 0.52) + 0.06 * wide + between(-0.05, 0.06),
        chin=(0.25 if male else 0.20) + 0.04 * wide + between(-0.05, 0.06),
        chin_drop=between(-0.05, 0.12),
        ear=between(0.85, 1.2),
        ear_out=between(0.6, 1.3),
        neck=(0.43 if male else 0.34) + 0.03 * wide + between(-0.02, 0.03),
        shoulders=(1.42 if male else 1.24) + between(-0.08, 0.12),
        eye_gap=between(0.265, 0.335),
        eye_y=between(-0.07, 0.03),
        eye_width=between(0.125, 0.165),
        eye_height=between(0.052, 0.088) * (1.0 if male else 1.1),
        eye_tilt=between(-0.14, 0.16) + (0 if male else 0.03),
        iris=pick(IRISES, (5, 3, 0.3, 0, 0, 0)) if dark else pick(IRISES, (2, 2, 1.5, 1.4, 1.8, 1.2)),
        iris_size=between(0.068, 0.082),
        lid=between(0.0, 0.35) + (0.12 if age > 60 else 0),
        crease=between(0, 1),
        lashes=between(0, 0.3) if male else between(0.5, 1.2),
        brow_y=between(0.155, 0.215),
        brow_thick=between(0.032, 0.062) if male else between(0.018, 0.042),
        brow_arch=between(0.0, 0.05) if male else between(0.02, 0.08),
        brow_tilt=between(-0.04, 0.022),
        brow_length=between(0.17, 0.225),
        nose_length=between(0.27, 0.40),
        nose_width=between(0.115, 0.185) + (0.015 if male else 0),
        nose_bridge=between(0.2, 1.0),
        nose_tip=between(-0.02, 0.035),
        mouth_y=between(0.575, 0.66),
        mouth_width=between(0.2, 0.295),
        upper_lip=between(0.025, 0.065) * (0.8 if age > 60 else 1),
        lower_lip=between(0.045, 0.095) * (0.85 if age > 60 else 1),
        smile=between(-0.008, 0.055),
        lip=lip,
        blush=between(0, 0.16) if male else between(0.05, 0.3),
        hair=hair,
        cut=cut,
        hair_line=between(-0.07, 0.08),
        hair_top=between(0.06, 0.2),
        hair_side=between(0.04, 0.13),
        hair_length=between(0, 1),
        part=pick((-1, 1)) * between(0.25, 0.9),
        beard=beard,
        beard_size=between(0, 1),
        glasses=pick(("none", "round", "square", "half", "wide"), (6 if age < 45 else 3.2, 1, 1.2, 0.8, 0.7)),
        frame=pick(((28, 28, 32), (94, 56, 30), (120, 124, 130), (44, 58, 98), (130, 34, 44), (176, 146, 84))),
        freckles=between(0.4, 1) if not dark and chance(0.16) else 0.0,
        mole=(between(-0.42, 0.42), between(0.2, 0.78)) if chance(0.22) else None,
        earrings="none" if male and not chance(0.05) else pick(("none", "stud", "hoop"), (2, 1.2, 1)),
        wrinkles=float(np.clip((age - 36) / 38, 0, 1.1)),
        texture=int(rng.integers(1 << 30)),
    )
