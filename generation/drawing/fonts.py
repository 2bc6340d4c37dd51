"""Fonts and text fitting, with the TrueType files in matplotlib's wheel (DejaVu and STIX, under free licenses)."""

import math
import re
from collections.abc import Sequence
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

from PIL import ImageFont

# family -> (regular, bold, italic) and the factor that makes families look equally large at one nominal size.
FAMILIES = {
    "sans": (("DejaVuSans", "DejaVuSans-Bold", "DejaVuSans-Oblique"), 0.94),
    "serif": (("DejaVuSerif", "DejaVuSerif-Bold", "DejaVuSerif-Italic"), 0.92),
    "mono": (("DejaVuSansMono", "DejaVuSansMono-Bold", "DejaVuSansMono-Oblique"), 0.92),
    "times": (("STIXGeneral", "STIXGeneralBol", "STIXGeneralItalic"), 1.14),
}
WEIGHTS = ("regular", "bold", "italic")


@lru_cache
def _folder(package: str) -> Path:
    """Return the folder of an installed package without importing it."""
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        name = package.replace("_", "-")
        raise ModuleNotFoundError(
            f"{name} is not installed; its wheel carries fonts of the pictures: pip install {name}"
        )
    return Path(spec.submodule_search_locations[0])


def open_font(package: str, file: Sequence[str], pixels: float) -> ImageFont.FreeTypeFont:
    """Return a font from a file of an installed package; `file` is its path in parts."""
    # The basic layout gives the same pixels whether or not libraqm is installed.
    path = _folder(package).joinpath(*file)
    return ImageFont.truetype(path, pixels, layout_engine=ImageFont.Layout.BASIC)


# An open font keeps its file mapped, up to a megabyte, and opening one takes 30 microseconds: hold few.
@lru_cache(maxsize=32)
def font(family: str, size: float, weight: str = "regular") -> ImageFont.FreeTypeFont:
    """Return the font of a family (`sans`, `serif`, `mono`, `times`) at a nominal size in pixels."""
    files, factor = FAMILIES[family]
    name = files[WEIGHTS.index(weight)]
    pixels = max(5, round(size * factor * 2) / 2)
    return open_font("matplotlib", ("mpl-data", "fonts", "ttf", f"{name}.ttf"), pixels)


@lru_cache(maxsize=1024)
def _lacks(family: str, char: str) -> bool:
    face = font(family, 20)
    return bytes(face.getmask(char)) == bytes(face.getmask("\uffff"))


def family_for(text: str, family: str) -> str:
    """Return the family, or a sans or serif that has every character of the text (STIX lacks the Romanian s and t)."""
    if any(ord(char) > 0x17F and _lacks(family, char) for char in text):
        return {"times": "serif", "mono": "sans"}.get(family, family)
    return family


def lacking(text: str) -> str:
    """Return the characters of a text that neither family of last resort can print (see `family_for`)."""
    beyond = dict.fromkeys(char for char in text if ord(char) > 0x17F)
    return "".join(char for char in beyond if any(_lacks(family, char) for family in ("sans", "serif")))


def extent(face: ImageFont.FreeTypeFont, text: str = "") -> tuple[int, int]:
    """Return (ascent, descent) in pixels: room for accented Latin capitals, more for text with taller ones."""
    ascent, descent = math.ceil(0.97 * face.size), math.ceil(0.26 * face.size)
    if text:
        _, top, _, bottom = face.getbbox(text, anchor="ls")
        ascent, descent = max(ascent, math.ceil(-top)), max(descent, math.ceil(bottom))
    return ascent, descent


def line_height(face: ImageFont.FreeTypeFont, spacing: float = 1.0) -> int:
    """Return the pixels from one baseline of running text to the next."""
    return round((1.08 if (face.getname()[0] or "").startswith("STIX") else 1.2) * face.size * spacing)


def wrap(text: str, face: ImageFont.FreeTypeFont, width: float) -> list[str]:
    """Split text into lines of at most `width` pixels, at spaces, after hyphens and inside words that are too long."""
    lines, line = [], ""
    for piece in re.findall(r"[^\s-]+-?|-|\s+", text.strip()):
        if face.getlength((line + piece).rstrip()) <= width:
            line += piece
            continue
        if line.strip():
            lines.append(line.strip())
        line = piece.lstrip()
        while face.getlength(line) > width and len(line) > 1:
            keep = next(n for n in range(len(line) - 1, 0, -1) if n == 1 or face.getlength(line[:n]) <= width)
            lines.append(line[:keep])
            line = line[keep:]
    if line.strip():
        lines.append(line.strip())
    return lines or [""]


def fit(
    text: str, family: str, weight: str, size: float, width: int, height: int
) -> tuple[ImageFont.FreeTypeFont, tuple[str, ...], int, int]:
    """Return the largest setting of `text`, at most `size`, inside `width` x `height` pixels.

    Prefers whole words on as few lines as fit; shrinks in half pixels; breaks words only below 60 % of the size.

    Returns:
        (font, lines, ascent and descent of a line in pixels).
    """
    family = family_for(text, family)
    size, lines, ascent, descent = _setting(text, family, weight, size, width, height)
    return font(family, size, weight), lines, ascent, descent


@lru_cache(maxsize=4096)
def _setting(
    text: str, family: str, weight: str, size: float, width: int, height: int
) -> tuple[float, tuple[str, ...], int, int]:
    """Return the size that `fit` chooses, its lines, and the ascent and descent of a line."""
    current = size
    while True:
        face = font(family, current, weight)
        ascent, descent = extent(face, text)
        words_fit = max((face.getlength(word) for word in text.split()), default=0) <= width
        if words_fit or current < 0.6 * size:
            lines = wrap(text, face, width)
            if (ascent + descent) * len(lines) <= height or current <= 5:
                return current, tuple(lines), ascent, descent
        current -= 0.5
