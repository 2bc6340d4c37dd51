"""Expose a finished picture as a camera does: brightness and contrast without a change of hue, and white balance."""

from dataclasses import dataclass

import numpy as np
from PIL import Image

from lethebench.generation.drawing.light import falloff

MOST_MIRED, MOST_TINT = 30.0, 0.03
"""How far the white balance of pictures may be off: between daylight of 5,440 and 8,080 K, and 3 % in green."""
_RED, _BLUE = 0.0016, -0.0027
"""Gain of sRGB values above -_TOE per mired of warmer light, along the CIE daylight locus around D65."""
_TOE = 255 * 0.055
"""sRGB values plus this are a power of linear light, so that a factor keeps chromaticity."""


@dataclass(frozen=True)
class Exposure:
    """Light and camera settings of a picture.

    Attributes:
        side: -1 if light comes from the left, 1 from the right.
        strength: 0..1, how much darker the far side is.
        mired: error of the white balance, -MOST_MIRED (too blue) to MOST_MIRED (too warm).
        tint: -MOST_TINT (toward magenta) to MOST_TINT (toward green).
        gamma: above 1 deepens shadows, below 1 fills them.
        gain: how bright white is.
    """

    side: int
    strength: float
    mired: float
    tint: float
    gamma: float
    gain: float


def exposed(picture: Image.Image, exposure: Exposure) -> Image.Image:
    """Return the picture in this exposure.

    Brightness scales the three channels of a pixel by one factor, up to its largest channel being white, so that hue
    and saturation change by the white balance alone.
    """
    channels = [np.asarray(channel) for channel in picture.split()]
    brightest = np.maximum.reduce(channels)
    curve = (255 * exposure.gain * (np.arange(256) / 255) ** exposure.gamma).astype(np.float32)
    bright = np.minimum(curve[brightest] * falloff(picture.size, exposure.side, exposure.strength), 255)
    scale = (bright + np.float32(_TOE)) / (brightest + np.float32(_TOE))
    gains = np.array((1 + _RED * exposure.mired, 1 + exposure.tint, 1 + _BLUE * exposure.mired))
    gains = (gains / gains.max()).astype(np.float32)
    result = []
    for channel, gain in zip(channels, gains, strict=True):
        scaled = (channel + np.float32(_TOE)) * (scale * gain) - np.float32(_TOE - 0.5)
        result.append(Image.fromarray(np.maximum(scaled, 0).astype(np.uint8)))
    return Image.merge("RGB", result)
