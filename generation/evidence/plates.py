"""Plates, plaques, labels and panels on walls."""

import numpy as np
from PIL import Image

from lethebench.generation.drawing.board import pick
from lethebench.generation.drawing.color import BLACK, WHITE, mix
from lethebench.generation.evidence.captions import HEADINGS, RIDDLES, SUBJECTS
from lethebench.generation.evidence.sheet import Sheet, Type
from lethebench.generation.evidence.texts import Row, Text

FACES = ("sans", "serif", "times")


def name_plate(text: Text, rows: tuple[Row, ...], rng: np.random.Generator, pixels: int) -> Image.Image:
    """Draw an engraved metal plate with a screw in each corner."""
    metal = pick(rng, (206, 174, 96), (190, 194, 198), (176, 120, 78), (52, 54, 60), (232, 228, 218))
    ink = mix(metal, BLACK, 0.82) if sum(metal) > 300 else (226, 214, 180)
    sheet = Sheet(pixels, pick(rng, 1.3, 1.5) if rows else pick(rng, 1.9, 2.3, 2.7), metal, corner=0.03)
    for k in range(24):  # brushed metal
        y = float(rng.uniform(0, 1))
        sheet.rule(y, 0, 1, mix(metal, pick(rng, WHITE, BLACK), 0.05 + 0.002 * k), 0.003)
    sheet.frame(0.03, mix(metal, BLACK, 0.35), corner=0.02)
    gap = 0.055 * sheet.width / sheet.height
    for x, y in ((0.055, gap), (0.945, gap), (0.055, 1 - gap), (0.945, 1 - gap)):
        sheet.disc(x, y, 0.018, mix(metal, BLACK, 0.4))
        sheet.disc(x - 0.002, y - 0.003, 0.013, mix(metal, WHITE, 0.4))
    family = pick(rng, *FACES)
    if rows:
        sheet.rows((0.1, 0.12, 0.9, 0.88), rows, Type(family, ink, mix(ink, metal, 0.25)))
    else:
        sheet.text((0.09, 0.14, 0.91, 0.86), text.name, family, ink, weight=pick(rng, "regular", "bold"), most=0.15)
    return sheet.finish()


def plaque(text: Text, rows: tuple[Row, ...], rng: np.random.Generator, pixels: int) -> Image.Image:
    """Draw an enamel plaque as on the wall of a house: round without facts, else with round corners."""
    ground = pick(rng, (28, 70, 140), (24, 92, 70), (112, 34, 40), (58, 52, 46))
    ink = pick(rng, (250, 250, 246), (246, 236, 200))
    sheet = Sheet(pixels, 1.0 if not rows else pick(rng, 1.0, 1.2), ground, corner=0.08 if rows else 0.5)
    sheet.frame(0.0, mix(ground, BLACK, 0.35), 0.02, corner=0.08 if rows else 0.5)
    sheet.frame(0.035, ink, 0.008, corner=0.06 if rows else 0.47)
    family = pick(rng, *FACES)
    if rows:
        sheet.rows((0.1, 0.1, 0.9, 0.9), rows, Type(family, ink, mix(ink, ground, 0.2)), most=0.08)
        return sheet.finish()
    heading = pick(rng, *HEADINGS[text.kind][:4])
    sheet.text((0.26, 0.16, 0.74, 0.28), heading.upper(), family, mix(ink, ground, 0.2), most=0.06)
    sheet.text((0.11, 0.31, 0.89, 0.69), text.name, family, ink, weight="bold", most=0.15)
    sheet.rule(0.76, 0.36, 0.64, ink)
    return sheet.finish()


def panel(text: Text, rows: tuple[Row, ...], rng: np.random.Generator, pixels: int) -> Image.Image:
    """Draw a label of a museum: a pale board with a heading, and lines of small print if it has no facts."""
    board = pick(rng, (248, 247, 243), (232, 236, 238), (240, 232, 216), (44, 48, 56))
    dark = sum(board) < 300
    ink, bar = (
        ((240, 238, 230), pick(rng, (206, 160, 80), (120, 170, 190)))
        if dark
        else ((30, 32, 38), pick(rng, (160, 60, 50), (50, 90, 130), (70, 110, 80)))
    )
    sheet = Sheet(pixels, pick(rng, 0.92, 1.0, 1.25), board, corner=0.008)
    sheet.frame(0, mix(board, BLACK, 0.25))
    family = pick(rng, *FACES)
    sheet.block((0.07, 0.07, pick(rng, 0.25, 0.93), 0.09), bar)
    if rows:
        sheet.text(
            (0.07, 0.12, 0.93, 0.22),
            pick(rng, *RIDDLES[text.kind]),
            family,
            bar,
            weight="bold",
            most=0.07,
            align="left",
        )
        sheet.rows((0.07, 0.25, 0.93, 0.94), rows, Type(family, ink, mix(ink, board, 0.35), align="left"))
        return sheet.finish()
    heading = pick(rng, *HEADINGS[text.kind])
    sheet.text((0.07, 0.12, 0.93, 0.2), heading, family, mix(ink, board, 0.3), most=0.06, align="left")
    sheet.text((0.07, 0.22, 0.93, 0.56), text.name, family, ink, weight="bold", most=0.15, align="left")
    for k in range(6):
        sheet.block((0.07, 0.64 + 0.05 * k, float(rng.uniform(0.6, 0.93)), 0.656 + 0.05 * k), mix(ink, board, 0.55))
    return sheet.finish()


def info_box(text: Text, rows: tuple[Row, ...], rng: np.random.Generator, pixels: int) -> Image.Image:
    """Draw the table beside an article of an encyclopedia, on a screen, without a picture."""
    bar = pick(rng, (198, 212, 232), (226, 210, 178), (206, 224, 204), (226, 204, 212))
    sheet = Sheet(pixels, pick(rng, 0.85, 1.0), (248, 249, 250), corner=0.012)
    sheet.frame(0, (162, 169, 177), 0.008)
    sheet.block((0.03, 0.03, 0.97, 0.22 if not rows else 0.14), bar)
    if rows:
        sheet.text((0.05, 0.03, 0.95, 0.14), SUBJECTS[text.kind], "sans", (32, 33, 36), weight="bold", most=0.07)
        sheet.rows((0.06, 0.17, 0.94, 0.96), rows, Type("sans", (32, 33, 36), (84, 89, 93), align="left"))
        return sheet.finish()
    sheet.text((0.05, 0.035, 0.95, 0.215), text.name, "sans", (32, 33, 36), weight="bold", most=0.12)
    for k in range(9):
        y = 0.27 + 0.075 * k
        sheet.block((0.06, y, float(rng.uniform(0.2, 0.32)), y + 0.024), (120, 124, 130))
        for j in range(int(rng.integers(1, 3))):
            sheet.block((0.4, y + 0.032 * j, float(rng.uniform(0.55, 0.93)), y + 0.02 + 0.032 * j), (176, 190, 214))
    return sheet.finish()


def business_sign(text: Text, rows: tuple[Row, ...], rng: np.random.Generator, pixels: int) -> Image.Image:
    """Draw the front of an office building with a sign above its door."""
    wall = pick(rng, (196, 200, 204), (176, 150, 128), (222, 214, 200), (120, 128, 136))
    glass = pick(rng, (120, 156, 180), (150, 176, 190), (90, 116, 136))
    sheet = Sheet(pixels, pick(rng, 1.0, 1.2), wall)
    floors, low = int(rng.integers(1, 3)), 0.5 if rows else 0.34
    for k in range(floors):
        for x in np.arange(0.04, 0.95, 0.16):
            high = low * 0.8 / floors
            y = 0.03 + k * (high + 0.03)
            sheet.block((x, y, x + 0.12, y + 0.8 * high), mix(glass, WHITE, float(rng.uniform(0, 0.4))))
    band = pick(rng, (250, 250, 248), (36, 40, 48), (70, 84, 104), (232, 226, 210))
    ink = (34, 36, 42) if sum(band) > 400 else (246, 246, 242)
    top, bottom = (0.24, 0.8) if rows else (0.36, 0.58)
    sheet.block((0.03, top, 0.97, bottom), band, 0.01, mix(band, BLACK, 0.3), 0.006)
    family = pick(rng, "sans", "serif")
    if rows:
        sheet.rows((0.07, top + 0.02, 0.93, bottom - 0.02), rows, Type(family, ink, mix(ink, band, 0.3)))
    else:
        sheet.text((0.06, top + 0.02, 0.94, bottom - 0.02), text.name, family, ink, weight="bold", most=0.16)
    for x in (0.06, 0.28, 0.56, 0.78):
        sheet.block((x, bottom + 0.04, x + 0.16, 0.96), mix(glass, BLACK, 0.15))
    sheet.block((0.46, bottom + 0.03, 0.54, 0.96), mix(wall, BLACK, 0.55))
    sheet.block((0, 0.96, 1, 1), (150, 148, 146))
    return sheet.finish()
