"""Read texts off pictures with RapidOCR, which nobody here wrote: accents folded, one character in ten may be wrong."""

import io
import unicodedata
from functools import cache

import numpy as np
from PIL import Image

LEAST = 5
"""Letters and digits from which a text is long enough not to occur by chance."""


@cache
def engine():
    from rapidocr_onnxruntime import RapidOCR

    return RapidOCR(intra_op_num_threads=2)


def read(content: bytes, scale: float = 1.0) -> list[str]:
    """Return the lines on an encoded picture, folded."""
    picture = Image.open(io.BytesIO(content)).convert("RGB")
    if scale != 1:
        size = round(picture.width * scale), round(picture.height * scale)
        picture = picture.resize(size, Image.Resampling.BICUBIC)
    lines, _ = engine()(np.asarray(picture)[..., ::-1])
    return [fold(line[1]) for line in lines or ()]


def fold(text: str) -> str:
    """Return letters and digits in lower case without accents."""
    plain = unicodedata.normalize("NFKD", text.casefold().translate(_LETTERS))
    return "".join(letter for letter in plain if letter.isalnum())


_LETTERS = str.maketrans({"ł": "l", "ø": "o", "đ": "d", "ı": "i", "æ": "ae", "œ": "oe", "ß": "ss", "ð": "d", "þ": "th"})


def readable(text: str, lines: list[str], *, apart: bool = True) -> bool:
    """Return whether a text stands in the lines, with at most one character in ten wrong.

    Its words may stand apart unless `apart` is false: `24 days` and `2 months` do not answer `24 months`.
    """
    whole = "".join(lines)
    if distance(fold(text), whole) <= len(fold(text)) // 10:
        return True
    if not apart:
        return False
    words = [word for part in text.split() if (word := fold(part))]
    wrong = sum(min(len(word), distance(word, whole)) for word in words)
    return len(words) > 1 and wrong <= sum(map(len, words)) // 10


def distance(needle: str, haystack: str) -> int:
    """Return the smallest edit distance between a text and any part of another."""
    codes = np.frombuffer(haystack.encode("utf-32-le"), np.uint32)
    row = np.zeros(len(codes) + 1, int)
    steps = np.arange(len(codes) + 1)
    for letter in needle:
        best = np.minimum(row + 1, np.concatenate(([row[0] + 1], row[:-1] + (codes != ord(letter)))))
        row = np.minimum.accumulate(best - steps) + steps
    return int(row.min())
