"""Stamps, badges and cards."""

import numpy as np
from PIL import Image

from lethebench.generation.drawing.board import pick
from lethebench.generation.drawing.color import BLACK, WHITE, mix
from lethebench.generation.evidence.captions import CATALOGS, RIDDLES
from lethebench.generation.evidence.plates import FACES
from lethebench.generation.evidence.sheet import Sheet, Type
from lethebench.generation.evidence.texts import Row, Text

INK = (36, 34, 38)


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
