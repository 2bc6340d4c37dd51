"""A canvas with a transparent ground: parts of a subject with rounded shading, trimmed to the subject at the end."""

import numpy as np
from PIL import Image, ImageChops, ImageDraw, ImageFilter

from lethebench.generation.portraits.canvas import Canvas, smooth
from lethebench.generation.portraits.identity import Color, mix

SHADE: Color = (34, 30, 62)
LIGHT: Color = (255, 250, 226)


def tube(points, radii, *, steps: int = 6) -> np.ndarray:
    """The outline of a limb: a smooth line through the points, as wide on either side as the radii say. Shape (n, 2)."""
    centre = smooth(points, steps=steps)
    radius = np.maximum(smooth(np.column_stack((radii, radii)), steps=steps)[:, :1], 1e-3)
    along = np.gradient(centre, axis=0)
    along /= np.maximum(np.linalg.norm(along, axis=1), 1e-9)[:, None]
    across = np.column_stack((-along[:, 1], along[:, 0]))
    start, end = (_cap(centre[k], radius[k, 0], sign * along[k]) for k, sign in ((0, -1), (-1, 1)))
    return np.vstack((centre + across * radius, end, (centre - across * radius)[::-1], start))


def _cap(centre: np.ndarray, radius: float, outward: np.ndarray) -> np.ndarray:
    """The half circle that closes a limb, from one side to the other."""
    turn = np.linspace(np.pi / 2, -np.pi / 2, 9)[1:-1] + np.arctan2(outward[1], outward[0])
    return centre + radius * np.column_stack((np.cos(turn), np.sin(turn)))


def oval(x: float, y: float, rx: float, ry: float, angle: float = 0.0, count: int = 36) -> np.ndarray:
    """An ellipse turned by `angle` radians. Shape (count, 2)."""
    t = np.linspace(0, 2 * np.pi, count, endpoint=False)
    return turned(np.column_stack((rx * np.cos(t), ry * np.sin(t))), angle) + (x, y)


def turned(points, angle: float, about=(0.0, 0.0)) -> np.ndarray:
    """The points turned by `angle` radians, clockwise as seen, about a point."""
    c, s = np.cos(angle), np.sin(angle)
    return (np.asarray(points, float) - about) @ np.array(((c, s), (-s, c))) + about


def placed(points, x: float, y: float, angle: float = 0.0, scale: float = 1.0) -> np.ndarray:
    """The points scaled and turned about the origin, then moved to (x, y)."""
    return turned(np.asarray(points, float) * scale, angle) + (x, y)


class Ink(Canvas):
    """Draws in units of the subject's own (x right, y down). What is drawn opaque is the subject; the rest is clear.

    Soft or see-through shapes and those with a clip only colour what is already there, so they never spill.

    Args:
        pixels: side of the finished square.
        reach: (left, top, right, bottom), in units, that nothing opaque may leave.
        mirror: draw left for right. Light stays where it is.
    """

    oversample = 2

    def __init__(self, pixels: int, reach: tuple[float, float, float, float], *, mirror: bool = False):
        left, top, right, bottom = reach
        unit = pixels / max(right - left, bottom - top)
        if mirror:
            left, right = -right, -left
            self.place = lambda points: points * (-1.0, 1.0)
        size = (max(1, round((right - left) * unit)), max(1, round((bottom - top) * unit)))
        super().__init__(size, (-left * unit, -top * unit), unit, (128, 128, 128))
        self.pixels = pixels
        self.cover = Image.new("L", self.image.size)

    def shape(self, points, color, *, alpha=1.0, blur=0.0, clip=None) -> None:
        """A flat shape; see `Canvas.shape`."""
        if alpha >= 1 and not blur and clip is None:
            ImageDraw.Draw(self.cover).polygon(self.at(points), fill=255)
            super().shape(points, color)
        else:
            super().shape(points, color, alpha=alpha, blur=blur, clip=self.cover if clip is None else clip)

    def stroke(self, points, width, color, *, alpha=1.0, blur=0.0, clip=None) -> None:
        """A line; opaque and sharp it belongs to the subject."""
        if alpha >= 1 and not blur and clip is None:
            self.shape(tube(points, np.full(len(points), width / 2), steps=4), color)
        else:
            super().stroke(points, width, color, alpha=alpha, blur=blur, clip=self.cover if clip is None else clip)

    def form(self, points, color: Color, *, depth: float = 0.4, gloss: float = 0.22, round_: float = 0.16) -> None:
        """A rounded opaque part, lit from the upper left.

        Args:
            points: its outline.
            color: its colour in full light.
            depth: how dark its far side is, 0..1.
            gloss: how light its near side is, 0..1.
            round_: how far the shading reaches in, in units.
        """
        self.shape(points, color)
        self.shaded(points, color, depth=depth, gloss=gloss, round_=round_)

    def shaded(self, points, color: Color, *, depth=0.4, gloss=0.22, round_=0.16, clip=None) -> None:
        """The shading of `form` alone, on what is already there; `clip` is an L mask the size of the canvas."""
        flat = self.at(points)
        part = max(2, round(round_ * self.unit / 4))
        left, top = max(0, int(min(flat[0::2]))), max(0, int(min(flat[1::2])))
        right, bottom = (min(side, int(max(flat[k::2])) + 1) for k, side in zip((0, 1), self.image.size, strict=True))
        if right <= left or bottom <= top:
            return
        moved = [v - (left, top)[i % 2] for i, v in enumerate(flat)]
        size, pad = (right - left, bottom - top), 6
        small = Image.new("L", (size[0] // part + 2 + 2 * pad, size[1] // part + 2 + 2 * pad))
        ImageDraw.Draw(small).polygon([v / part + pad for v in moved], fill=255)
        soft = small.filter(ImageFilter.GaussianBlur(2.2))
        full = Image.new("L", size)
        ImageDraw.Draw(full).polygon(moved, fill=255)
        if clip is not None:
            full = ImageChops.multiply(full, clip.crop((left, top, right, bottom)))
        for tone, share, dx, dy in ((SHADE, depth, -2, -3), (LIGHT, gloss, 2, 2)):
            if share:
                away = ImageChops.invert(ImageChops.offset(soft, dx, dy)).point([int(v * share) for v in range(256)])
                spread = away.resize((away.width * part, away.height * part), Image.Resampling.BILINEAR)
                spread = spread.crop((pad * part, pad * part, pad * part + size[0], pad * part + size[1]))
                self.image.paste(mix(color, tone, 0.8), (left, top), ImageChops.multiply(spread, full))

    def finish(self) -> Image.Image:
        """The subject, as large as the square allows, standing on the lower edge, in the middle."""
        picture = self.image.convert("RGB")
        picture.putalpha(self.cover)
        return fitted(picture, self.pixels)


def fitted(picture: Image.Image, pixels: int) -> Image.Image:
    """An RGBA picture cut to what is not clear and scaled to touch two opposite sides of a square.

    Raises:
        ValueError: nothing is there.
    """
    box = picture.getchannel("A").getbbox()
    if box is None:
        raise ValueError("the picture is clear all over; expected a subject")
    wide, high = box[2] - box[0], box[3] - box[1]
    scale = pixels / max(wide, high)
    size = max(1, round(wide * scale)), max(1, round(high * scale))
    square = Image.new("RGBA", (pixels, pixels))
    cut = picture.resize(size, Image.Resampling.BILINEAR, box=box)
    square.paste(cut, ((pixels - size[0]) // 2, pixels - size[1]))
    return square
