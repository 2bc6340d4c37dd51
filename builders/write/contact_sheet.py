"""Draw preview.png: pictures of a build as its splits show them, with questions beside them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from PIL import Image, ImageDraw

from lethebench.generation.drawing.fonts import font, wrap
from lethebench.generation.questions.records import Question

WIDTH = 300
"""Width of a picture on the sheet, in pixels."""
_MARGIN, _GAP, _PANEL = 44, 22, 470
_HEAD, _BAND, _CAPTION = 118, 52, 34
_NOTE, _LEADING, _SPACE = 20, 22, 18
_PAPER, _INK, _SOFT, _LINE, _ACCENT = "#f6f5f2", "#1d2733", "#5d6874", "#d5d8db", "#1f5f8b"


@dataclass(frozen=True)
class Thumbnail:
    """A picture with the caption under it."""

    picture: Image.Image
    caption: str


@dataclass(frozen=True)
class Band:
    """One kind of document, or one person: heading, pictures of one shape, and (question, note) pairs beside them."""

    heading: str
    pictures: Sequence[Thumbnail]
    questions: Sequence[tuple[Question, str]]

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of its pictures on the sheet."""
        width, height = self.pictures[0].picture.size
        return WIDTH, round(WIDTH * height / width)


class _Entry(NamedTuple):
    """The lines of a question beside the pictures."""

    note: str
    question: Sequence[str]
    answer: Sequence[str]

    @property
    def height(self) -> int:
        return _NOTE + _LEADING * (len(self.question) + len(self.answer))


def contact_sheet(title: str, line: str, bands: Sequence[Band]) -> Image.Image:
    """Return the sheet, with bands from top to bottom, each with the same number of pictures."""
    columns = max(len(band.pictures) for band in bands)
    width = 2 * _MARGIN + columns * (WIDTH + _GAP) + _PANEL
    panels = [[_entry(*pair) for pair in band.questions] for band in bands]
    heights = [_BAND + _height(band, panel) + _GAP for band, panel in zip(bands, panels, strict=True)]
    sheet = Image.new("RGB", (width, _HEAD + sum(heights) + _MARGIN - _GAP), _PAPER)
    draw = ImageDraw.Draw(sheet)
    draw.text((_MARGIN, 36), title, _INK, font("sans", 30, "bold"))
    draw.text((_MARGIN, 78), line, _SOFT, font("sans", 17))
    for number, (band, panel) in enumerate(zip(bands, panels, strict=True)):
        _draw_band(sheet, draw, band, panel, _HEAD + sum(heights[:number]))
    return sheet


def _height(band: Band, panel: Sequence[_Entry]) -> int:
    """Return the height of the pictures with captions or of the questions, whichever is larger."""
    return max(band.size[1] + _CAPTION, sum(entry.height for entry in panel) + _SPACE * (len(panel) - 1))


def _draw_band(sheet: Image.Image, draw: ImageDraw.ImageDraw, band: Band, panel: Sequence[_Entry], top: int) -> None:
    draw.line((_MARGIN, top + 4, sheet.width - _MARGIN, top + 4), _LINE, 1)
    draw.text((_MARGIN, top + 18), band.heading, _ACCENT, font("sans", 19, "bold"))
    top += _BAND
    for index, thumbnail in enumerate(band.pictures):
        left = _MARGIN + index * (WIDTH + _GAP)
        sheet.paste(thumbnail.picture.resize(band.size, Image.Resampling.LANCZOS), (left, top))
        draw.rectangle((left, top, left + WIDTH - 1, top + band.size[1] - 1), outline=_LINE)
        draw.text((left, top + band.size[1] + 9), thumbnail.caption, _SOFT, font("sans", 14))
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


def _entry(question: Question, note: str) -> _Entry:
    """Return the lines of a question; of multiple choice, the options with the right one marked."""
    options = " · ".join(f"{option} ✓" if option == question.answer else option for option in question.options)
    lines = wrap(question.question, font("sans", 16, "bold"), _PANEL - 8)
    return _Entry(note, lines, wrap(options or question.answer, font("sans", 16), _PANEL - 26))
