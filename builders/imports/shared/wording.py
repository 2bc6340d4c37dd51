"""Text of a release: bytes to JSON, wordings without stray markup, answers that are their own keyword."""

import codecs
import json
import re
from typing import Any

_OTHER_MARKS = (
    (codecs.BOM_UTF32_LE, "UTF-32"), (codecs.BOM_UTF32_BE, "UTF-32"),
    (codecs.BOM_UTF16_LE, "UTF-16"), (codecs.BOM_UTF16_BE, "UTF-16"),
)  # fmt: skip
_IMAGE = re.compile(r"\s*<image>\s*")
_BULLET = re.compile(r"(?:[-*•#>]+\s+)+")
_SHORT = 5
"""Words up to which an answer counts as a value rather than a sentence."""


def read_json(content: bytes) -> Any:
    """A JSON file's content. A byte order mark of UTF-8 is allowed.

    Raises:
        ValueError: another encoding, or no JSON; the message says which and where.
    """
    for mark, name in _OTHER_MARKS:
        if content.startswith(mark):
            raise ValueError(f"is {name}; save it as UTF-8")
    if b"\0" in content[:64]:
        raise ValueError("holds zero bytes, as UTF-16 or a binary file does; save it as UTF-8")
    try:
        text = content.removeprefix(codecs.BOM_UTF8).decode("utf-8")
    except UnicodeDecodeError as error:
        raise ValueError(
            f"is not UTF-8 (byte {error.start} is 0x{content[error.start]:02x}); save it as UTF-8"
        ) from None
    try:
        return json.loads(text, parse_constant=_no_number)
    except RecursionError:
        raise ValueError("is nested deeper than any release is") from None
    except ValueError as error:
        raise ValueError(f"is not JSON ({error})") from None


def without_images(text: str) -> tuple[str, int]:
    """A wording without `<image>` marks, and how many there were: pictures stand in `images`."""
    left, count = _IMAGE.subn("\n", text)
    return left.strip(), count


def without_markup(text: str) -> tuple[str, bool]:
    """A wording without the stray markup at its start, and whether there was any.

    Stray are bold marks that nothing closes or that wrap the whole wording, and bullets.

    >>> without_markup("**What industry is it in?")
    ('What industry is it in?', True)
    >>> without_markup("**\\n   - **Stranger Things** was created by two brothers.")
    ('**Stranger Things** was created by two brothers.', True)
    >>> without_markup("**Star Wars** is its title.")
    ('**Star Wars** is its title.', False)
    """
    left = text.strip()
    while True:
        before = left
        marks = left.count("**")
        if left.startswith("**") and marks % 2:
            left = left[2:].lstrip()
        elif marks == 2 and left.startswith("**") and left.endswith("**"):
            left = left[2:-2].strip()
        left = _BULLET.sub("", left, count=1) if _BULLET.match(left) else left
        if left == before:
            return left, left != text.strip()


def keywords(answer: str) -> list[str]:
    """The answer itself where it is a short value, nothing where it is a sentence: its facts are not marked.

    >>> keywords("Bear"), keywords("May 25, 1977."), keywords("It was first shown in May of 1977.")
    (['Bear'], ['May 25, 1977'], [])
    """
    value = answer.removesuffix(".")
    if "\n" in value or len(value.split()) > _SHORT or re.search(r"[.!?;:]\s", value) or not re.search(r"\w", value):
        return []
    return [value]


def _no_number(name: str) -> None:
    raise ValueError(f"{name} is no number of JSON")
