"""Things around a film or series: title cards, marquees, tickets, clapper boards, cases and program guides."""

import numpy as np
from PIL import Image

from lethebench.generation.drawing.board import pick
from lethebench.generation.drawing.color import BLACK, WHITE, mix
from lethebench.generation.evidence.captions import HEADINGS, RIDDLES
from lethebench.generation.evidence.plates import FACES
from lethebench.generation.evidence.sheet import Sheet, Type
from lethebench.generation.evidence.texts import Row, Text

INK = (36, 34, 38)


def title_card(text: Text, rows: tuple[Row, ...], rng: np.random.Generator, pixels: int) -> Image.Image:
    """Draw a screen that shows the title in plain type, or credits."""
    ground = pick(rng, (10, 10, 12), (24, 28, 44), (40, 20, 22), (226, 222, 210))
    ink = pick(rng, (246, 244, 236), (240, 216, 150)) if sum(ground) < 300 else (30, 28, 32)
    sheet = Sheet(pixels, pick(rng, 1.33, 1.6) if not rows else 1.15, (30, 30, 34), corner=0.015)
    sheet.block((0.02, 0.02, 0.98, 0.95), ground)
    family = pick(rng, *FACES)
    if rows:
        sheet.rows((0.08, 0.08, 0.92, 0.9), rows, Type(family, ink, mix(ink, ground, 0.35)), most=0.07)
    else:
        sheet.text(
            (0.07, 0.18, 0.93, 0.8), text.name, family, ink, weight=pick(rng, "regular", "bold", "italic"), most=0.15
        )
    return sheet.finish()


def marquee(text: Text, rows: tuple[Row, ...], rng: np.random.Generator, pixels: int) -> Image.Image:
    """Draw the lit board above a cinema's doors."""
    rim = pick(rng, (168, 36, 40), (36, 52, 100), (150, 110, 40), (60, 60, 66))
    sheet = Sheet(pixels, 1.05 if rows else pick(rng, 1.3, 1.55), rim, corner=0.02)
    sheet.block((0.07, 0.09, 0.93, 0.91), (252, 250, 238))
    ratio = sheet.width / sheet.height
    for k in range(18):
        x = (k + 0.5) / 18
        for spot in ((x, 0.035 * ratio), (x, 1 - 0.035 * ratio), (0.035, x), (0.965, x)):
            sheet.disc(*spot, 0.015, (255, 226, 140))
            sheet.disc(*spot, 0.008, (255, 252, 226))
    if rows:
        sheet.rows((0.1, 0.12, 0.9, 0.88), rows, Type("sans", INK, (170, 40, 40)), most=0.07)
        return sheet.finish()
    for y in np.arange(0.3, 0.9, 0.16):
        sheet.rule(y, 0.07, 0.93, (206, 202, 190), 0.003)
    sheet.text(
        (0.1, 0.11, 0.9, 0.25), pick(rng, *HEADINGS[text.kind]).upper(), "sans", (170, 40, 40), weight="bold", most=0.07
    )
    sheet.text((0.1, 0.27, 0.9, 0.89), text.name.upper(), "sans", INK, weight="bold", most=0.14)
    return sheet.finish()


def ticket(text: Text, rows: tuple[Row, ...], rng: np.random.Generator, pixels: int) -> Image.Image:
    """Draw a ticket with its stub."""
    paper = pick(rng, (244, 226, 180), (232, 190, 180), (206, 224, 232), (222, 232, 204))
    ink = mix(paper, BLACK, 0.8)
    sheet = Sheet(pixels, 1.2 if rows else pick(rng, 1.7, 2.0), paper, corner=0.02)
    for x in (0.17, 0.83):
        for y in np.arange(0.05, 1, 0.08):
            sheet.disc(x, float(y), 0.005, mix(paper, BLACK, 0.45))
    for y in (0.0, 1.0):
        for x in (0.17, 0.83):
            sheet.cut(x, y, 0.03)
    sheet.turned((0.05, 0.1, 0.11, 0.9), pick(rng, "ADMIT ONE", "STANDARD", "BALCONY"), "sans", ink)
    seat = f"ROW {pick(rng, *'ABCDEFGH')} SEAT {rng.integers(1, 30)}"
    sheet.turned((0.89, 0.1, 0.95, 0.9), seat, "sans", ink)
    family = pick(rng, *FACES)
    if rows:
        sheet.rows((0.2, 0.06, 0.8, 0.94), rows, Type(family, ink, mix(ink, paper, 0.35)), most=0.06)
    else:
        sheet.text(
            (0.2, 0.07, 0.8, 0.24), pick(rng, "CINEMA", "SCREEN 2", "SCREEN 5", "EVENING SHOW"), "sans", ink, most=0.05
        )
        sheet.text((0.2, 0.26, 0.8, 0.92), text.name, family, ink, weight="bold", most=0.12)
    return sheet.finish()


def clapper(text: Text, rows: tuple[Row, ...], rng: np.random.Generator, pixels: int) -> Image.Image:
    """Draw a clapper board: stripes above, fields below; the title or facts are in the fields."""
    board = pick(rng, (34, 36, 40), (244, 243, 238))
    ink = (246, 246, 242) if sum(board) < 300 else INK
    sheet = Sheet(pixels, 1.0, board, corner=0.015)
    for top, bottom, slant in ((0.0, 0.085, 0.06), (0.09, 0.175, -0.06)):
        sheet.block((0, top, 1, bottom), (24, 24, 26))
        for x in np.arange(-0.1, 1.1, 0.2):
            sheet.area(((x, bottom), (x + 0.1, bottom), (x + 0.1 + slant, top), (x + slant, top)), (246, 246, 242))
    line = mix(ink, board, 0.4)
    family = pick(rng, "sans", "mono")
    for k, label in enumerate(("ROLL", "SCENE", "TAKE")):
        left = 0.04 + 0.32 * k
        sheet.text((left, 0.79, left + 0.28, 0.85), label, "sans", line, most=0.045, align="left")
        sheet.text((left, 0.85, left + 0.28, 0.97), str(rng.integers(1, 40)), family, ink, weight="bold", most=0.09)
    sheet.rule(0.78, 0, 1, line)
    for x in (0.34, 0.66):
        sheet.block((x, 0.78, x + 0.004, 1), line)
    if rows:
        sheet.rows((0.06, 0.2, 0.94, 0.76), rows, Type(family, ink, line, align="left"))
    else:
        sheet.text((0.05, 0.2, 0.95, 0.27), "PRODUCTION", "sans", line, most=0.045, align="left")
        sheet.text((0.05, 0.28, 0.95, 0.76), text.name, family, ink, weight="bold", most=0.14)
    return sheet.finish()


def disc_case(text: Text, rows: tuple[Row, ...], rng: np.random.Generator, pixels: int) -> Image.Image:
    """Draw a disc's case in plain type: front with the title, or back with facts and a bar code."""
    ground = pick(rng, (36, 38, 44), (230, 226, 216), (60, 76, 100), (120, 52, 48))
    ink = INK if sum(ground) > 400 else (246, 244, 238)
    sheet = Sheet(pixels, 0.74, ground, corner=0.015)
    sheet.block((0, 0, 0.06, 1), mix(ground, BLACK, 0.5))
    sheet.block((0.06, 0, 1, 0.07), mix(ground, BLACK, 0.35))
    sheet.text(
        (0.3, 0.01, 0.76, 0.06),
        pick(rng, "DVD", "DISC", "BLU-RAY DISC"),
        "sans",
        (240, 240, 240),
        weight="bold",
        most=0.06,
    )
    family = pick(rng, *FACES)
    if rows:
        sheet.rows((0.12, 0.1, 0.94, 0.8), rows, Type(family, ink, mix(ink, ground, 0.3), align="left"), most=0.095)
        sheet.block((0.6, 0.84, 0.94, 0.96), WHITE)
        for k in range(30):
            x = 0.62 + 0.3 * k / 30
            sheet.block((x, 0.85, x + float(rng.choice((0.004, 0.008))), 0.95), BLACK)
    else:
        sheet.text((0.12, 0.2, 0.94, 0.62), text.name, family, ink, weight="bold", most=0.18)
        sheet.rule(0.68, 0.3, 0.76, mix(ink, ground, 0.4), 0.01)
        sheet.text(
            (0.12, 0.84, 0.94, 0.92),
            pick(rng, "Original version", "Subtitles", "Restored", "Two discs"),
            family,
            mix(ink, ground, 0.25),
            most=0.06,
        )
    return sheet.finish()


def listing(text: Text, rows: tuple[Row, ...], rng: np.random.Generator, pixels: int) -> Image.Image:
    """Draw a page of a program guide with one entry set out."""
    dark = rng.random() < 0.5
    ground, ink = ((26, 30, 40), (238, 240, 244)) if dark else ((250, 249, 244), INK)
    tone = pick(rng, (60, 110, 180), (170, 60, 60), (60, 130, 100))
    sheet = Sheet(pixels, pick(rng, 1.0, 1.2), ground, corner=0.015)
    sheet.block((0, 0, 1, 0.12), tone)
    day = pick(rng, "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
    sheet.text(
        (0.05, 0.015, 0.95, 0.105),
        day if not rows else pick(rng, *RIDDLES[text.kind]),
        "sans",
        WHITE,
        weight="bold",
        most=0.07,
        align="left",
    )
    hour = int(rng.integers(14, 20))
    top, bottom = (0.2, 0.9) if rows else (0.34, 0.66)
    slots = (
        [(0.14, 0.2), (0.91, 0.97)] if rows else [(0.14, 0.2), (0.23, 0.29), (0.71, 0.77), (0.8, 0.86), (0.89, 0.95)]
    )
    for k, (y, end) in enumerate(slots):
        sheet.text(
            (0.05, y, 0.2, end),
            f"{(hour + k + (y > top)) % 24}:{pick(rng, '00', '15', '30')}",
            "sans",
            mix(ink, ground, 0.3),
            most=0.045,
            align="left",
        )
        sheet.block((0.24, y + 0.02, float(rng.uniform(0.45, 0.9)), y + 0.045), mix(ink, ground, 0.6))
    sheet.block((0.03, top + 0.01, 0.97, bottom), mix(ground, tone, 0.25), 0.015)
    if rows:
        sheet.rows(
            (0.06, top + 0.03, 0.94, bottom - 0.02),
            rows,
            Type("sans", ink, mix(ink, ground, 0.25), align="left"),
            most=0.07,
        )
    else:
        sheet.text(
            (0.06, top + 0.03, 0.94, bottom - 0.02), text.name, "sans", ink, weight="bold", most=0.12, align="left"
        )
    return sheet.finish()
