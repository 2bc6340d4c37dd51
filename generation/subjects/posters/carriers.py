"""Carriers of posters: paper, a frame, a screen, a magazine page or a light box."""

from collections.abc import Callable
from functools import partial

import numpy as np
from PIL import Image

from lethebench.generation.drawing.board import pick
from lethebench.generation.drawing.color import BLACK, WHITE, Color, mix
from lethebench.generation.drawing.pen import Pen
from lethebench.generation.subjects.class_drawing import ClassDrawing
from lethebench.generation.subjects.posters.parts import HIGH, Part
from lethebench.generation.subjects.posters.settings import SETTINGS


def art(parts: tuple[Part, ...], rng: np.random.Generator, pixels: int) -> Image.Image:
    """Draw a poster without its carrier, RGB, `pixels` high and two thirds as wide."""
    pen = Pen()
    for part in parts:
        part(pen, rng)
    return pen.page((round(pixels / HIGH), pixels), 1.0).convert("RGB")


def _aged(picture: Image.Image, rng: np.random.Generator) -> Image.Image:
    """Return the print in other inks: lighter, darker, yellowed or bleached."""
    fade, warm = float(rng.uniform(0, 0.22)), float(rng.uniform(-0.05, 0.05))
    tables = []
    for gain in (1 + warm, 1.0, 1 - warm):
        tables += [min(255, round(((1 - fade) * v + fade * 236) * gain)) for v in range(256)]
    return picture.point(tables)


def _on(paper: Color, pixels: int, wide: float) -> Image.Image:
    return Image.new("RGBA", (round(pixels * wide), pixels), (*paper, 255))


def _sheet(picture: Callable[[int], Image.Image], rng: np.random.Generator, pixels: int) -> Image.Image:
    """Return a bare sheet with a white edge."""
    edge = round(pixels * rng.uniform(0.01, 0.03))
    inside = picture(pixels - 2 * edge)
    sheet = _on(pick(rng, (250, 250, 246), (244, 240, 228)), pixels, (inside.width + 2 * edge) / pixels)
    sheet.paste(inside, (edge, edge))
    return sheet


def _framed(picture: Callable[[int], Image.Image], rng: np.random.Generator, pixels: int) -> Image.Image:
    """Return the poster behind glass in a frame of wood or metal."""
    color = pick(rng, (40, 38, 40), (132, 92, 58), (176, 178, 184), (196, 160, 90))
    edge = round(pixels * rng.uniform(0.03, 0.045))
    inside = picture(pixels - 2 * edge)
    sheet = _on(color, pixels, (inside.width + 2 * edge) / pixels)
    thin = max(1, edge // 4)
    sheet.paste(mix(color, WHITE, 0.35), (thin, thin, sheet.width - thin, pixels - thin))
    sheet.paste(mix(color, BLACK, 0.25), (edge - thin, edge - thin, sheet.width - edge + thin, pixels - edge + thin))
    sheet.paste(inside, (edge, edge))
    return _glared(sheet, rng, 0.16)


def _tablet(picture: Callable[[int], Image.Image], rng: np.random.Generator, pixels: int) -> Image.Image:
    """Return the poster on the screen of a tablet, brighter than paper."""
    edge = round(pixels * rng.uniform(0.04, 0.055))
    inside = picture(pixels - 2 * edge).point([min(255, round(1.06 * v)) for v in range(256)] * 3)
    sheet = Image.new("RGBA", (inside.width + 2 * edge, pixels))
    pen = Pen()
    wide, r = sheet.width / pixels, 0.035
    t = np.linspace(0, np.pi / 2, 7)
    corner = r * np.column_stack((np.cos(t), np.sin(t)))
    rim = [
        corner * (sx, sy) + (x, y)
        for sx, sy, x, y in ((1, 1, wide - r, 1 - r), (-1, 1, r, 1 - r), (-1, -1, r, r), (1, -1, wide - r, r))
    ]
    pen.area(
        np.vstack([rim[0], rim[1][::-1], rim[2], rim[3][::-1]]), pick(rng, (28, 30, 34), (206, 208, 212), (60, 62, 70))
    )
    sheet.paste(pen.page(sheet.size, wide))
    sheet.paste(inside, (edge, edge))
    return _glared(sheet, rng, 0.12)


def _folded(picture: Callable[[int], Image.Image], rng: np.random.Generator, pixels: int) -> Image.Image:
    """Return a flyer that was folded twice across and once along."""
    sheet = _sheet(picture, rng, pixels)
    across, along = np.linspace(0, 1, pixels), np.linspace(0, 1, sheet.width)
    shade = np.zeros((pixels, sheet.width), np.float32)
    for k, fold in enumerate((1 / 3, 2 / 3)):
        side = (across - fold) * (-1) ** k
        shade += (0.16 * np.sign(side) * np.exp(-np.abs(side) / 0.05))[:, None]
    shade += (0.12 * np.sign(along - 0.5) * np.exp(-np.abs(along - 0.5) / 0.05))[None, :]
    colors = np.asarray(sheet)[..., :3] * (1 + shade[..., None])
    return Image.fromarray(np.clip(colors, 0, 255).astype(np.uint8)).convert("RGBA")


def _page(picture: Callable[[int], Image.Image], rng: np.random.Generator, pixels: int) -> Image.Image:
    """Return a page of a magazine: the poster, and lines of text below."""
    foot = 0.09
    inside = picture(round(pixels * (1 - foot)) - 4)
    paper = pick(rng, (250, 248, 244), (240, 238, 232))
    sheet = _on(paper, pixels, (inside.width + 8) / pixels)
    sheet.paste(inside, (4, 4))
    for k in range(3):
        y = round(pixels * (1 - foot + 0.018 + 0.024 * k))
        for left in (0.06, 0.54):
            end = left + float(rng.uniform(0.25, 0.4))
            sheet.paste(
                (120, 120, 124), (round(left * sheet.width), y, round(end * sheet.width), y + max(1, pixels // 110))
            )
    return sheet


def _lightbox(picture: Callable[[int], Image.Image], rng: np.random.Generator, pixels: int) -> Image.Image:
    """Return the poster in a lit case, brighter in its middle."""
    edge = round(pixels * 0.035)
    inside = picture(pixels - 2 * edge)
    y, x = (np.linspace(-1, 1, n, dtype=np.float32) for n in (inside.height, inside.width))
    glow = 1.12 - 0.2 * (0.5 * y[:, None] ** 2 + 0.5 * x**2)
    lit = Image.fromarray(np.clip(np.asarray(inside) * glow[..., None] + 6, 0, 255).astype(np.uint8))
    sheet = _on(pick(rng, (190, 194, 200), (64, 68, 76), (150, 40, 44)), pixels, (inside.width + 2 * edge) / pixels)
    sheet.paste((250, 248, 236), (edge - 2, edge - 2, sheet.width - edge + 2, pixels - edge + 2))
    sheet.paste(lit, (edge, edge))
    return sheet


def _glared(sheet: Image.Image, rng: np.random.Generator, most: float) -> Image.Image:
    """Add a slanting reflection."""
    left, wide = float(rng.uniform(-0.2, 0.9)), float(rng.uniform(0.1, 0.4))
    w, h = sheet.size
    pen = Pen()
    pen.block(0, 0, w, h, BLACK)
    pen.area(((left * w, 0), ((left + wide) * w, 0), ((left + wide - 0.5) * w, h), ((left - 0.5) * w, h)), WHITE)
    glare = pen.page(sheet.size, w).convert("L")
    cover = sheet.getchannel("A")
    sheet.paste((255, 255, 255), mask=glare.point([round(v * most * rng.uniform(0.4, 1)) for v in range(256)]))
    sheet.putalpha(cover)
    return sheet


CARRIERS = (_sheet, _framed, _tablet, _folded, _page, _lightbox)


def sprite(posters: dict[str, tuple[Part, ...]], key: str, rng: np.random.Generator, pixels: int) -> Image.Image:
    """Draw a title's poster on a carrier.

    Args:
        posters: title -> the parts of its poster.
        key: one of the titles.
        rng: draws the carrier and the variation between prints.
        pixels: side of the picture.

    Returns:
        An RGBA picture, transparent beside the poster.
    """

    def picture(high: int) -> Image.Image:
        return _aged(art(posters[key], rng, high), rng)

    carried = pick(rng, *CARRIERS)(picture, rng, pixels)
    square = Image.new("RGBA", (pixels, pixels))
    square.paste(carried, ((pixels - carried.width) // 2, 0))
    return square


def poster_class(posters: dict[str, tuple[Part, ...]]) -> ClassDrawing:
    """Return the drawing of a class whose entities are titles: title -> the parts of its poster."""
    return ClassDrawing(
        keys=tuple(posters),
        sprite=partial(sprite, posters),
        settings=SETTINGS,
        stance="wall",
        span=(0.7, 0.84),
        foot=(0.44, 0.48),
        tilt=4.0,
        turn=0.24,
        occluded=0.2,
    )
