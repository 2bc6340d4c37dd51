"""Bar and QR codes, which carry the document number only, never a fact."""

import segno
from PIL import Image

from lethebench.generation.drawing.color import Color

_INK = (16, 16, 18)
# Widths of bars and spaces of the 107 symbols of Code 128 (ISO/IEC 15417); start B = 104, stop = 106.
_PATTERNS = (
    "212222 222122 222221 121223 121322 131222 122213 122312 132212 221213 221312 231212 112232 122132 122231 113222 "
    "123122 123221 223211 221132 221231 213212 223112 312131 311222 321122 321221 312212 322112 322211 212123 212321 "
    "232121 111323 131123 131321 112313 132113 132311 211313 231113 231311 112133 112331 132131 113123 113321 133121 "
    "313121 211331 231131 213113 213311 213131 311123 311321 331121 312113 312311 332111 314111 221411 431111 111224 "
    "111422 121124 121421 141122 141221 112214 112412 122114 122411 142112 142211 241211 221114 413111 241112 134111 "
    "111242 121142 121241 114212 124112 124211 411212 421112 421211 212141 214121 412121 111143 111341 131141 114113 "
    "114311 411113 411311 113141 114131 311141 411131 211412 211214 211232 2331112"
)


def code128(text: str) -> list[int]:
    """Return the widths of bars and spaces of Code 128 B, in modules, starting with a bar.

    Raises:
        ValueError: for a character outside ASCII 32 to 126.
    """
    if any(not 32 <= ord(c) <= 126 for c in text):
        raise ValueError(f"{text!r}: Code 128 B takes printable ASCII only")
    patterns = _PATTERNS.split()
    symbols = [104, *(ord(c) - 32 for c in text)]
    check = (104 + sum(i * s for i, s in enumerate(symbols))) % 103
    return [int(w) for s in (*symbols, check, 106) for w in patterns[s]]


def barcode(text: str, height: int, module: int, ink: Color = _INK) -> Image.Image:
    """Return a Code 128 barcode as an RGBA image, `module` pixels per narrow bar."""
    widths = code128(text)
    picture = Image.new("RGBA", (sum(widths) * module, height))
    x = 0
    for index, width in enumerate(widths):
        if index % 2 == 0:
            picture.paste((*ink, 255), (x, 0, x + width * module, height))
        x += width * module
    return picture


def qr(text: str, module: int, ink: Color = _INK) -> Image.Image:
    """Return a QR code without quiet zone as an RGBA image, `module` pixels per dot."""
    rows = [bytes(row) for row in segno.make(text, error="m", micro=False, boost_error=False).matrix]
    dots = Image.frombytes("L", (len(rows[0]), len(rows)), b"".join(rows)).point([0, 255] + [255] * 254)
    picture = Image.new("RGBA", dots.size, (*ink, 0))
    picture.putalpha(dots)
    return picture.resize((dots.width * module, dots.height * module), Image.Resampling.NEAREST)
