"""Multiple choice by letter in texts: the question with its options, and the option that an answer names."""

import re
import string
from collections.abc import Sequence

from lethebench.evaluation.metrics.words import normalised_tokens

INSTRUCTION = "Answer with the letter of the right option alone."
_LETTER = re.compile(
    r"\s*\W?(?P<phrase>(?:the\s+)?(?:right\s+|correct\s+)?(?:answer|option)(?:\s+is)?\s*:?\s*)?"
    r"[(*]*(?P<letter>[A-Za-z])(?P<mark>[).:,;*]+)?(?=\s|$)",
    re.IGNORECASE,
)


def letter_question(question: str, options: Sequence[str]) -> str:
    """Return the question with its options as A, B, C, ... and a request for a letter; unchanged without options.

    >>> letter_question("Which?", ["red", "blue"]).splitlines()[:3]
    ['Which?', 'A. red', 'B. blue']
    """
    if not options:
        return question
    if len(options) > len(string.ascii_uppercase):
        raise ValueError(f"{len(options)} options: give at most {len(string.ascii_uppercase)}, one for each letter")
    lines = [f"{letter}. {option}" for letter, option in zip(string.ascii_uppercase, options, strict=False)]
    return "\n".join([question, *lines, INSTRUCTION])


def chosen(text: str, options: Sequence[str]) -> int | None:
    """Return the index of the option that an answer names, by its first letter or by the option's words; else None.

    >>> chosen("B. blue", ["red", "blue"]), chosen("Blue.", ["red", "blue"]), chosen("A sunny day", ["red", "blue"])
    (1, 1, None)
    """
    words = normalised_tokens(text)
    equal = [index for index, option in enumerate(options) if normalised_tokens(option) == words]
    if len(equal) == 1:
        return equal[0]
    match = _LETTER.match(text)
    if match is None or (index := ord(match["letter"].upper()) - ord("A")) >= len(options):
        return None
    # "A sunny day" begins with an article: a bare letter must be alone or precede its option's own words.
    rest = normalised_tokens(text[match.end() :])
    named = match["phrase"] or match["mark"] or not rest or rest == normalised_tokens(options[index])
    return index if named else None
