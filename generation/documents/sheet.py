"""A page being laid out: draws text and shapes, and remembers where each fact stands so that it can be blacked out.

Nothing on a page may move with a value: every fact is set inside a slot whose box is chosen before the value is known,
and the redaction bar is the slot. Hence two documents that differ only in a masked fact are the same picture.
"""

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from PIL import Image, ImageDraw

from lethebench.generation.drawing.fonts import extent, fit, font, line_height

Box = tuple[int, int, int, int]
Color = tuple[int, int, int]
INK = (28, 28, 32)
BAR = (8, 8, 8)
WIDTH, HEIGHT = 728, 1036  # pixels of the page that layouts are measured in; near A4


@dataclass(frozen=True)
class Slot:
    """The place of one fact: `key` as in the profile, `hides` the attributes whose masking blacks it out."""

    key: str
    box: Box
    hides: frozenset[str]
    cover: Image.Image | None = None  # L mask the size of the box where the bar is not the box itself (curved text)


@dataclass
class Sheet:
    """A page and the record of what stands on it.

    Attributes:
        lookup: key -> text to print ("" prints nothing).
        hides: key -> the attributes that the text would give away.
        texts: (text, ink box) of everything set on the page, for checks.
        pictures: the boxes of photo, marks and codes.
        portrait: the box of the ID photo.
    """

    lookup: Callable[[str], str]
    hides: Mapping[str, frozenset[str]]
    paper: Color = (255, 255, 255)
    family: str = "sans"
    value_family: str = "sans"
    value_ink: Color = INK
    slots: list[Slot] = field(default_factory=list)
    texts: list[tuple[str, Box]] = field(default_factory=list)
    pictures: list[Box] = field(default_factory=list)
    portrait: Box = (0, 0, 0, 0)

    def __post_init__(self) -> None:
        self.image = Image.new("RGB", (WIDTH, HEIGHT), self.paper)
        self.draw = ImageDraw.Draw(self.image)

    def put(self, x: float, baseline: float, text: str, face, fill: Color = INK) -> None:
        """Sets one line of printed text with its left end at (x, baseline)."""
        x, baseline = round(x), round(baseline)
        self.draw.text((x, baseline), text, font=face, fill=fill, anchor="ls")
        self._note(x, baseline, text, face)

    def _note(self, x: int, baseline: int, text: str, face) -> None:
        left, top, right, bottom = (math.ceil(v) for v in face.getbbox(text, anchor="ls"))
        if text.strip():
            self.texts.append((text, (x + left, baseline + top, x + right, baseline + bottom)))

    def label(
        self,
        box: Box,
        text: str,
        size: float,
        *,
        weight: str = "regular",
        fill: Color = INK,
        align: str = "left",
        family: str = "",
    ) -> None:
        """Fits printed text that is no fact into a box, in the middle of its height."""
        box = tuple(round(v) for v in box)
        for x, baseline, line, face in _set(box, text, family or self.family, weight, size, align, True):
            self.put(x, baseline, line, face, fill)

    def value(
        self,
        key: str,
        box: Box,
        size: float,
        *,
        weight: str = "regular",
        fill: Color | None = None,
        align: str = "left",
        family: str = "",
        middle: bool = True,
    ) -> None:
        """Fits the fact `key` into a box, which becomes its redaction bar: nothing is drawn outside of it."""
        text = self.lookup(key)
        if not text:
            return
        left, top, right, bottom = box = tuple(round(v) for v in box)
        ink = Image.new("L", (right - left, bottom - top))
        draw = ImageDraw.Draw(ink)
        for x, baseline, line, face in _set(box, text, family or self.value_family, weight, size, align, middle):
            draw.text((x - left, baseline - top), line, font=face, fill=255, anchor="ls")
            self._note(x, baseline, line, face)
        self.image.paste(fill or self.value_ink, (left, top), ink)
        self.slots.append(Slot(key, box, self.hides[key]))

    def measure(self, width: int, text: str, size: float, spacing: float) -> int:
        """The height in pixels of a paragraph."""
        face = font(self.family, size)
        return _step(face, text, spacing) * _count(text, self.family, size, width)

    def paragraph(
        self, left: int, top: int, width: int, text: str, size: float, *, spacing: float = 1.12, justify: bool = True
    ) -> int:
        """Running text with blanks `{key:width}` that are filled in as on a printed form.

        Returns:
            The y below the last line.
        """
        face = font(self.family, size)
        ascent, descent = extent(face)
        space, step = face.getlength(" "), _step(face, text, spacing)
        lines = _break(text, face, width)
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
                    key, blank, tail = token
                    slot = (round(x), top, round(x + blank), top + ascent + descent)
                    self.rule(slot[0], slot[3], slot[2], slot[3], (150, 150, 155))
                    self.value(key, slot, size, align="center")
                    if tail:
                        self.put(x + blank, top + ascent, tail, face)
                x += advance + gap
            top += step
        return top

    def paste(self, picture: Image.Image, x: float, y: float) -> Box:
        """Lays an RGBA or RGB picture on the page; returns its box."""
        x, y = round(x), round(y)
        self.pictures.append((x, y, x + picture.width, y + picture.height))
        self.image.paste(picture, (x, y), picture if picture.mode == "RGBA" else None)
        return (x, y, x + picture.width, y + picture.height)

    def fill(self, box: Box, color: Color, *, radius: int = 0) -> None:
        box = tuple(round(v) for v in box)
        self.draw.rounded_rectangle(box, radius, fill=color) if radius else self.draw.rectangle(box, fill=color)

    def frame(self, box: Box, color: Color, *, line: int = 1, radius: int = 0) -> None:
        self.draw.rounded_rectangle(tuple(round(v) for v in box), radius, outline=color, width=line)

    def rule(self, x0: float, y0: float, x1: float, y1: float, color: Color, line: int = 1) -> None:
        self.draw.line((round(x0), round(y0), round(x1), round(y1)), fill=color, width=line)


def _set(box: Box, text: str, family: str, weight: str, size: float, align: str, middle: bool):
    """Where the lines of a text go in a box: (x, baseline, line, font) of each."""
    left, top, right, bottom = box
    face, lines, ascent, descent = fit(text, family, weight, size, right - left - 4, bottom - top)
    slack = max(0, bottom - top - (ascent + descent) * len(lines)) if middle else 0
    for number, line in enumerate(lines):
        space = right - left - 4 - face.getlength(line)
        x = left + 2 + {"left": 0, "center": space / 2, "right": space}[align]
        yield round(x), top + slack // 2 + ascent + number * (ascent + descent), line, face


def _step(face, text: str, spacing: float) -> int:
    """Pixels from line to line; lines with blanks keep their bars apart."""
    step = line_height(face, spacing)
    return max(step, sum(extent(face)) + 2) if "{" in text else step


@lru_cache(maxsize=512)
def _count(text: str, family: str, size: float, width: int) -> int:
    return len(_break(text, font(family, size), width))


def _break(text: str, face, width: int) -> list[list[tuple]]:
    """Breaks running text into lines of (token, advance in pixels).

    A token is a word or a blank: (key, width, the punctuation that clings to it).
    """
    space, used = face.getlength(" "), 0.0
    lines: list[list[tuple]] = [[]]
    for word in text.split():
        match = re.fullmatch(r"\{(\w+):(\d+)\}(\S*)", word)
        if match:
            blank = min(int(match[2]), width - 12)
            token = (match[1], blank, match[3]), blank + face.getlength(match[3])
        else:
            token = word, face.getlength(word)
        if lines[-1] and used + space + token[1] > width:
            lines.append([])
            used = -space
        used += token[1] + (space if lines[-1] or used < 0 else 0)
        lines[-1].append(token)
    return lines


def redact(page: Image.Image, slots: list[Slot]) -> Image.Image:
    """A copy of the page with a solid bar over each of the slots."""
    page = page.copy()
    draw = ImageDraw.Draw(page)
    for slot in slots:
        left, top, right, bottom = slot.box
        if slot.cover is not None:
            page.paste(BAR, (left, top), slot.cover)
        else:
            draw.rectangle((left, top, right - 1, bottom - 1), fill=BAR)
    return page
