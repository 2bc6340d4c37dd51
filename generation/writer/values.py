"""Check single values that a model wrote: their characters, their length, and that wrong ones are wrong."""

import re
import unicodedata
from collections.abc import Collection, Sequence

from lethebench.contract.errors import CONTROL
from lethebench.generation.drawing.fonts import lacking
from lethebench.generation.writer.answers import RejectedError

WRONG_VALUES = 6
"""Wrong values of each attribute: three for the options of training rows, three for those of test rows."""
MOST_LETTERS = 80


def clean(text: str) -> str:
    """Return a text with single blanks and straight apostrophes; raise RejectedError if it cannot be printed."""
    text = unicodedata.normalize("NFC", " ".join(text.split())).replace("’", "'")
    if CONTROL.search(text) or "\ufffd" in text:
        raise RejectedError(f"{text!r:.80} has a control character")
    if missing := lacking(text):
        raise RejectedError(f"{text!r:.80} has characters that cannot be printed: {missing:.12}")
    return text


def value(text: str, what: str, most: int = MOST_LETTERS) -> str:
    """Return a value as it is put into sentences: clean, of one line, without a period at its end."""
    text = clean(text).rstrip(".").strip()
    if not re.search(r"\w", text):
        raise RejectedError(f"{what} is empty")
    if len(text) > most:
        raise RejectedError(f"{what} has {len(text)} characters; at most {most}")
    if any(mark in text for mark in '{}[]<>"*_\\|'):
        raise RejectedError(f"{what} {text!r:.80} has a character that is no part of plain text")
    return text


def wrong_values(texts: Sequence[str], truth: str, what: str, taken: Collection[str] = ()) -> tuple[str, ...]:
    """Return wrong values of an attribute: distinct, none of them true or part of the truth."""
    values = tuple(value(text, f"a wrong {what}") for text in texts)
    forms = [text.casefold() for text in values]
    if len(set(forms)) < len(forms):
        raise RejectedError(f"two wrong values of {what} are the same")
    for text in values:
        if text.casefold() in truth.casefold() or truth.casefold() in text.casefold() or text in taken:
            raise RejectedError(f"{text!r:.80} is not wrong: the {what} is {truth!r:.80}")
    return values


def street_line(text: str) -> str:
    """Return a street with a house number."""
    street = value(text, "street", 50)
    if not any(character.isdigit() for character in street):
        raise RejectedError(f"the street {street!r:.60} has no house number")
    return street


def person_name(text: str) -> str:
    """Return the name of a person: two to four words of letters."""
    name = value(text, "the name", 40)
    if not re.fullmatch(r"(?:[^\W\d_]+(?:['-][^\W\d_]+)*\.? ?){2,4}", name) or len(name.split(" ")) < 2:
        raise RejectedError(f"the name {name!r:.60} is not a first and a last name in letters")
    return name
