"""The look of a document, drawn from the profile's seed and independent of its facts."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from lethebench.generation.drawing.color import WHITE, Color, mix

GRAY: Color = (94, 94, 102)
PALE: Color = (236, 236, 240)
T = TypeVar("T")

# (Dark accent, its complement for small marks).
ACCENTS: tuple[tuple[Color, Color], ...] = (
    ((24, 58, 110), (196, 120, 30)),
    ((0, 96, 100), (180, 64, 48)),
    ((116, 28, 46), (60, 84, 110)),
    ((30, 86, 52), (168, 128, 40)),
    ((66, 72, 84), (40, 130, 170)),
    ((88, 48, 112), (46, 140, 120)),
    ((16, 104, 156), (120, 150, 40)),
    ((140, 66, 20), (40, 90, 120)),
    ((44, 44, 50), (176, 40, 44)),
    ((84, 92, 34), (110, 60, 96)),
    ((160, 40, 60), (40, 70, 90)),
    ((20, 120, 110), (84, 60, 130)),
    ((58, 66, 140), (200, 96, 60)),
    ((92, 70, 54), (46, 112, 92)),
)
PAPERS: tuple[Color, ...] = (
    (255, 255, 255), (253, 253, 250), (252, 250, 244), (250, 248, 240), (248, 250, 252), (250, 252, 248),
    (247, 247, 245),
)  # fmt: skip
INKS: tuple[Color, ...] = ((22, 22, 26), (20, 30, 70), (44, 40, 40), (10, 40, 60))
PENS: tuple[Color, ...] = ((24, 44, 140), (18, 24, 60), (30, 30, 34), (40, 70, 170))
STAMPS: tuple[Color, ...] = ((44, 66, 160), (170, 34, 50), (96, 40, 130), (20, 110, 90), (60, 60, 70))


@dataclass(frozen=True)
class Look:
    """The visual choices of one document.

    Attributes:
        accent, second: colors of bars, headings and marks.
        paper, ink, pen, stamp: colors of the page, of facts, of signatures and of the stamp.
        family: font family of printed text.
        value_family: font family of facts.
        mirror: whether the ID photo is on the left instead of the right.
        case: of headings, `upper` or `title`.
        variant: a number for further choices of the layout.
    """

    accent: Color
    second: Color
    paper: Color
    ink: Color
    pen: Color
    stamp: Color
    family: str
    value_family: str
    mirror: bool
    case: str
    variant: int

    def tint(self, strength: float) -> Color:
        """Return the accent mixed with white: 0 is white, 1 the accent itself."""
        return mix(WHITE, self.accent, strength)

    def heading(self, text: str) -> str:
        """Return a heading in the look's case."""
        return text.upper() if self.case == "upper" else text


def draw_look(rng: np.random.Generator) -> Look:
    """Draw a look."""
    accent, second = pick(rng, ACCENTS)
    family = pick(rng, ("sans", "times", "serif", "sans", "times"))
    value_family = pick(rng, (family, family, "mono", "sans"))
    return Look(
        accent=accent,
        second=second,
        paper=pick(rng, PAPERS),
        ink=pick(rng, INKS),
        pen=pick(rng, PENS),
        stamp=pick(rng, STAMPS),
        family=family,
        value_family=value_family,
        mirror=bool(rng.integers(2)),
        case=pick(rng, ("upper", "title")),
        variant=int(rng.integers(1 << 16)),
    )


def pick(rng: np.random.Generator, options: Sequence[T]) -> T:
    """Draw one of the options."""
    return options[int(rng.integers(len(options)))]
