"""preview.png: what a build looks like on one page. Pictures as the splits show them, and questions beside them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from PIL import Image, ImageDraw

from lethebench.generation.drawing.fonts import font, wrap

WIDTH = 300
"""Of a picture on the sheet, in pixels; as high as its shape asks."""
_MARGIN, _GAP, _PANEL = 44, 22, 470
_HEAD, _BAND, _CAPTION = 118, 52, 34
_NOTE, _LEADING, _SPACE = 20, 22, 18
_PAPER, _INK, _SOFT, _LINE, _ACCENT = "#f6f5f2", "#1d2733", "#5d6874", "#d5d8db", "#1f5f8b"


@dataclass(frozen=True)
class Shown:
    """A picture and what stands under it."""

    picture: Image.Image
    caption: str


@dataclass(frozen=True)
class Band:
    """One kind of document, or one person: heading, pictures of one shape, and (question, answer, note) beside them."""

    heading: str
    pictures: Sequence[Shown]
    asked: Sequence[tuple[str, str, str]]

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of its pictures on the sheet."""
        width, height = self.pictures[0].picture.size
        return WIDTH, round(WIDTH * height / width)


class _Entry(NamedTuple):
    """A question as it stands beside the pictures, in lines."""

    note: str
    question: Sequence[str]
    answer: Sequence[str]

    @property
    def height(self) -> int:
        return _NOTE + _LEADING * (len(self.question) + len(self.answer))


def contact_sheet(title: str, line: str, bands: Sequence[Band]) -> Image.Image:
    """Draws the sheet.

    Args:
        title: first line.
        line: what the benchmark is, in one line.
        bands: one below the other, each with as many pictures as the others.
    """
    columns = max(len(band.pictures) for band in bands)
    width = 2 * _MARGIN + columns * (WIDTH + _GAP) + _PANEL
    panels = [[_entry(*asked) for asked in band.asked] for band in bands]
    tall = [_BAND + _height(band, panel) + _GAP for band, panel in zip(bands, panels, strict=True)]
    sheet = Image.new("RGB", (width, _HEAD + sum(tall) + _MARGIN - _GAP), _PAPER)
    draw = ImageDraw.Draw(sheet)
    draw.text((_MARGIN, 36), title, _INK, font("sans", 30, "bold"))
    draw.text((_MARGIN, 78), line, _SOFT, font("sans", 17))
    for number, (band, panel) in enumerate(zip(bands, panels, strict=True)):
        _band(sheet, draw, band, panel, _HEAD + sum(tall[:number]))
    return sheet


def _height(band: Band, panel: Sequence[_Entry]) -> int:
    """What the pictures with their captions take, or the questions where those take more."""
    return max(band.size[1] + _CAPTION, sum(entry.height for entry in panel) + _SPACE * (len(panel) - 1))


def _band(sheet: Image.Image, draw: ImageDraw.ImageDraw, band: Band, panel: Sequence[_Entry], top: int) -> None:
    draw.line((_MARGIN, top + 4, sheet.width - _MARGIN, top + 4), _LINE, 1)
    draw.text((_MARGIN, top + 18), band.heading, _ACCENT, font("sans", 19, "bold"))
    top += _BAND
    for place, shown in enumerate(band.pictures):
        left = _MARGIN + place * (WIDTH + _GAP)
        sheet.paste(shown.picture.resize(band.size, Image.Resampling.LANCZOS), (left, top))
        draw.rectangle((left, top, left + WIDTH - 1, top + band.size[1] - 1), outline=_LINE)
        draw.text((left, top + band.size[1] + 9), shown.caption, _SOFT, font("sans", 14))
    left = sheet.width - _MARGIN - _PANEL + 8
    for entry in panel:
        draw.text((left, top), entry.note, _SOFT, font("sans", 12.5))
        y = top + _NOTE
        for text in entry.question:
            draw.text((left, y), text, _INK, font("sans", 16, "bold"))
            y += _LEADING
        draw.line((left + 4, y + 4, left + 4, y + _LEADING * len(entry.answer)), _ACCENT, 3)
        for text in entry.answer:
            draw.text((left + 18, y), text, _INK, font("sans", 16))
            y += _LEADING
        top += entry.height + _SPACE


def _entry(question: str, answer: str, note: str) -> _Entry:
    asked = wrap(question, font("sans", 16, "bold"), _PANEL - 8)
    return _Entry(note, asked, wrap(answer, font("sans", 16), _PANEL - 26))
