"""How well formed a text is, from 1 (no language) to 10, by its letters, words and repetitions."""

from collections import Counter

import regex

from lethebench.evaluation.judges.local.injections import sentences
from lethebench.evaluation.metrics.fluency import LETTER_LIMIT, LOOP_LIMIT, is_language, loop_share
from lethebench.evaluation.metrics.words import folded, normalised_tokens

NONE, LOOP, BROKEN, GOOD = 1, 2, 5, 10
_VOWEL = regex.compile(r"[aeiouyæøœ]", regex.IGNORECASE)
_LATIN_WORD = regex.compile(r"\b\p{Latin}{3,}\b")
_SAME_LETTERS = regex.compile(r"(\p{L})\1{3,}")
_UNFINISHED = {
    *("the", "a", "an", "of", "and", "or", "to", "is", "was", "are", "were", "he", "she", "they", "with", "their"),
    *("der", "die", "das", "den", "dem", "ein", "eine", "und", "oder", "von", "zu", "gewesen", "ist", "war", "er"),
    *("el", "la", "los", "las", "un", "una", "y", "de", "del", "es", "fue", "que", "con", "por", "para"),
    *("le", "les", "une", "et", "du", "des", "à", "est"),
}
"""Words that a sentence of several words rarely ends with."""
_SHORTEST = 6
_VARIETY = 0.55


def fluency(text: str) -> tuple[int, str]:
    """Return the verdict on a text, and why.

    >>> [fluency(text)[0] for text in ("O+", "He works as a nurse.", "nurse nurse nurse nurse nurse", "", "He is at the")]
    [10, 10, 2, 1, 5]
    """
    if not text.strip():
        return NONE, "it is empty"
    if not is_language(text):
        return (LOOP, "a loop") if loop_share(text) >= LOOP_LIMIT else (NONE, "it is not made of words")
    verdict, reason = GOOD, "well-formed words"
    for sentence in sentences(text):
        words = normalised_tokens(sentence)
        if len(words) >= 4 and (found := _faults(sentence, words)) and found[0] < verdict:
            verdict, reason = found
    words = normalised_tokens(text)
    if (found := _faults(text, words)) and found[0] < verdict:
        verdict, reason = found
    if verdict > BROKEN and len(words) > 4 and words[-1] in _UNFINISHED:
        return BROKEN, f"it ends with {words[-1]!r}"
    return verdict, reason


def _faults(text: str, words: list[str]) -> tuple[int, str] | None:
    if loop_share(text) >= LOOP_LIMIT:
        return LOOP, "a loop"
    letters = [word for word in _LATIN_WORD.findall(text) if not word.isupper()]
    unspeakable = [word for word in letters if not _VOWEL.search(_base(word)) or _SAME_LETTERS.search(word)]
    if len(unspeakable) >= 2 and len(unspeakable) >= LETTER_LIMIT * len(letters):
        return NONE, f"{unspeakable[0]!r} is no word"
    if len(words) < _SHORTEST:
        return None
    repeated = sum(one == two for one, two in zip(words, words[1:], strict=False) if not one.isdigit() or len(one) == 1)
    if repeated >= 2 and (repeated >= len(words) / 4 or len(set(words)) < _VARIETY * len(words)):
        return LOOP, f"{Counter(words).most_common(1)[0][0]!r} is repeated"
    return None


def _base(word: str) -> str:
    """The letters of a word without marks."""
    import unicodedata

    return unicodedata.normalize("NFD", folded(word))
