"""A page with text and shapes that records where each fact is, so that it can be blacked out.

Nothing on a page may move with a value: every fact is set inside a slot whose box is chosen before the value is known,
and the redaction bar is the slot. So two documents that differ only in a masked fact are the same picture.
"""

import math
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageDraw
from PIL.ImageFont import FreeTypeFont

from lethebench.generation.documents.handwriting import Hand, write
from lethebench.generation.drawing.color import WHITE, Color
from lethebench.generation.drawing.fonts import extent, fit, font, line_height

Box = tuple[int, int, int, int]
"""Left, top, right, bottom in pixels."""
FloatBox = tuple[float, float, float, float]
INK = (28, 28, 32)
BAR = (8, 8, 8)
WIDTH, HEIGHT = 728, 1036
"""Pixels of the page, near A4."""
_ROOM_BY_HAND = 5  # pixels by which a line with handwriting is taller than a printed one


@dataclass(frozen=True)
class Slot:
    """Where one fact is printed.

    Attributes:
        key: as in the profile.
        box: of the fact and of its redaction bar.
        hides: attributes whose masking blacks it out.
        cover: L mask the size of the box, if the bar is not the box itself (curved text).
    """

    key: str
    box: Box
    hides: frozenset[str]
    cover: Image.Image | None = None


@dataclass(frozen=True)
class Pen:
    """What is filled in by hand: the facts, whose hand, in which ink; `seed` decides how the letters vary."""

    keys: frozenset[str]
    hand: Hand
    ink: Color
    seed: int


class _Blank(NamedTuple):
    """A blank in running text: the fact, its width in pixels and the punctuation after it."""

    key: str
    width: int
    tail: str


@dataclass
class Sheet:
    """A page and the record of what is on it.

    Attributes:
        lookup: key -> text to print ("" prints nothing).
        hides: key -> the attributes that the text would give away.
        pen: what is filled in by hand; None if nothing is.
        say: returns printed words in the language of the page.
        texts: (text, ink box) of everything printed, for checks.
        pictures: the boxes of photo, marks and codes.
        portrait: the box of the ID photo.
    """

    lookup: Callable[[str], str]
    hides: Mapping[str, frozenset[str]]
    paper: Color = WHITE
    family: str = "sans"
    value_family: str = "sans"
    value_ink: Color = INK
    pen: Pen | None = None
    say: Callable[[str], str] = str
    slots: list[Slot] = field(default_factory=list)
    texts: list[tuple[str, Box]] = field(default_factory=list)
    pictures: list[Box] = field(default_factory=list)
    portrait: Box = (0, 0, 0, 0)

    def __post_init__(self) -> None:
        self.image = Image.new("RGB", (WIDTH, HEIGHT), self.paper)
        self.draw = ImageDraw.Draw(self.image)

    def put(self, x: float, baseline: int, text: str, face: FreeTypeFont, fill: Color = INK) -> None:
        """Print one line of text with its left end at (x, baseline)."""
        left = round(x)
        self.draw.text((left, baseline), text, font=face, fill=fill, anchor="ls")
        self._record(left, baseline, text, face)

    def _record(self, x: int, baseline: int, text: str, face: FreeTypeFont) -> None:
        left, top, right, bottom = (math.ceil(v) for v in face.getbbox(text, anchor="ls"))
        if text.strip():
            self.texts.append((text, (x + left, baseline + top, x + right, baseline + bottom)))

    def label(
        self,
        box: FloatBox,
        text: str,
        size: float,
        *,
        weight: str = "regular",
        fill: Color = INK,
        align: str = "left",
        family: str = "",
    ) -> None:
        """Fit printed text that is not a fact into a box, in the middle of its height."""
        text = self.say(text)
        for x, baseline, line, face in _lines(_rounded(box), text, family or self.family, weight, size, align, True):
            self.put(x, baseline, line, face, fill)

    def value(
        self,
        key: str,
        box: FloatBox,
        size: float,
        *,
        weight: str = "regular",
        fill: Color | None = None,
        align: str = "left",
        family: str = "",
        middle: bool = True,
        blank: bool = False,
    ) -> None:
        """Fit the fact `key` into a box, which becomes its redaction bar: nothing is drawn outside of it.

        A fact in a `blank` of a form is written by hand if it is one of the pen's.
        """
        text = self.lookup(key)
        if not text:
            return
        slot = left, top, right, bottom = _rounded(box)
        self.slots.append(Slot(key, slot, self.hides[key]))
        if blank and self.by_hand(key):
            self.write(slot, text, size, align=align)
            return
        ink = Image.new("L", (right - left, bottom - top))
        draw = ImageDraw.Draw(ink)
        for x, baseline, line, face in _lines(slot, text, family or self.value_family, weight, size, align, middle):
            draw.text((x - left, baseline - top), line, font=face, fill=255, anchor="ls")
            self._record(x, baseline, line, face)
        self.image.paste(fill or self.value_ink, (left, top), ink)

    def write(self, box: FloatBox, text: str, size: float, *, align: str = "left") -> None:
        """Fit text by hand into a box."""
        if self.pen is None:
            raise ValueError(f"no pen to write {text!r} with")
        left, top, right, bottom = _rounded(box)
        rng = np.random.default_rng([self.pen.seed, left, top])
        ink = write(text, self.pen.hand, rng, right - left, bottom - top, size, align)
        self.image.paste(self.pen.ink, (left, top), ink)
        if inked := ink.getbbox():
            self.texts.append((text, (left + inked[0], top + inked[1], left + inked[2], top + inked[3])))

    def by_hand(self, *keys: str) -> bool:
        """Return whether one of the facts is written by hand where it is in a blank."""
        return self.pen is not None and not self.pen.keys.isdisjoint(keys)

    def measure(self, width: int, text: str, size: float, spacing: float) -> int:
        """Return the height of a paragraph in pixels."""
        face, text = font(self.family, size), self.say(text)
        return self._step(face, text, spacing) * _count(text, self.family, size, width)

    def _step(self, face: FreeTypeFont, text: str, spacing: float) -> int:
        """Return the pixels from line to line; those with handwriting are further apart."""
        step = _plain_step(face, text, spacing)
        if self.by_hand(*re.findall(r"\{(\w+):", text)):
            return max(step, sum(extent(face)) + 2 + _ROOM_BY_HAND)
        return step

    def paragraph(
        self, left: int, top: int, width: int, text: str, size: float, *, spacing: float = 1.12, justify: bool = True
    ) -> int:
        """Print running text with blanks `{key:width}` filled in as on a form; return the y below the last line."""
        face, text = font(self.family, size), self.say(text)
        ascent, descent = extent(face)
        space, step = face.getlength(" "), self._step(face, text, spacing)
        lines = _break(text, face, width)
        top += step - _plain_step(face, text, spacing)
        for number, row in enumerate(lines):
            gap = space
            if justify and number < len(lines) - 1 and len(row) > 1:
                full = (width - sum(advance for _, advance in row)) / (len(row) - 1)
                gap = full if full < 2.4 * space else space
            x = float(left)
            for token, advance in row:
                if isinstance(token, str):
                    self.put(x, top + ascent, token, face)
                else:
                    left_end, right_end, bottom = round(x), round(x + token.width), top + ascent + descent
                    self.rule(left_end, bottom, right_end, bottom, (150, 150, 155))
                    high = top - _ROOM_BY_HAND * self.by_hand(token.key)
                    self.value(token.key, (left_end, high, right_end, bottom), size, align="center", blank=True)
                    if token.tail:
                        self.put(x + token.width, top + ascent, token.tail, face)
                x += advance + gap
            top += step
        return top

    def paste(self, picture: Image.Image, x: float, y: float) -> Box:
        """Paste an RGBA or RGB picture on the page and return its box."""
        left, top = round(x), round(y)
        box = (left, top, left + picture.width, top + picture.height)
        self.pictures.append(box)
        self.image.paste(picture, (left, top), picture if picture.mode == "RGBA" else None)
        return box

    def fill(self, box: FloatBox, color: Color, *, radius: int = 0) -> None:
        """Fill a box, with rounded corners if a radius is given."""
        if radius:
            self.draw.rounded_rectangle(_rounded(box), radius, fill=color)
        else:
            self.draw.rectangle(_rounded(box), fill=color)

    def frame(self, box: FloatBox, color: Color, *, line: int = 1, radius: int = 0) -> None:
        """Outline a box."""
        self.draw.rounded_rectangle(_rounded(box), radius, outline=color, width=line)

    def rule(self, x0: float, y0: float, x1: float, y1: float, color: Color, line: int = 1) -> None:
        """Draw a straight line."""
        self.draw.line(_rounded((x0, y0, x1, y1)), fill=color, width=line)


def _rounded(box: FloatBox) -> Box:
    left, top, right, bottom = box
    return round(left), round(top), round(right), round(bottom)


def _lines(
    box: Box, text: str, family: str, weight: str, size: float, align: str, middle: bool
) -> Iterator[tuple[int, int, str, FreeTypeFont]]:
    """Yield (x, baseline, line, font) of the lines of a text in a box."""
    left, top, right, bottom = box
    face, lines, ascent, descent = fit(text, family, weight, size, right - left - 4, bottom - top)
    slack = max(0, bottom - top - (ascent + descent) * len(lines)) if middle else 0
    for number, line in enumerate(lines):
        space = right - left - 4 - face.getlength(line)
        x = left + 2 + {"left": 0, "center": space / 2, "right": space}[align]
        yield round(x), top + slack // 2 + ascent + number * (ascent + descent), line, face


def _plain_step(face: FreeTypeFont, text: str, spacing: float) -> int:
    """Return the pixels from line to line of printed text; lines with blanks keep their bars apart."""
    step = line_height(face, spacing)
    return max(step, sum(extent(face)) + 2) if "{" in text else step


@lru_cache(maxsize=512)
def _count(text: str, family: str, size: float, width: int) -> int:
    return len(_break(text, font(family, size), width))


def _break(text: str, face: FreeTypeFont, width: int) -> list[list[tuple[str | _Blank, float]]]:
    """Break running text into lines of (word or blank, advance in pixels)."""
    space, used = face.getlength(" "), 0.0
    lines: list[list[tuple[str | _Blank, float]]] = [[]]
    for word in text.split():
        token: str | _Blank = word
        advance = face.getlength(word)
        if match := re.fullmatch(r"\{(\w+):(\d+)\}(\S*)", word):
            token = _Blank(match[1], min(int(match[2]), width - 12), match[3])
            advance = token.width + face.getlength(token.tail)
        if lines[-1] and used + space + advance > width:
            lines.append([])
            used = -space
        used += advance + (space if lines[-1] or used < 0 else 0)
        lines[-1].append((token, advance))
    return lines


def redact(page: Image.Image, slots: list[Slot]) -> Image.Image:
    """Return a copy of the page with a solid bar over each of the slots."""
    page = page.copy()
    draw = ImageDraw.Draw(page)
    for slot in slots:
        left, top, right, bottom = slot.box
        if slot.cover is not None:
            page.paste(BAR, (left, top), slot.cover)
        else:
            draw.rectangle((left, top, right - 1, bottom - 1), fill=BAR)
    return page
