"""Light on a finished picture: brightness, contrast, a color cast and a darker side."""

from dataclasses import dataclass

import numpy as np
from PIL import Image


@dataclass(frozen=True)
class Light:
    """Where light comes from and what it does to colors.

    Attributes:
        side: -1 from the left, 1 from the right.
        strength: 0..1, how much darker the far side is.
        warmth: -1 (blue shade) to 1 (evening sun).
        tint: -1 (toward magenta) to 1 (toward green).
        gamma: above 1 deepens shadows, below 1 fills them.
        gain: how bright white is.
    """

    side: int
    strength: float
    warmth: float
    tint: float
    gamma: float
    gain: float


def lit(picture: Image.Image, light: Light) -> Image.Image:
    """Return the picture in this light."""
    pixels = np.asarray(picture)
    curve = 255 * light.gain * (np.arange(256) / 255) ** light.gamma
    gains = (1 + 0.15 * light.warmth * np.array((1.0, 0.1, -1.2))) * (
        1 + 0.07 * light.tint * np.array((-0.5, 1.0, -0.5))
    )
    fall = falloff(picture.size, light.side, light.strength)
    table = (curve[:, None] * gains).astype(np.float32)
    shaded = np.empty_like(pixels)
    for c in range(3):
        shaded[..., c] = np.minimum(table[:, c][pixels[..., c]] * fall + 0.5, 255)
    return Image.fromarray(shaded)


def falloff(size: tuple[int, int], side: int, strength: float) -> np.ndarray:
    """Return the factor of brightness at each pixel, (height, width), for light from the upper left or right."""
    width, height = size
    across, down = np.linspace(-side, side, width), np.linspace(0.6, -0.6, height)
    return (1 + 0.14 * strength * (across + down[:, None])).astype(np.float32)
