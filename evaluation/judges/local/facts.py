"""How much of a true answer a text states: names, numbers, dates, words in other forms, and denials."""

from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise

import regex

from lethebench.evaluation.judges.local.dates import take_dates
from lethebench.evaluation.metrics.words import folded, normalised_tokens

NEAR = 0.05
"""A number within this share of the true one is nearly right."""
_BREAK = "\N{BROKEN BAR}"
_CLAUSE = regex.compile(
    r"[,;:.!?](?!\d)|\b(?:but|sondern|aber|sino|pero|mais|though|although|obwohl|aunque|rather)\b", regex.IGNORECASE
)
_NEGATORS = {
    *("not", "no", "never", "isn", "wasn", "aren", "doesn", "didn", "don", "cannot", "except", "neither", "nor"),
    *("nicht", "kein", "keine", "keinen", "keiner", "keinem", "nie", "niemals", "ausser"),
    *("nunca", "tampoco", "excepto", "salvo", "ni", "jamás", "ne", "pas", "jamais", "sauf", "without", "ohne", "sin"),
}
_REACH = 5
_STOP = {
    *("the", "a", "an", "of", "and", "for", "in", "at", "on", "with", "to", "is", "was", "by", "s", "named", "called"),
    *("der", "die", "das", "den", "dem", "des", "ein", "eine", "einen", "einem", "und", "für", "im", "am", "mit", "zu"),
    *("von", "namens", "el", "la", "los", "las", "un", "una", "y", "de", "del", "en", "por", "con", "para", "es", "al"),
    *("le", "les", "une", "et", "du", "des", "à", "au", "dans", "pour", "avec", "est"),
}
_COUNTS = (
    "zero null cero zéro",
    "one eins uno un",
    "two zwei dos deux",
    "three drei tres trois",
    "four vier cuatro quatre",
    "five fünf cinco cinq",
    "six sechs seis",
    "seven sieben siete sept",
    "eight acht ocho huit",
    "nine neun nueve neuf",
    "ten zehn diez dix",
    "eleven elf once onze",
    "twelve zwölf doce douze",
)
_DIGITS = {
    word: str(count) for count, words in enumerate(_COUNTS) for word in words.split() if word not in ("un", "elf")
}
_THOUSANDS = regex.compile(r"(?<![\d.,])\d{1,3}(?:[.,'’\u202f\u00a0 ]\d{3})+(?![\d])")
_BLOOD = regex.compile(r"\b(AB|A|B|O|0)[\s-]*(?:(pos(?:itiv[eoa]?)?)|(neg(?:ativ[eoa]?)?|négatif))\b", regex.IGNORECASE)
_NUMBER = regex.compile(r"\d+(?:\.\d+)?")


def _canonical(text: str) -> str:
    text = _BLOOD.sub(lambda match: f"{match[1].upper().replace('0', 'O')}{'+' if match[2] else '-'} ", text)
    return _THOUSANDS.sub(lambda match: regex.sub(r"\D", "", match[0]), text)


@lru_cache(maxsize=4_096)
def _tokens(text: str) -> tuple[str, ...]:
    """The tokens of a text with a mark between clauses."""
    marked = _CLAUSE.sub(f" {_BREAK} ", _canonical(text))
    parts = (normalised_tokens(part) for part in marked.split(_BREAK))
    joined: list[str] = []
    for part in parts:
        joined += (
            [_BREAK, *(_DIGITS.get(token, token) for token in part)]
            if joined
            else [_DIGITS.get(token, token) for token in part]
        )
    return tuple(joined)


def _alike(word: str, other: str) -> bool:
    """Whether two words are the same but for an ending or a slip."""
    if word == other:
        return True
    if min(len(word), len(other)) < 4 or not (word.isalpha() and other.isalpha()):
        return False
    same = next((at for at, (one, two) in enumerate(zip(word, other, strict=False)) if one != two), None)
    same = min(len(word), len(other)) if same is None else same
    return same >= max(4, 0.75 * max(len(word), len(other)))


def _denied(tokens: Sequence[str], start: int) -> bool:
    for token in reversed(tokens[max(0, start - _REACH) : start]):
        if token == _BREAK:
            return False
        if token in _NEGATORS:
            return True
    return False


def _found(tokens: Sequence[str], keyword: Sequence[str]) -> tuple[float, bool]:
    """How much of a keyword stands in a text that does not deny it, and whether it is denied."""
    positions = [index for index, token in enumerate(tokens) if token != _BREAK]
    words = [tokens[index] for index in positions]
    denied = False
    for start in range(len(words) - len(keyword) + 1):
        if all(_alike(one, two) for one, two in zip(words[start : start + len(keyword)], keyword, strict=True)):
            if not _denied(tokens, positions[start]):
                return 1.0, False
            denied = True
    if denied:
        return 0.0, True
    content = [word for word in keyword if word not in _STOP] or list(keyword)
    hits = [word for word in content if any(_alike(word, other) for other in words)]
    matched = len(hits)
    if len(content) <= 2 and any(map(str.isdigit, content)) and not any(map(str.isdigit, hits)):
        return 0.0, False  # the unit alone, as in 6 months for 12 months
    if len(content) == 1 and len(content[0]) >= 8:  # the last part of a compound: Techniker of Tontechniker
        matched = any(len(word) >= 5 and content[0].endswith(word) for word in words)
    return 0.75 * matched / len(content), False


def _near(answer: str, keyword: str) -> bool:
    """Whether a keyword is one number and the text has one close to it."""
    truth = _NUMBER.findall(_canonical(keyword))
    if len(truth) != 1 or len(normalised_tokens(_canonical(keyword))) != 1 or float(truth[0]) < 20:
        return False
    value = float(truth[0])
    return any(abs(float(number) - value) <= NEAR * value for number in _NUMBER.findall(_canonical(answer)))


def keywords_of(truth: str) -> list[str]:
    """Return the parts of a true answer that carry the fact, where they are not given."""
    dates, rest = take_dates(truth)
    words = [token for token in normalised_tokens(_canonical(rest)) if token not in _STOP]
    return [*(f"{date.year}-{date.month}-{date.day or 1}" for date in dates), *words] or [truth]


def stated(answer: str, truth: str, keywords: Sequence[str] = ()) -> list[float]:
    """Return, per keyword, how much of it a text states, in [0, 1]; 0 where it is denied.

    1: stated, also in another form: `2017-06-03` for `June 3, 2017`, `O-` for `O negative`, `3 480` for `3,480`; 0.9:
    a number that is nearly right; less: a part of it.

    >>> stated("She isn't Slovenian but Norwegian.", "Slovenian"), stated("3.480 euros", "EUR 3,480", ["3,480"])
    ([0.0], [1.0])
    """
    keywords = [keyword for keyword in keywords if folded(keyword).strip()] or keywords_of(truth)
    dates, rest = take_dates(answer)
    tokens, whole = _tokens(rest), _tokens(answer)
    shares = []
    for keyword in keywords:
        expected, left = take_dates(keyword)
        if expected and not normalised_tokens(left):
            agreement = max((expected[0].agreement(date) for date in dates), default=0.0)
            years = [int(token) for token in tokens if token.isdigit() and len(token) == 4]
            shares.append(max(agreement if agreement > 0.5 else 0.0, 0.4 * (expected[0].year in years)))
            continue
        parts = [token for token in _tokens(keyword) if token != _BREAK]
        if not parts:
            shares.append(float(folded(keyword).strip() in folded(answer)))
            continue
        share, denied = _found(tokens if not _has_date_digits(parts) else whole, parts)
        shares.append(0.9 if share < 1 and not denied and _near(answer, keyword) else share)
    return shares


def _has_date_digits(parts: Sequence[str]) -> bool:
    return any(one.isdigit() and two.isdigit() for one, two in pairwise(parts))
