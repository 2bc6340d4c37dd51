"""A list of shapes in any units, scaled so that the solid ones fill a square picture with transparent ground."""

from collections.abc import Callable

import numpy as np
from PIL import Image, ImageDraw

from lethebench.generation.drawing.color import Color
from lethebench.generation.drawing.curves import Points

OVERSAMPLE = 2
_TURN = np.linspace(0, 2 * np.pi, 40, endpoint=False)
_CIRCLE = np.column_stack((np.cos(_TURN), np.sin(_TURN)))
_INVERTED = [255] + [0] * 255


class Pen:
    """Collects shapes (x right, y down, any units); `picture` fits them into a square.

    Solid shapes make up the subject. Translucent shapes tint the subject and are cut off at its edge.

    Args:
        project: maps points in space (n, 3) to the picture (n, 2); required for shapes that are given in space.
    """

    def __init__(self, project: Callable[[np.ndarray], np.ndarray] | None = None):
        self._project = project
        self._shapes: list[tuple[np.ndarray, tuple[int, ...], float | None, bool]] = []

    def area(self, points: Points, color: Color, alpha: float = 1.0) -> None:
        """Fill a polygon, points (n, 2) or (n, 3); `alpha` below 1 tints the subject."""
        self._shapes.append((np.asarray(points, float), (*color, round(255 * alpha)), None, alpha >= 1))

    def line(self, points: Points, width: float, color: Color, alpha: float = 1.0) -> None:
        """Draw a line through the points with round joints, `width` in the units of the points."""
        self._shapes.append((np.asarray(points, float), (*color, round(255 * alpha)), width, alpha >= 1))

    def disc(self, x: float, y: float, rx: float, ry: float, color: Color, alpha: float = 1.0) -> None:
        """Fill an ellipse."""
        self.area(_CIRCLE * (rx, ry) + (x, y), color, alpha)

    def block(self, left: float, top: float, right: float, bottom: float, color: Color, alpha: float = 1.0) -> None:
        """Fill a rectangle."""
        self.area(((left, top), (right, top), (right, bottom), (left, bottom)), color, alpha)

    def _placed(self) -> tuple[np.ndarray, np.ndarray]:
        """Return all points of all shapes on the picture, (n, 2), and the end of each shape's points, (shapes,)."""
        points = [shape[0] for shape in self._shapes]
        ends = np.cumsum([len(p) for p in points])
        flat = np.zeros((ends[-1], 3))
        for width in (2, 3):
            chosen = [p for p in points if p.shape[1] == width]
            if chosen:
                rows = np.repeat([p.shape[1] == width for p in points], [len(p) for p in points])
                flat[rows, :width] = np.concatenate(chosen)
                if width == 3 and self._project is not None:
                    flat[rows, :2] = self._project(flat[rows])
        return flat[:, :2], ends

    def picture(self, pixels: int) -> Image.Image:
        """Draw the shapes on transparent ground, on the middle of the lower edge, as large as the picture allows.

        Args:
            pixels: width and height of the picture.

        Returns:
            An RGBA image of `pixels` x `pixels`.
        """
        flat, ends = self._placed()
        starts = np.concatenate(((0,), ends[:-1]))
        solid = np.array([shape[3] for shape in self._shapes])
        half = np.array([(shape[2] or 0) / 2 for shape in self._shapes])[:, None]
        least = (np.minimum.reduceat(flat, starts) - half)[solid].min(axis=0)
        most = (np.maximum.reduceat(flat, starts) + half)[solid].max(axis=0)
        unit = pixels / (most - least).max()
        corner = ((most + least - pixels / unit) / 2)[0], most[1] - pixels / unit
        return self._painted(flat, ends, corner, unit, (pixels, pixels))

    def page(self, size: tuple[int, int], width: float) -> Image.Image:
        """Draw the part between the origin and `width` to its right, as far down as the picture reaches.

        Args:
            size: (width, height) in pixels.
            width: of the part, in units.

        Returns:
            An RGBA image of that size.
        """
        return self._painted(*self._placed(), (0.0, 0.0), size[0] / width, size)

    def _painted(
        self, flat: np.ndarray, ends: np.ndarray, corner: tuple[float, float], unit: float, size: tuple[int, int]
    ) -> Image.Image:
        """Draw the shapes with the projected points `flat`; `corner` is the upper left one, `unit` in pixels."""
        unit *= OVERSAMPLE
        size = (size[0] * OVERSAMPLE, size[1] * OVERSAMPLE)
        starts = np.concatenate(((0,), ends[:-1]))
        pixels = ((flat - np.array(corner)) * unit).ravel().tolist()
        image, cover = Image.new("RGB", size), Image.new("L", size)
        # Opaque drawing is much faster than blending.
        flatly, blended, mask = ImageDraw.Draw(image), ImageDraw.Draw(image, "RGBA"), ImageDraw.Draw(cover)
        for (_, color, width, fills), start, end in zip(self._shapes, starts, ends, strict=True):
            xy = pixels[2 * start : 2 * end]
            paint, color = (flatly, color[:3]) if fills else (blended, color)
            if width is None:
                paint.polygon(xy, fill=color)
                if fills:
                    mask.polygon(xy, fill=255)
            else:
                thick = max(1, round(width * unit))
                joint = "curve" if len(xy) > 4 and thick > 3 else None
                paint.line(xy, fill=color, width=thick, joint=joint)
                if fills:
                    mask.line(xy, fill=255, width=thick, joint=joint)
        # Clear translucent shapes outside the subject, which makes the colors premultiplied.
        if not all(shape[3] for shape in self._shapes):
            image.paste((0, 0, 0), mask=cover.point(_INVERTED))
        return Image.merge("RGBa", (*image.split(), cover)).reduce(OVERSAMPLE).convert("RGBA")
