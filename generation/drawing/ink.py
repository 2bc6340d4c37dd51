"""A canvas with a transparent ground: parts of a subject with rounded shading, cropped to the subject at the end."""

import numpy as np
from PIL import Image, ImageChops, ImageDraw, ImageFilter

from lethebench.generation.drawing.canvas import Canvas
from lethebench.generation.drawing.color import Color, mix
from lethebench.generation.drawing.curves import Points, tube

SHADE: Color = (34, 30, 62)

LIGHT: Color = (255, 250, 226)
OFF_WHITE: Color = (252, 250, 244)

SMALL = 0.065  # shading that reaches in less than this shows no gloss
Outlines = np.ndarray | list[np.ndarray]
"""One outline (n, 2), or several."""


class Ink(Canvas):
    """A canvas in the subject's own units (x right, y down). Opaque shapes are the subject; the rest stays transparent.

    Soft or translucent shapes and patches only color the subject, so they never spill over its edge.

    Args:
        pixels: side of the finished square.
        reach: (left, top, right, bottom), in units, that contains everything opaque.
        mirror: swap left and right. The light keeps its side.
    """

    oversample = 2

    def __init__(self, pixels: int, reach: tuple[float, float, float, float], *, mirror: bool = False):
        left, top, right, bottom = reach
        unit = pixels / max(right - left, bottom - top)
        if mirror:
            left, right = -right, -left
            self.warp = lambda points: points * (-1.0, 1.0)
        size = (max(1, round((right - left) * unit)), max(1, round((bottom - top) * unit)))
        super().__init__(size, (-left * unit, -top * unit), unit, (128, 128, 128))
        self.pixels = pixels
        self.cover = Image.new("L", self.image.size)
        self.pens = ImageDraw.Draw(self.image), ImageDraw.Draw(self.cover)

    def shape(
        self, points: Points, color: Color, *, alpha: float = 1.0, blur: float = 0.0, clip: Image.Image | None = None
    ) -> None:
        """Fill a polygon; see `Canvas.shape`."""
        if alpha >= 1 and not blur and clip is None:
            flat = self.at(points)
            self.pens[0].polygon(flat, fill=color)
            self.pens[1].polygon(flat, fill=255)
        else:
            super().shape(points, color, alpha=alpha, blur=blur, clip=clip)

    def stroke(
        self,
        points: Points,
        width: float,
        color: Color,
        *,
        alpha: float = 1.0,
        blur: float = 0.0,
        clip: Image.Image | None = None,
    ) -> None:
        """Draw a line; an opaque, sharp one belongs to the subject."""
        if alpha >= 1 and not blur and clip is None:
            self.shape(tube(points, np.full(len(points), width / 2), steps=4), color)
        else:
            super().stroke(points, width, color, alpha=alpha, blur=blur, clip=clip)

    def form(
        self, outlines: Outlines, color: Color, *, depth: float = 0.4, gloss: float = 0.22, reach: float = 0.16
    ) -> None:
        """Fill a rounded opaque part, lit from the upper left.

        Args:
            outlines: its outline, or a list of outlines whose union it is.
            color: its color in full light.
            depth: how dark its far side is, 0..1.
            gloss: how light its near side is, 0..1.
            reach: how far the shading goes in, in units.
        """
        for points in _parts(outlines):
            self.shape(points, color)
        self.shaded(outlines, color, depth=depth, gloss=gloss, reach=reach)

    def patch(self, points: Points, color: Color, blur: float = 0.0) -> None:
        """Mark the subject, for example with a spot in a coat."""
        if blur:
            self.shape(points, color, blur=blur)
        else:
            self.pens[0].polygon(self.at(points), fill=color)

    def shaded(
        self, outlines: Outlines, color: Color, *, depth: float = 0.4, gloss: float = 0.22, reach: float = 0.16
    ) -> None:
        """Shade the subject as `form` does, without filling it."""
        parts = [np.asarray(self.at(points)).reshape(-1, 2) for points in _parts(outlines)]
        low = np.floor(np.min([p.min(axis=0) for p in parts], axis=0)).astype(int).clip(0)
        high = np.minimum(np.ceil(np.max([p.max(axis=0) for p in parts], axis=0)).astype(int) + 1, self.image.size)
        wide, tall = (int(v) for v in high - low)
        if wide <= 0 or tall <= 0:
            return
        # Drawn small and enlarged, which is soft and fast; the margin lets the shading fall off.
        by, room = max(2, round(reach * self.unit / 4)), 6
        small = Image.new("L", (wide // by + 2 + 2 * room, tall // by + 2 + 2 * room))
        for points in parts:
            ImageDraw.Draw(small).polygon(((points - low) / by + room).ravel().tolist(), fill=255)
        soft = ImageChops.invert(small.filter(ImageFilter.GaussianBlur(2.2)))
        inside = (room, room, room + wide / by, room + tall / by)
        for tone, share, dx, dy in ((SHADE, depth, -2, -3), (LIGHT, gloss, 2, 2))[: 1 if reach < SMALL else 2]:
            full = Image.new("L", (wide, tall))
            for points in parts:
                ImageDraw.Draw(full).polygon((points - low).ravel().tolist(), fill=round(255 * share))
            away = ImageChops.offset(soft, dx, dy).resize((wide, tall), Image.Resampling.BILINEAR, box=inside)
            self.image.paste(mix(color, tone, 0.8), tuple(low.tolist()), ImageChops.multiply(away, full))

    def finish(self) -> Image.Image:
        """Return the subject, as large as the square allows, standing on the middle of the lower edge."""
        box = self.cover.getbbox()
        picture = self.image.crop(box)
        picture.putalpha(self.cover.crop(box))
        return fitted(picture, self.pixels)


def fitted(picture: Image.Image, pixels: int) -> Image.Image:
    """Crop an RGBA picture to its opaque part and scale that to touch two opposite sides of a square.

    Raises:
        ValueError: the picture is fully transparent.
    """
    box = picture.getchannel("A").getbbox()
    if box is None:
        raise ValueError("the picture is fully transparent; expected an opaque subject")
    wide, high = box[2] - box[0], box[3] - box[1]
    scale = pixels / max(wide, high)
    size = max(1, round(wide * scale)), max(1, round(high * scale))
    square = Image.new("RGBA", (pixels, pixels))
    cut = picture.resize(size, Image.Resampling.BILINEAR, box=box)
    square.paste(cut, ((pixels - size[0]) // 2, pixels - size[1]))
    return square


def _parts(outlines: Outlines) -> list[np.ndarray]:
    """Return a list of outlines, also for a single one."""
    return outlines if isinstance(outlines, list) else [outlines]
