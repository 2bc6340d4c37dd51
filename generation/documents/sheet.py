"""A page being laid out: draws text and shapes, and remembers where each fact stands so that it can be blacked out.

Nothing on a page may move with a value: every fact is set inside a slot whose box is chosen before the value is known,
and the redaction bar is the slot. Hence two documents that differ only in a masked fact are the same picture.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from PIL import Image, ImageDraw

from .fonts import extent, fit, font, line_height

Box = tuple[int, int, int, int]
Color = tuple[int, int, int]
INK = (28, 28, 32)
BAR = (8, 8, 8)
WIDTH, HEIGHT = 728, 1036  # pixels; near A4, and multiples of 28, the patch grid of common vision towers


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
    portrait: Box = (0, 0, 0, 0)

    def __post_init__(self) -> None:
        self.image = Image.new("RGB", (WIDTH, HEIGHT), self.paper)
        self.draw = ImageDraw.Draw(self.image)

    def put(self, x: float, baseline: float, text: str, face, fill: Color = INK) -> float:
        """Sets one line with its left end at (x, baseline); returns its width."""
        left, top, right, bottom = face.getbbox(text, anchor="ls")
        self.draw.text((x, baseline), text, font=face, fill=fill, anchor="ls")
        if text.strip():
            self.texts.append((text, (round(x + left), round(baseline + top), round(x + right), round(baseline + bottom))))
        return face.getlength(text)

    def label(
        self, box: Box, text: str, size: float, *, weight="regular", fill=INK, align="left", family=None, middle=True
    ) -> None:
        """Fits printed text that is not a fact into a box."""
        self._block(box, text, size, weight, fill, align, family or self.family, middle)

    def value(
        self, key: str, box: Box, size: float, *, weight="regular", fill=None, align="left", family=None, middle=True,
        case: Callable[[str], str] = str,
    ) -> None:
        """Fits the fact `key` into a box, which becomes its redaction bar."""
        text = case(self.lookup(key))
        if not text:
            return
        box = tuple(round(v) for v in box)
        self._block(box, text, size, weight, fill or self.value_ink, align, family or self.value_family, middle)
        self.slots.append(Slot(key, box, self.hides[key]))

    def _block(self, box, text, size, weight, fill, align, family, middle) -> None:
        left, top, right, bottom = (round(v) for v in box)
        face, lines, step = fit(text, family, weight, size, right - left - 4, bottom - top)
        ascent = extent(face)[0]
        slack = bottom - top - step * len(lines)
        y = top + (slack // 2 if middle else 0) + ascent
        for line in lines:
            space = right - left - 4 - face.getlength(line)
            x = left + 2 + {"left": 0, "center": space / 2, "right": space}[align]
            self.put(round(x), y, line, face, fill)
            y += step

    def paragraph(
        self, left: int, top: int, width: int, text: str, size: float, *, spacing=1.12, fill=INK, justify=True, family=None,
        weight="regular", case: Callable[[str], str] = str,
    ) -> int:
        """Running text with blanks `{key:width}` that are filled in as on a printed form.

        Returns:
            The y below the last line.
        """
        face = font(family or self.family, size, weight)
        step = line_height(face, spacing)
        ascent, descent = extent(face)
        space = face.getlength(" ")
        lines, line, used = [], [], 0.0
        for token, advance in _tokens(text, face, width):
            if line and used + space + advance > width:
                lines.append(line)
                line, used = [], 0.0
            used += advance + (space if line else 0)
            line.append((token, advance))
        lines.append(line)
        y = top
        for number, row in enumerate(lines):
            natural = sum(advance for _, advance in row) + space * (len(row) - 1)
            gap = space
            if justify and number < len(lines) - 1 and len(row) > 1:
                full = space + (width - natural) / (len(row) - 1)
                gap = full if full < 2.4 * space else space
            x = float(left)
            for token, advance in row:
                if isinstance(token, str):
                    self.put(round(x), y + ascent, token, face, fill)
                else:
                    key, blank, tail = token
                    slot = (round(x), y, round(x + blank), y + ascent + descent)
                    self.draw.line((slot[0], slot[3], slot[2], slot[3]), fill=(150, 150, 155))
                    self.value(key, slot, size, align="center")
                    if tail:
                        self.put(round(x + blank), y + ascent, tail, face, fill)
                x += advance + gap
            y += step
        return y

    def paste(self, picture: Image.Image, x: float, y: float) -> Box:
        """Lays an RGBA or RGB picture on the page; returns its box."""
        x, y = round(x), round(y)
        self.image.paste(picture, (x, y), picture if picture.mode == "RGBA" else None)
        return (x, y, x + picture.width, y + picture.height)

    def fill(self, box: Box, color: Color, *, radius: int = 0) -> None:
        box = tuple(round(v) for v in box)
        self.draw.rounded_rectangle(box, radius, fill=color) if radius else self.draw.rectangle(box, fill=color)

    def frame(self, box: Box, color: Color, *, line: int = 1, radius: int = 0) -> None:
        self.draw.rounded_rectangle(tuple(round(v) for v in box), radius, outline=color, width=line)

    def rule(self, x0: float, y0: float, x1: float, y1: float, color: Color, line: int = 1) -> None:
        self.draw.line((round(x0), round(y0), round(x1), round(y1)), fill=color, width=line)


def _tokens(text: str, face, width: float):
    """Words as strings and blanks as (key, width, punctuation that clings to it), each with its advance in pixels."""
    for word in text.split():
        match = re.fullmatch(r"\{(\w+):(\d+)\}(\S*)", word)
        if match:
            key, blank, tail = match[1], min(int(match[2]), int(width) - 12), match[3]
            yield (key, blank, tail), blank + face.getlength(tail)
        else:
            yield word, face.getlength(word)


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
