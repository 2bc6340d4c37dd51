"""Multiple choice by letter in texts: how options are put, and which of them an answer names; no model is needed."""

import re
import string
from collections.abc import Sequence

from lethebench.evaluation.metrics.text import normalised_tokens

ASKED = "Answer with the letter of the right option alone."
_LETTER = re.compile(
    r"\s*\W?(?P<said>(?:the\s+)?(?:right\s+|correct\s+)?(?:answer|option)(?:\s+is)?\s*:?\s*)?"
    r"[(*]*(?P<letter>[A-Za-z])(?P<mark>[).:,;*]+)?(?=\s|$)",
    re.IGNORECASE,
)


def letter_question(question: str, options: Sequence[str]) -> str:
    """The question with its options as A, B, C, ... and the wish for a letter; without options the question itself.

    Raises:
        ValueError: more options than letters.

    >>> letter_question("Which?", ["red", "blue"]).splitlines()[:3]
    ['Which?', 'A. red', 'B. blue']
    """
    if not options:
        return question
    if len(options) > len(string.ascii_uppercase):
        raise ValueError(f"{len(options)} options: there are letters for {len(string.ascii_uppercase)}")
    lines = [f"{letter}. {option}" for letter, option in zip(string.ascii_uppercase, options, strict=False)]
    return "\n".join([question, *lines, ASKED])


def chosen(text: str, options: Sequence[str]) -> int | None:
    """Which option an answer names: by the letter it begins with, else by being one option's words; None = neither.

    >>> chosen("B. blue", ["red", "blue"]), chosen("Blue.", ["red", "blue"]), chosen("A sunny day", ["red", "blue"])
    (1, 1, None)
    """
    words = normalised_tokens(text)
    same = [at for at, option in enumerate(options) if normalised_tokens(option) == words]
    if len(same) == 1:
        return same[0]
    found = _LETTER.match(text)
    if found is None or (at := ord(found["letter"].upper()) - ord("A")) >= len(options):
        return None
    # "A sunny day" begins with an article: a bare letter must stand alone or before its option's own words.
    rest = normalised_tokens(text[found.end() :])
    named = found["said"] or found["mark"] or not rest or rest == normalised_tokens(options[at])
    return at if named else None
