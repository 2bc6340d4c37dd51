"""RGB colors and how to mix them."""

Color = tuple[int, int, int]
"""Red, green and blue, 0 to 255."""


def mix(a: Color, b: Color, share: float) -> Color:
    """`a` with a share of `b`."""
    return tuple(round(x + (y - x) * share) for x, y in zip(a, b, strict=True))
