"""Rubber stamps: round with the owner's name on the ring, or a box with one word."""

import math

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from lethebench.generation.documents.marks import SCALE, finish, star
from lethebench.generation.drawing.color import Color
from lethebench.generation.drawing.fonts import font


def _ring_text(
    mask: Image.Image, text: str, radius: float, size: float, start: float, span: float, *, inward: bool
) -> None:
    """Draw text on an arc centered at `start`, at most `span` long (degrees, clockwise from the right)."""
    while True:
        face = font("sans", size, "bold")
        widths = [face.getlength(c) for c in text]
        need = math.degrees(sum(widths) / radius)
        if need <= span or size <= 6:
            break
        size -= 1
    squeeze = min(1.0, span / need)
    direction = -1 if inward else 1
    angle = start - direction * need * squeeze / 2
    center = mask.width / 2
    half = round(0.75 * size)
    for char, width in zip(text, widths, strict=True):
        half_turn = direction * math.degrees(width / radius) * squeeze / 2
        angle += half_turn
        if char != " ":
            glyph = Image.new("L", (2 * half, 2 * half))
            ImageDraw.Draw(glyph).text((half, half), char, font=face, fill=255, anchor="mm")
            glyph = glyph.rotate(-(angle + direction * 90), Image.Resampling.BILINEAR)
            x = center + radius * math.cos(math.radians(angle)) - half
            y = center + radius * math.sin(math.radians(angle)) - half
            mask.paste(255, (round(x), round(y)), glyph)
        angle += half_turn


def round_stamp(
    rng: np.random.Generator, size: int, ink: Color, owner: str, words: str, angle: float, domain: str
) -> tuple[Image.Image, Image.Image]:
    """Draw a round rubber stamp with its owner's name on the ring, turned by `angle` degrees.

    Returns:
        (RGBA stamp, L mask of the same size that covers the owner's name whatever its length).
    """
    n = size * SCALE
    mask, cover = Image.new("L", (n, n)), Image.new("L", (n, n))
    draw = ImageDraw.Draw(mask)
    pen = n // 50
    draw.ellipse((pen, pen, n - pen, n - pen), outline=255, width=round(pen * 1.6))
    inner = 0.27
    draw.ellipse((n * inner, n * inner, n * (1 - inner), n * (1 - inner)), outline=255, width=pen)
    _ring_text(mask, owner.upper(), n * 0.355, n * 0.115, -90, 230, inward=False)
    _ring_text(mask, words.upper(), n * 0.365, n * 0.075, 90, 96, inward=True)
    ImageDraw.Draw(cover).arc((n * 0.055, n * 0.055, n * 0.945, n * 0.945), 150, 390, fill=255, width=round(n * 0.185))
    for x in (0.14, 0.86):
        if rng.random() < 0.5:
            draw.polygon(star(n * x, n * 0.70, n * 0.025, 0.42 * (n * 0.025)), fill=255)
    kind = int(rng.integers(4 if domain == "medical" else 3))
    c, r = n / 2, n * 0.12
    if kind == 0:
        draw.polygon(star(c, c, r, 0.42 * r), fill=255)
    elif kind == 3:
        draw.rectangle((c - r / 3, c - r, c + r / 3, c + r), fill=255)
        draw.rectangle((c - r, c - r / 3, c + r, c + r / 3), fill=255)
    elif kind == 1:
        for k in range(3):
            draw.line((c - r, c - r * 0.6 + k * r * 0.6, c + r, c - r * 0.6 + k * r * 0.6), fill=255, width=pen * 2)
    else:
        draw.ellipse((c - r, c - r, c + r, c + r), outline=255, width=pen * 2)
        draw.ellipse((c - r / 2, c - r / 2, c + r / 2, c + r / 2), fill=255)
    mask, cover = (layer.rotate(angle, Image.Resampling.BICUBIC) for layer in (mask, cover))
    return _worn(rng, mask, ink), cover.reduce(SCALE)


def box_stamp(rng: np.random.Generator, width: int, height: int, ink: Color, word: str, number: str) -> Image.Image:
    """Draw a rectangular office stamp with one word, e.g. ORIGINAL, and the document's number. RGBA."""
    mask = Image.new("L", (width * SCALE, height * SCALE))
    draw = ImageDraw.Draw(mask)
    w, h = mask.size
    draw.rounded_rectangle((4, 4, w - 5, h - 5), h // 8, outline=255, width=h // 18)
    draw.rounded_rectangle((h // 9, h // 9, w - h // 9, h - h // 9), h // 12, outline=255, width=h // 50)
    size = h * 0.40
    while font("sans", size, "bold").getlength(word) > w * 0.86:
        size -= 2
    draw.text((w / 2, h * 0.40), word, font=font("sans", size, "bold"), fill=255, anchor="mm")
    draw.text((w / 2, h * 0.74), number, font=font("mono", h * 0.20, "bold"), fill=255, anchor="mm")
    return _worn(rng, mask, ink)


def _worn(rng: np.random.Generator, mask: Image.Image, ink: Color) -> Image.Image:
    """Return the stamp in uneven ink."""
    small = rng.uniform(0.45, 1.15, (7, 7)).astype(np.float32)
    wear = np.asarray(Image.fromarray(small).resize(mask.size, Image.Resampling.BICUBIC))
    mask = Image.fromarray((np.asarray(mask) * np.clip(wear, 0.3, 0.92)).astype(np.uint8))
    return finish(mask.filter(ImageFilter.BoxBlur(1)), ink)
