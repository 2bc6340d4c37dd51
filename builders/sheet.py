"""preview.png: what a build looks like on one page. Pictures as the splits show them, and questions beside them."""

from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image, ImageDraw

from lethebench.generation.documents.fonts import font

WIDTH = 300
"""Of a picture on the sheet, in pixels; as high as its shape asks."""
_MARGIN, _GAP, _PANEL = 44, 22, 470
_HEAD, _BAND, _CAPTION = 118, 52, 34
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


def contact_sheet(title: str, line: str, bands: Sequence[Band]) -> Image.Image:
    """Draws the sheet.

    Args:
        title: first line.
        line: what the benchmark is, in one line.
        bands: one below the other, each with as many pictures as the others.
    """
    columns = max(len(band.pictures) for band in bands)
    width = 2 * _MARGIN + columns * (WIDTH + _GAP) + _PANEL
    tall = [_BAND + band.size[1] + _CAPTION + _GAP for band in bands]
    sheet = Image.new("RGB", (width, _HEAD + sum(tall) + _MARGIN - _GAP), _PAPER)
    draw = ImageDraw.Draw(sheet)
    draw.text((_MARGIN, 36), title, _INK, font("sans", 30, "bold"))
    draw.text((_MARGIN, 78), line, _SOFT, font("sans", 17))
    for number, band in enumerate(bands):
        _band(sheet, draw, band, _HEAD + sum(tall[:number]))
    return sheet


def _band(sheet: Image.Image, draw: ImageDraw.ImageDraw, band: Band, top: int) -> None:
    draw.line((_MARGIN, top + 4, sheet.width - _MARGIN, top + 4), _LINE, 1)
    draw.text((_MARGIN, top + 18), band.heading, _ACCENT, font("sans", 19, "bold"))
    top += _BAND
    for place, shown in enumerate(band.pictures):
        left = _MARGIN + place * (WIDTH + _GAP)
        sheet.paste(shown.picture.resize(band.size, Image.Resampling.LANCZOS), (left, top))
        draw.rectangle((left, top, left + WIDTH - 1, top + band.size[1] - 1), outline=_LINE)
        draw.text((left, top + band.size[1] + 9), shown.caption, _SOFT, font("sans", 14))
    left = sheet.width - _MARGIN - _PANEL + 8
    bottom = top + band.size[1]
    for question, answer, note in band.asked:
        lines = _wrapped(draw, question, font("sans", 16, "bold"), _PANEL - 8)
        said = _wrapped(draw, answer, font("sans", 16), _PANEL - 26)
        if top + 22 * (len(lines) + len(said)) + 24 > bottom:
            break
        draw.text((left, top), note, _SOFT, font("sans", 12.5))
        top += 20
        for text in lines:
            draw.text((left, top), text, _INK, font("sans", 16, "bold"))
            top += 22
        draw.line((left + 4, top + 4, left + 4, top + 22 * len(said)), _ACCENT, 3)
        for text in said:
            draw.text((left + 18, top), text, _INK, font("sans", 16))
            top += 22
        top += 18


def _wrapped(draw: ImageDraw.ImageDraw, text: str, face, width: int) -> list[str]:
    """A text in lines no wider than `width` pixels."""
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and draw.textlength(longer, face) > width:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines
