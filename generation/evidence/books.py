"""Books, newspapers and bills."""

import numpy as np
from PIL import Image

from lethebench.generation.drawing.board import pick
from lethebench.generation.drawing.color import BLACK, mix
from lethebench.generation.evidence.captions import FILLERS, HEADINGS, PAPERS, RIDDLES
from lethebench.generation.evidence.plates import FACES
from lethebench.generation.evidence.sheet import Sheet, Type
from lethebench.generation.evidence.texts import Row, Text

PAPER = ((250, 248, 242), (244, 238, 222), (236, 228, 206))
INK = (36, 34, 38)


def title_page(text: Text, rows: tuple[Row, ...], rng: np.random.Generator, pixels: int) -> Image.Image:
    """Draw an open book at its title page, or at a page of facts."""
    paper = pick(rng, *PAPER)
    sheet = Sheet(pixels, 0.82, paper, corner=0.01)
    for k in range(10):  # the gutter
        sheet.block((0.006 * k, 0, 0.006 * (k + 1), 1), mix(paper, BLACK, 0.28 - 0.026 * k))
    family = pick(rng, "serif", "times")
    if rows:
        sheet.text(
            (0.12, 0.07, 0.92, 0.16),
            pick(rng, "About the author", "A short life", "Chronicle", "Who is who"),
            family,
            INK,
            weight="italic",
            most=0.07,
        )
        sheet.rule(0.18, 0.42, 0.62, INK)
        sheet.rows((0.12, 0.21, 0.92, 0.92), rows, Type(family, INK, (110, 104, 100)), most=0.08)
        return sheet.finish()
    sheet.text(
        (0.12, 0.12, 0.92, 0.2),
        pick(rng, "The life of", "A biography of", "The world of", "Reading"),
        family,
        INK,
        weight="italic",
        most=0.065,
    )
    sheet.text((0.12, 0.24, 0.92, 0.58), text.name, family, pick(rng, INK, (120, 36, 32)), weight="bold", most=0.16)
    sheet.rule(0.64, 0.4, 0.64, INK)
    sheet.text(
        (0.2, 0.86, 0.84, 0.92), pick(rng, "VOLUME ONE", "SECOND EDITION", "REVISED EDITION"), family, INK, most=0.045
    )
    return sheet.finish()


def spines(text: Text, rows: tuple[Row, ...], rng: np.random.Generator, pixels: int) -> Image.Image:
    """Draw a stack of volumes lying flat; one of their spines has the name, the others the titles of other books."""
    count, place = 4, int(rng.integers(0, 4))
    sheet = Sheet(pixels, 1.25, (58, 44, 36))
    others = rng.permutation(len(FILLERS))
    y = 0.0
    for k in range(count):
        high = 0.37 if k == place else 0.21
        cloth = pick(rng, (120, 40, 44), (40, 64, 96), (46, 84, 66), (30, 30, 36), (214, 196, 156), (112, 74, 42))
        ink = (238, 220, 170) if sum(cloth) < 400 else (44, 36, 32)
        left, right = (0.0, 1.0) if k == place else (float(rng.uniform(0, 0.08)), float(rng.uniform(0.92, 1)))
        sheet.block((left, y, right, y + high - 0.006), cloth, 0.012, mix(cloth, BLACK, 0.4), 0.004)
        for x in (0.06, 0.92):
            sheet.block((x, y, x + 0.014, y + high - 0.006), ink)
        family = pick(rng, *FACES)
        if k == place:
            sheet.text((0.1, y + 0.02, 0.9, y + high - 0.03), text.name, family, ink, weight="bold", most=0.15)
        else:
            sheet.text((0.3, y + 0.03, 0.7, y + high - 0.04), FILLERS[others[k]], family, ink, most=0.07)
        y += high
    return sheet.finish()


def newspaper(text: Text, rows: tuple[Row, ...], rng: np.random.Generator, pixels: int) -> Image.Image:
    """Draw the front page of a newspaper: a headline, or facts in a box, above columns of gray lines."""
    paper = pick(rng, (240, 236, 226), (228, 224, 216), (244, 232, 214))
    sheet = Sheet(pixels, pick(rng, 0.86, 1.0), paper)
    sheet.text((0.05, 0.02, 0.95, 0.12), pick(rng, *PAPERS), pick(rng, "times", "serif"), INK, weight="bold", most=0.1)
    sheet.rule(0.13, 0.04, 0.96, INK)
    sheet.rule(0.145, 0.04, 0.96, INK, 0.002)
    family, bottom = pick(rng, "times", "serif", "sans"), 0.8 if rows else 0.5
    if rows:
        sheet.text((0.05, 0.16, 0.95, 0.26), pick(rng, *RIDDLES[text.kind]), family, INK, weight="bold", most=0.085)
        sheet.rows((0.05, 0.27, 0.95, 0.8), rows, Type(family, INK, (110, 106, 100), align="left"))
    else:
        sheet.text((0.05, 0.16, 0.95, 0.42), text.name, family, INK, weight="bold", most=0.17)
        sheet.text(
            (0.05, 0.43, 0.95, 0.49),
            pick(rng, "A special report", "Our weekend essay", "Letters to the editor"),
            family,
            INK,
            weight="italic",
            most=0.05,
        )
    columns = int(rng.integers(3, 5))
    for k in range(columns):
        left = 0.05 + 0.9 * k / columns
        for y in np.arange(bottom + 0.03, 0.97, 0.026):
            end = left + (0.9 / columns - 0.03) * (1.0 if rng.random() < 0.85 else 0.6)
            sheet.block((left, y, end, y + 0.011), mix(paper, INK, 0.5))
    return sheet.finish()


def poster(text: Text, rows: tuple[Row, ...], rng: np.random.Generator, pixels: int) -> Image.Image:
    """Draw a printed bill for an evening: a heading, the name or facts, and plain ornament."""
    ground = pick(rng, (250, 246, 236), (36, 52, 84), (128, 40, 44), (30, 74, 66), (238, 200, 90), (222, 226, 230))
    ink = INK if sum(ground) > 400 else (248, 244, 230)
    accent = mix(ink, pick(rng, (220, 90, 60), (80, 130, 180), (200, 160, 60)), 0.5)
    sheet = Sheet(pixels, pick(rng, 0.72, 0.8), ground)
    family, style = pick(rng, *FACES), int(rng.integers(3))
    if style == 0:
        sheet.frame(0.03, accent, 0.01)
    elif style == 1:
        sheet.block((0, 0.92, 1, 1), accent)
        sheet.block((0, 0, 1, 0.03), accent)
    else:
        sheet.area(((0, 1), (0, 0.9), (1, 0.95), (1, 1)), accent)
    heading = pick(rng, *(RIDDLES if rows else HEADINGS)[text.kind])
    sheet.text((0.08, 0.07, 0.92, 0.18), heading, family, ink, weight="italic", most=0.1)
    sheet.rule(0.2, 0.3, 0.7, accent, 0.01)
    if rows:
        sheet.rows((0.08, 0.23, 0.92, 0.88), rows, Type(family, ink, mix(ink, ground, 0.25)), most=0.1)
    else:
        sheet.text((0.07, 0.24, 0.93, 0.68), text.name, family, ink, weight="bold", most=0.22)
        sheet.text(
            (0.1, 0.76, 0.9, 0.83),
            pick(rng, "Doors open at 7", "Free entry", "Main hall", "Room 12"),
            family,
            ink,
            most=0.06,
        )
    return sheet.finish()
