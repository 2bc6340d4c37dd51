"""The strip at a picture's lower edge that carries its caption."""

from PIL import Image, ImageDraw

from lethebench.generation.drawing.fonts import font

SHARE = 0.062
"""Height of the strip as a share of the picture's."""


def strip_height(height: int) -> int:
    """Return the height of the strip in pixels."""
    return max(14, round(SHARE * height))


def stamp(picture: Image.Image, text: str) -> None:
    """Write the text into the strip."""
    width, height = picture.size
    high = strip_height(height)
    pixels = round(0.62 * high)
    while pixels > 6 and font("sans", pixels).getlength(text) > 0.96 * width:
        pixels -= 1
    draw = ImageDraw.Draw(picture)
    draw.rectangle((0, height - high, width, height), fill=(246, 244, 238))
    draw.text((width / 2, height - high / 2), text, fill=(40, 40, 46), font=font("sans", pixels), anchor="mm")
