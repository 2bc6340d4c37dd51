"""Handwriting: free fonts of hands, with letters that vary in height, size, slant and pressure."""

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from PIL import Image, ImageDraw
from PIL.ImageFont import FreeTypeFont

from lethebench.generation.documents.look import pick
from lethebench.generation.documents.marks import SCALE
from lethebench.generation.drawing.fonts import open_font

# Hand -> package and file under the SIL Open Font License, weight on the variable axis (0: none), and the factor that
# makes hands look as large as printed text of one nominal size.
HANDS = {
    "caveat": ("fontpkg_caveat", "Caveat[wght].ttf", 560, 1.5),
    "kalam": ("fontpkg_kalam", "Kalam-Regular.ttf", 0, 1.2),
}
_COMPLETE = "caveat"  # has every letter of a Latin name, Vietnamese and Romanian included


@dataclass(frozen=True)
class Hand:
    """A person's handwriting.

    Attributes:
        name: one of HANDS.
        slant: horizontal shift per unit of height.
        jitter: scale of the variation from letter to letter; 1 is usual.
    """

    name: str
    slant: float
    jitter: float


def draw_hand(rng: np.random.Generator) -> Hand:
    """Draw a hand."""
    return Hand(pick(rng, tuple(HANDS)), float(rng.uniform(-0.02, 0.14)), float(rng.uniform(0.6, 1.2)))


def write(
    text: str, hand: Hand, rng: np.random.Generator, width: int, height: int, size: float, align: str = "left"
) -> Image.Image:
    """Write a text on one line, or on two if it is too long, as large as fits; return an L mask, width x height.

    Args:
        text: to write.
        hand: whose handwriting.
        rng: of the letters' variation.
        width, height: of the box in pixels.
        size: that printed text would have here, in pixels.
        align: `left` or `center`.
    """
    name = hand.name if _has_glyphs(hand.name, text) else _COMPLETE
    current = size * HANDS[name][3]
    lines = [text]
    while current > 6:
        face = _face(name, current)
        lines = _broken(text, face, width - 8)
        top, bottom = _extent(face, text)
        if len(lines) * (bottom - top) <= height - 2 and max(map(face.getlength, lines)) <= width - 8:
            break
        current -= 0.5
    face = _face(name, current)
    top, bottom = _extent(face, text)
    mask = Image.new("L", (width * SCALE, height * SCALE))
    slack = height - 2 - len(lines) * (bottom - top)
    for number, line in enumerate(lines):
        room = width - 8 - face.getlength(line)
        left = 3 + (room / 2 if align == "center" else rng.uniform(0, min(room, 6)))
        _letters(mask, line, name, hand, rng, current, left, 1 + slack * 0.6 + number * (bottom - top) - top)
    return mask.reduce(SCALE)


def _letters(
    mask: Image.Image, line: str, name: str, hand: Hand, rng: np.random.Generator, size: float, left: float, y: float
) -> None:
    """Draw the letters of a line one by one on an oversampled mask; (left, y) is the start of the baseline."""
    even, amount = _face(name, SCALE * size), hand.jitter
    drift = rng.uniform(-0.006, 0.006)  # the line rises or falls
    half = math.ceil(1.2 * SCALE * size)
    for number, letter in enumerate(line):
        change = rng.normal(0, 1, 4).clip(-2, 2)
        if letter == " ":
            continue
        advance = even.getlength(line[:number])
        face = _face(name, SCALE * size * (1 + 0.025 * amount * change[0]))
        glyph = Image.new("L", (2 * half, 2 * half))
        ImageDraw.Draw(glyph).text((half, half), letter, font=face, fill=int(225 + 15 * change[1]), anchor="ls")
        slant = hand.slant + 0.025 * amount * change[2]
        glyph = glyph.transform(
            glyph.size, Image.Transform.AFFINE, (1, slant, -slant * half, 0, 1, 0), Image.Resampling.BILINEAR
        )
        x = SCALE * left + advance - half
        down = SCALE * (y + 0.022 * size * amount * change[3]) + drift * advance - half
        mask.paste(255, (round(x), round(down)), glyph)


@lru_cache(maxsize=256)
def _face(name: str, size: float) -> FreeTypeFont:
    package, file, weight, _ = HANDS[name]
    face = open_font(package, ("files", file), round(size * 2) / 2)
    if weight:
        face.set_variation_by_axes([weight])
    return face


def _extent(face: FreeTypeFont, text: str) -> tuple[int, int]:
    """Return the top and bottom of the text's ink, relative to the baseline; room for plain capitals at least."""
    _, top, _, bottom = face.getbbox(text, anchor="ls")
    return min(math.floor(top), -round(0.75 * face.size)) - 1, max(math.ceil(bottom), round(0.2 * face.size)) + 1


def _broken(text: str, face: FreeTypeFont, width: int) -> list[str]:
    """Return the text on one line if it fits, or as even lines of two."""
    words = text.split(" ")
    if face.getlength(text) <= width or len(words) == 1:
        return [text]
    pairs = [(" ".join(words[:at]), " ".join(words[at:])) for at in range(1, len(words))]
    return list(min(pairs, key=lambda pair: max(map(face.getlength, pair))))


@lru_cache(maxsize=4096)
def _has_glyphs(name: str, text: str) -> bool:
    face = _face(name, 20)
    missing = bytes(face.getmask("\uffff"))
    return all(ord(char) <= 0x17F or bytes(face.getmask(char)) != missing for char in text)
