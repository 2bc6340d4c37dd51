"""RGB colors and how to mix them."""

Color = tuple[int, int, int]
"""Red, green and blue, 0 to 255."""
WHITE: Color = (255, 255, 255)
BLACK: Color = (0, 0, 0)


def mix(a: Color, b: Color, share: float) -> Color:
    """Return `a` with a share of `b`, 0 to 1."""
    red, green, blue = (round(x + (y - x) * share) for x, y in zip(a, b, strict=True))
    return red, green, blue


def toned(color: Color, factor: float) -> Color:
    """Return the color brightened or darkened by a factor, clipped to 0..255."""
    red, green, blue = (min(255, max(0, int(channel * factor))) for channel in color)
    return red, green, blue
