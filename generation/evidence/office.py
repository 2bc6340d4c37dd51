"""Things of a company without a logo: a delivery van, a business card and an envelope."""

import numpy as np
from PIL import Image, ImageDraw

from lethebench.generation.drawing.board import pick
from lethebench.generation.drawing.color import BLACK, WHITE, mix
from lethebench.generation.evidence.plates import FACES
from lethebench.generation.evidence.sheet import Sheet, Type
from lethebench.generation.evidence.texts import Row, Text

INK = (36, 38, 44)


def van(text: Text, rows: tuple[Row, ...], rng: np.random.Generator, pixels: int) -> Image.Image:
    """Draw a delivery van from the side, with the name or facts on its box."""
    paint = pick(rng, (246, 246, 244), (214, 218, 222), (240, 226, 190), (70, 96, 140), (120, 44, 48))
    ink = INK if sum(paint) > 400 else (250, 250, 246)
    sheet = Sheet(pixels, 1.25, (0, 0, 0))
    sheet.cover.paste(0, (0, 0, *sheet.cover.size))
    w, h = sheet.cover.size
    glass, edge = (110, 134, 150), mix(paint, BLACK, 0.3)
    body = ((0, 0.04), (0.76, 0.04), (0.8, 0.14), (0.87, 0.2), (0.95, 0.5), (1, 0.56), (1, 0.84), (0, 0.84))
    sheet.pen.rectangle((0, 0, w, h), fill=edge)
    mask = ImageDraw.Draw(sheet.cover)
    mask.polygon([(x * w, y * h) for x, y in body], fill=255)
    sheet.area(body, paint)
    sheet.area(((0.8, 0.24), (0.86, 0.24), (0.92, 0.5), (0.8, 0.5)), glass)
    sheet.block((0, 0.8, 1, 0.84), edge)
    sheet.block((0.775, 0.12, 0.782, 0.8), edge)
    sheet.block((0.965, 0.6, 1, 0.67), (250, 236, 170))
    sheet.block((0.81, 0.56, 0.85, 0.575), edge)
    for x in (0.2, 0.83):
        for radius, color in ((0.095, (24, 24, 28)), (0.05, (176, 180, 186)), (0.018, (70, 72, 78))):
            sheet.disc(x, 0.86, radius, color)
        r = 0.095 * w
        mask.ellipse((x * w - r, 0.86 * h - r, x * w + r, 0.86 * h + r), fill=255)
    family = pick(rng, "sans", "serif")
    if rows:
        sheet.rows((0.03, 0.08, 0.75, 0.72), rows, Type(family, ink, mix(ink, paint, 0.3), align="left"), most=0.06)
    else:
        sheet.text((0.03, 0.12, 0.75, 0.66), text.name, family, ink, weight="bold", most=0.15)
    return sheet.finish()


def business_card(text: Text, rows: tuple[Row, ...], rng: np.random.Generator, pixels: int) -> Image.Image:
    """Draw a business card in plain type."""
    paper = pick(rng, (252, 251, 248), (236, 238, 240), (44, 48, 58), (226, 214, 196))
    ink = INK if sum(paper) > 300 else (240, 238, 232)
    sheet = Sheet(pixels, 1.25 if rows else 1.7, paper, corner=0.02)
    sheet.frame(0, mix(paper, BLACK, 0.25), 0.004, corner=0.02)
    accent = pick(rng, (170, 70, 60), (60, 100, 150), (80, 120, 90))
    sheet.block((0, 0, 0.03, 1), accent)
    family = pick(rng, *FACES)
    if rows:
        sheet.rows((0.08, 0.08, 0.95, 0.92), rows, Type(family, ink, mix(accent, ink, 0.4), align="left"))
        return sheet.finish()
    sheet.text((0.08, 0.1, 0.94, 0.52), text.name, family, ink, weight="bold", most=0.15, align="left")
    sheet.text(
        (0.08, 0.56, 0.94, 0.68),
        pick(rng, "Customer service", "Sales", "Office manager", "Front desk"),
        family,
        mix(ink, paper, 0.3),
        most=0.06,
        align="left",
    )
    for k in range(3):
        sheet.block((0.08, 0.74 + 0.07 * k, float(rng.uniform(0.35, 0.6)), 0.765 + 0.07 * k), mix(ink, paper, 0.6))
    return sheet.finish()


def envelope(text: Text, rows: tuple[Row, ...], rng: np.random.Generator, pixels: int) -> Image.Image:
    """Draw an envelope that has the sender printed in its corner."""
    paper = pick(rng, (250, 248, 242), (226, 206, 170), (232, 236, 240))
    sheet = Sheet(pixels, pick(rng, 1.4, 1.6), paper, corner=0.01)
    sheet.frame(0, mix(paper, BLACK, 0.2), 0.004)
    sheet.area(((0, 0), (0.5, 0.05), (1, 0), (1, 0.02), (0.5, 0.08), (0, 0.02)), mix(paper, BLACK, 0.1))
    sheet.block((0.82, 0.12, 0.95, 0.34), mix(pick(rng, (150, 70, 60), (60, 100, 140)), WHITE, 0.4), 0, WHITE, 0.01)
    for k in range(4):
        sheet.disc(0.74 - 0.02 * k, 0.22, 0.002, mix(paper, BLACK, 0.5))
        sheet.rule(0.17 + 0.04 * k, 0.6, 0.78, mix(paper, BLACK, 0.35), 0.003)
    sheet.text((0.05, 0.14, 0.58, 0.4), text.name, pick(rng, *FACES), INK, weight="bold", most=0.12, align="left")
    for k in range(3):
        sheet.block((0.42, 0.56 + 0.09 * k, float(rng.uniform(0.62, 0.85)), 0.59 + 0.09 * k), mix(paper, INK, 0.45))
    return sheet.finish()
