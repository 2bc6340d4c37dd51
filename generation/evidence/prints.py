"""Books, newspapers, programs, stamps and cards."""

import numpy as np
from PIL import Image

from lethebench.generation.drawing.board import pick
from lethebench.generation.drawing.color import BLACK, WHITE, mix
from lethebench.generation.evidence.captions import CATALOGS, FILLERS, HEADINGS, PAPERS, RIDDLES
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


def stamp(text: Text, rows: tuple[Row, ...], rng: np.random.Generator, pixels: int) -> Image.Image:
    """Draw a postage stamp without a portrait, its edge perforated."""
    tone = pick(rng, (150, 52, 48), (44, 92, 128), (62, 110, 70), (120, 84, 140), (176, 130, 50))
    ratio = pick(rng, 1.2, 1.35)
    sheet = Sheet(pixels, ratio, (250, 248, 240))
    for k in range(17):
        share = (k + 0.5) / 17
        for x, y in ((share, 0), (share, 1), (0, share), (1, share)):
            sheet.cut(x, y, 0.014)
    sheet.block((0.05, 0.06, 0.95, 0.94), mix(tone, WHITE, 0.82))
    for k in range(5):
        inset = 0.05 + 0.008 * k
        sheet.frame(inset, mix(tone, WHITE, 0.16 * k), 0.004)
    price = f"{pick(rng, 5, 10, 20, 35, 50, 80)}"
    sheet.text((0.78, 0.76, 0.9, 0.9), price, "serif", tone, weight="bold", most=0.11)
    sheet.text((0.1, 0.8, 0.4, 0.89), "POSTAGE", "sans", tone, most=0.045, align="left")
    family, ink = pick(rng, "serif", "times"), mix(tone, BLACK, 0.45)
    if rows:
        sheet.rows((0.12, 0.12, 0.88, 0.78), rows, Type(family, ink, tone), most=0.065)
    else:
        for x in (0.2, 0.8):
            sheet.disc(x, 0.2, 0.03, tone)
            sheet.disc(x, 0.2, 0.02, mix(tone, WHITE, 0.7))
        sheet.rule(0.2, 0.26, 0.74, tone)
        sheet.text((0.11, 0.27, 0.89, 0.74), text.name, family, ink, weight="bold", most=0.14)
    return sheet.finish()


def quiz_card(text: Text, rows: tuple[Row, ...], rng: np.random.Generator, pixels: int) -> Image.Image:
    """Draw a card of a quiz game: a question and facts that lead to the answer."""
    tone = pick(rng, (206, 70, 60), (60, 110, 170), (70, 140, 90), (150, 90, 160), (226, 150, 50))
    sheet = Sheet(pixels, pick(rng, 0.8, 1.0, 1.25), (252, 251, 247), corner=0.05)
    sheet.frame(0, mix(tone, BLACK, 0.2), 0.012, corner=0.05)
    sheet.block((0.03, 0.03, 0.97, 0.2), tone, 0.035)
    family = pick(rng, *FACES)
    sheet.text((0.06, 0.045, 0.94, 0.185), pick(rng, *RIDDLES[text.kind]), family, WHITE, weight="bold", most=0.095)
    sheet.rows((0.07, 0.23, 0.93, 0.95), rows, Type(family, INK, tone, align=pick(rng, "left", "center")))
    return sheet.finish()


def index_card(text: Text, rows: tuple[Row, ...], rng: np.random.Generator, pixels: int) -> Image.Image:
    """Draw a ruled card from a library's drawer, typed."""
    paper = pick(rng, (250, 244, 224), (244, 246, 244), (236, 240, 228))
    sheet = Sheet(pixels, pick(rng, 1.1, 1.3) if rows else pick(rng, 1.5, 1.7), paper, corner=0.012)
    for y in np.arange(0.3, 1, 0.1):
        sheet.rule(y, 0, 1, mix(paper, (120, 160, 200), 0.35), 0.002)
    sheet.rule(0.2, 0, 1, (206, 90, 84), 0.005)
    sheet.text((0.06, 0.04, 0.6, 0.18), CATALOGS[text.kind], "mono", (90, 86, 84), most=0.055, align="left")
    sheet.text(
        (0.66, 0.04, 0.94, 0.18),
        f"{rng.integers(100, 999)}.{rng.integers(1, 9)}",
        "mono",
        (90, 86, 84),
        most=0.055,
        align="right",
    )
    if rows:
        sheet.rows((0.06, 0.23, 0.94, 0.97), rows, Type("mono", INK, (120, 60, 56), pick(rng, True, False), "left"))
    else:
        sheet.text(
            (0.06, 0.28, 0.94, 0.76),
            text.name,
            "mono",
            INK,
            weight=pick(rng, "regular", "bold"),
            most=0.11,
            align="left",
        )
    return sheet.finish()


def autograph_card(text: Text, rows: tuple[Row, ...], rng: np.random.Generator, pixels: int) -> Image.Image:
    """Draw a card for an autograph that has the printed name and an empty line."""
    ground = pick(rng, (250, 248, 242), (228, 234, 240), (244, 230, 220))
    sheet = Sheet(pixels, pick(rng, 1.3, 1.5), ground, corner=0.02)
    sheet.frame(0.03, mix(ground, BLACK, 0.4), 0.004, corner=0.015)
    sheet.text(
        (0.08, 0.14, 0.92, 0.56), text.name, pick(rng, *FACES), INK, weight=pick(rng, *("bold", "italic")), most=0.14
    )
    for x in np.arange(0.2, 0.8, 0.02):
        sheet.rule(0.78, float(x), float(x) + 0.012, (130, 130, 136), 0.004)
    sheet.text((0.3, 0.8, 0.7, 0.9), "signature", "sans", (140, 140, 146), most=0.035)
    return sheet.finish()


def badge(text: Text, rows: tuple[Row, ...], rng: np.random.Generator, pixels: int) -> Image.Image:
    """Draw a name badge for a lanyard."""
    tone = pick(rng, (40, 90, 150), (160, 50, 56), (50, 120, 90), (90, 70, 130), (40, 44, 52))
    sheet = Sheet(pixels, pick(rng, 0.9, 1.3), (252, 252, 250), corner=0.04)
    sheet.frame(0, (190, 192, 196), 0.008, corner=0.04)
    sheet.block((0.0, 0.0, 1.0, 0.3), tone, 0.04)
    sheet.block((0.0, 0.24, 1.0, 0.3), tone)
    sheet.block((0.42, 0.04, 0.58, 0.085), mix(tone, BLACK, 0.6), 0.02)
    role = (
        pick(rng, "VISITOR", "GUEST", "SPEAKER", "DAY PASS") if text.kind == "person" else pick(rng, "VISITOR", "STAFF")
    )
    sheet.text((0.1, 0.11, 0.9, 0.27), role, "sans", WHITE, weight="bold", most=0.1)
    sheet.text((0.06, 0.34, 0.94, 0.82), text.name, pick(rng, "sans", "serif"), INK, weight="bold", most=0.16)
    for k in range(34):
        x = 0.2 + 0.6 * k / 34
        sheet.block((x, 0.86, x + float(rng.choice((0.005, 0.01))), 0.95), INK)
    return sheet.finish()
