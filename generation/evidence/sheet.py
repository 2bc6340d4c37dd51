"""A sheet to print on: shapes in shares of its width and height, and text that fits its box."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from lethebench.generation.drawing.color import Color
from lethebench.generation.drawing.curves import Points
from lethebench.generation.drawing.fonts import extent, family_for, fit, font, wrap
from lethebench.generation.evidence.texts import Row

Box = tuple[float, float, float, float]
"""Left, top, right, bottom in shares of the sheet's width and height."""
_SMALLEST = 9  # pixels of a row's type on the largest sheet


class Type(NamedTuple):
    """How rows are set: family, color of the values, color of the labels, label and value on one line, alignment."""

    family: str
    color: Color
    faint: Color
    inline: bool = False
    align: str = "center"


class Sheet:
    """A transparent square of `pixels` with an opaque sheet in its middle, `ratio` times as wide as high."""

    def __init__(self, pixels: int, ratio: float, color: Color, *, corner: float = 0.0):
        self.pixels = pixels
        width, height = (pixels, round(pixels / ratio)) if ratio >= 1 else (round(pixels * ratio), pixels)
        self.width, self.height = max(8, width), max(8, height)
        self.image = Image.new("RGB", (self.width, self.height), color)
        self.cover = Image.new("L", (2 * self.width, 2 * self.height))
        shape = (0, 0, 2 * self.width - 1, 2 * self.height - 1)
        ImageDraw.Draw(self.cover).rounded_rectangle(shape, round(2 * corner * self.width), fill=255)
        self.pen = ImageDraw.Draw(self.image)

    def at(self, x: float, y: float) -> tuple[float, float]:
        """Convert shares to pixels."""
        return x * self.width, y * self.height

    def block(self, box: Box, color: Color, corner: float = 0.0, edge: Color | None = None, thick: float = 0.0) -> None:
        """Fill a rectangle; `corner` and the `thick` edge in shares of the width."""
        left, top, right, bottom = *self.at(*box[:2]), *self.at(*box[2:])
        wide = max(1, round(thick * self.width)) if edge else 0
        shape = (left, top, max(left, right - 1), max(top, bottom - 1))
        self.pen.rounded_rectangle(shape, round(corner * self.width), fill=color, outline=edge, width=wide)

    def frame(self, inset: float, color: Color, thick: float = 0.006, corner: float = 0.0) -> None:
        """Draw a line along the edge, `inset` of the width inside it."""
        gap, wide = inset * self.width, max(1, round(thick * self.width))
        shape = (gap, gap, self.width - 1 - gap, self.height - 1 - gap)
        self.pen.rounded_rectangle(shape, round(corner * self.width), outline=color, width=wide)

    def area(self, points: Points, color: Color) -> None:
        """Fill a polygon."""
        self.pen.polygon([self.at(x, y) for x, y in points], fill=color)

    def disc(self, x: float, y: float, radius: float, color: Color) -> None:
        """Fill a disc; `radius` in shares of the width."""
        (cx, cy), r = self.at(x, y), radius * self.width
        self.pen.ellipse((cx - r, cy - r, cx + r, cy + r), fill=color)

    def rule(self, y: float, left: float, right: float, color: Color, thick: float = 0.004) -> None:
        """Draw a level line."""
        (x1, level), x2 = self.at(left, y), right * self.width
        self.pen.line((x1, level, x2, level), fill=color, width=max(1, round(thick * self.width)))

    def cut(self, x: float, y: float, radius: float) -> None:
        """Cut a round hole through the sheet."""
        cx, cy, r = 2 * x * self.width, 2 * y * self.height, 2 * radius * self.width
        ImageDraw.Draw(self.cover).ellipse((cx - r, cy - r, cx + r, cy + r), fill=0)

    def text(
        self, box: Box, text: str, family: str, color: Color, *, weight: str = "regular", most: float = 0.16,
        align: str = "center",
    ) -> None:  # fmt: skip
        """Set a text as large as it fits into the box, at most `most` of the sheet's width, in its vertical middle."""
        if not text:
            return
        left, top, right, bottom = *self.at(*box[:2]), *self.at(*box[2:])
        wide, high = max(1, int(right - left)), max(1, int(bottom - top))
        size = max(5, round(most * self.width))
        face, lines, ascent, descent = fit(text, family, weight, size, wide, high)
        while size > 5 and not _whole(text, lines):
            size -= 1
            face, lines, ascent, descent = fit(text, family, weight, size, wide, high)
        y = (top + bottom - len(lines) * (ascent + descent)) / 2 + ascent
        for line in lines:
            self._line(line, left, right, y, face, color, align)
            y += ascent + descent

    def rows(self, box: Box, rows: tuple[Row, ...], style: Type, *, most: float = 0.075) -> None:
        """Set labels and values one below the other, as large as they fit into the box."""
        left, top, right, bottom = *self.at(*box[:2]), *self.at(*box[2:])
        wide, high = right - left, bottom - top
        for size in np.arange(max(7, round(most * self.width)), 5.5, -0.5):
            lines, whole = _set(rows, style, float(size), wide)
            total = sum(line.drop for line in lines)
            if (total <= high and whole) or size <= _SMALLEST * self.pixels / 448:
                break
        y = top + max(0.0, (high - total) / 2)
        for line in lines:
            self._line(line.text, left, right, y + line.ascent, line.face, line.color, style.align)
            y += line.drop

    def _line(
        self, line: str, left: float, right: float, y: float, face: ImageFont.FreeTypeFont, color: Color, align: str
    ) -> None:
        x, anchor = {"center": ((left + right) / 2, "ms"), "left": (left, "ls"), "right": (right, "rs")}[align]
        self.pen.text((round(x), round(y)), line, fill=color, font=face, anchor=anchor)

    def turned(self, box: Box, text: str, family: str, color: Color, *, weight: str = "bold") -> None:
        """Set a short text that reads from the bottom up."""
        left, top, right, bottom = *self.at(*box[:2]), *self.at(*box[2:])
        wide, high = max(1, int(bottom - top)), max(1, int(right - left))
        face, lines, ascent, descent = fit(text, family, weight, high, wide, high)
        mask = Image.new("L", (wide, high))
        ImageDraw.Draw(mask).text(
            (wide // 2, (high + ascent - descent) // 2), lines[0], fill=255, font=face, anchor="ms"
        )
        self.image.paste(color, (int(left), int(top)), mask.transpose(Image.Transpose.ROTATE_90))

    def finish(self) -> Image.Image:
        """Return the sheet as an RGBA square."""
        sheet = self.image.convert("RGBA")
        sheet.putalpha(self.cover.reduce(2))
        square = Image.new("RGBA", (self.pixels, self.pixels))
        square.paste(sheet, ((self.pixels - self.width) // 2, (self.pixels - self.height) // 2))
        return square


def _whole(text: str, lines: Sequence[str]) -> bool:
    """Return whether no word of a text is broken between its lines, except after a hyphen."""
    return "".join(line if line.endswith("-") else f"{line} " for line in lines).split() == text.split()


class _Line(NamedTuple):
    """A line of type: what, in which font and color, its ascent, and the distance to the next line."""

    text: str
    face: ImageFont.FreeTypeFont
    color: Color
    ascent: int
    drop: int


def _set(rows: tuple[Row, ...], style: Type, size: float, width: float) -> tuple[list[_Line], bool]:
    """Return the lines of rows at a size, and whether no word is broken."""
    lines: list[_Line] = []
    whole = True
    for label, value in rows:
        family = family_for(value, style.family)
        face, small = font(family, size), font(family, max(6.0, 0.66 * size), "bold")
        ascent, descent = extent(face, value)
        if lines:
            lines[-1] = lines[-1]._replace(drop=lines[-1].drop + round(0.45 * size))
        if not style.inline:
            low, deep = extent(small)
            lines.append(_Line(label.upper(), small, style.faint, low, low + deep))
        text = f"{label}: {value}" if style.inline else value
        wrapped = wrap(text, face, width)
        whole = whole and _whole(text, wrapped)
        lines += [_Line(line, face, style.color, ascent, ascent + descent) for line in wrapped]
    return lines, whole
