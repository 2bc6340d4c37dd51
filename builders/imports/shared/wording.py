"""Clean the text of a release: bytes to JSON, wordings without stray markup, answers that are their own keyword."""

import codecs
import json
import re
from typing import Any

from lethebench.contract.text import clean_text

_OTHER_MARKS = (
    (codecs.BOM_UTF32_LE, "UTF-32"), (codecs.BOM_UTF32_BE, "UTF-32"),
    (codecs.BOM_UTF16_LE, "UTF-16"), (codecs.BOM_UTF16_BE, "UTF-16"),
)  # fmt: skip
_IMAGE = re.compile(r"\s*<image>\s*")
_BULLET = re.compile(r"(?:[-*•#>]+\s+)+")
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")
_MOST_WORDS = 5
"""The most words of an answer that counts as a value rather than a sentence."""


def read_json(content: bytes) -> Any:
    """Return the content of a JSON file in UTF-8, with or without a byte order mark; else raise ValueError."""
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
        value = json.loads(text, parse_constant=_refuse_constant)
        return _cleaned(value) if _SURROGATE.search(text) else value
    except RecursionError:
        raise ValueError("is nested too deeply for a release") from None
    except ValueError as error:
        raise ValueError(f"is not JSON ({error})") from None


def without_images(text: str) -> tuple[str, int]:
    """Return a wording without `<image>` marks, and how many there were; the pictures are in `images`."""
    rest, count = _IMAGE.subn("\n", text)
    return rest.strip(), count


def without_markup(text: str) -> tuple[str, bool]:
    """Return a wording without the stray markup at its start, and whether there was any.

    Stray markup is a bullet, and a bold mark that nothing closes or that wraps the whole wording.

    >>> without_markup("**What industry is it in?")
    ('What industry is it in?', True)
    >>> without_markup("**\\n   - **Stranger Things** was created by two brothers.")
    ('**Stranger Things** was created by two brothers.', True)
    >>> without_markup("**Star Wars** is its title.")
    ('**Star Wars** is its title.', False)
    """
    rest = text.strip()
    while True:
        before = rest
        marks = rest.count("**")
        if rest.startswith("**") and marks % 2:
            rest = rest[2:].lstrip()
        elif marks == 2 and rest.startswith("**") and rest.endswith("**"):
            rest = rest[2:-2].strip()
        rest = _BULLET.sub("", rest, count=1) if _BULLET.match(rest) else rest
        if rest == before:
            return rest, rest != text.strip()


def keywords(answer: str) -> list[str]:
    """Return the answer itself if it is a short value, nothing if it is a sentence, whose facts are not marked.

    >>> keywords("Bear"), keywords("May 25, 1977."), keywords("It was first shown in May of 1977.")
    (['Bear'], ['May 25, 1977'], [])
    """
    value = answer.removesuffix(".")
    is_sentence = "\n" in value or len(value.split()) > _MOST_WORDS or re.search(r"[.!?;:]\s", value)
    return [] if is_sentence or not re.search(r"\w", value) else [value]


def keywords_of(value: object, answer: str) -> tuple[list[str], int]:
    """Return the keywords that are in the answer, and how many are not, from a list, JSON, or separated text.

    >>> keywords_of("Ada Lovelace; 1815; Rome", "Ada Lovelace was born in 1815.")
    (['Ada Lovelace', '1815'], 1)
    """
    if isinstance(value, str):
        try:
            parsed = json.loads(value)
        except ValueError:
            parsed = None
        whole = value.strip().casefold() in answer.casefold()
        value = parsed if isinstance(parsed, list) else [value] if whole else re.split("[;,]", value)
    texts = [str(one).strip() for one in value if str(one).strip()] if isinstance(value, list | tuple) else []
    inside = [text for text in dict.fromkeys(texts) if text.casefold() in answer.casefold()]
    return inside, len(set(texts)) - len(inside)


def _cleaned(value: Any) -> Any:
    """Return a JSON value with every text in it cleaned."""
    if isinstance(value, dict):
        return {clean_text(key): _cleaned(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_cleaned(item) for item in value]
    return clean_text(value) if isinstance(value, str) else value


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not a number in JSON")
