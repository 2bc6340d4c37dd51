"""How well formed a text is, from 1 (no language) to 10, by its letters, words and repetitions."""

import unicodedata
from collections import Counter
from itertools import pairwise

import regex

from lethebench.evaluation.judges.local.injections import sentences
from lethebench.evaluation.metrics.fluency import LETTER_LIMIT, LOOP_LIMIT, is_language, loop_share
from lethebench.evaluation.metrics.words import folded, normalised_tokens

NONE, LOOP, BROKEN, GOOD = 1, 2, 5, 10
_PART = 4
"""Words of a sentence that is judged by itself."""
_LONGEST = 12
"""Words of a sentence in which two verbs without a connective are a fault."""
_VOWEL = regex.compile(r"[aeiouyæøœ]", regex.IGNORECASE)
_LATIN_WORD = regex.compile(r"\b\p{Latin}{3,}\b")
_UNFINISHED = {
    *("the", "a", "an", "of", "and", "or", "to", "is", "was", "are", "were", "he", "she", "they", "with", "their"),
    *("der", "die", "das", "den", "dem", "ein", "eine", "und", "oder", "von", "zu", "gewesen", "ist", "war", "er"),
    *("el", "la", "los", "las", "un", "una", "y", "de", "del", "es", "fue", "que", "con", "por", "para"),
    *("le", "les", "une", "et", "du", "des", "à", "est"),
}
"""Words that a sentence of several words rarely ends with."""
_CUT = {*("on", "in", "at", "for", "from", "by"), *("in", "am", "bei", "mit", "aus"), *("en", "a", "sobre"), "dans"}
"""Words that a text without a full stop rarely ends with."""
_SHORTEST = 6
_VARIETY = 0.6
_WINDOW = 8
"""Words in a row of which at most three differ: a loop, whatever surrounds it."""
_LOOPING, _REPEATING = 0.6, 0.8
"""Shares of different pairs of words: below the first a text is a loop, up to the second it repeats itself."""
_DRAWN_OUT = regex.compile(r"(\p{L})\1{3,}|[.\-_=*#]{6,}")
_JOINED = regex.compile(
    r"\p{Ll}\s+(?:The|This|That|These|It|He|She|What)\s+(?!Hague)\p{Ll}|^(?:is|was|has|of|ist|hat|war)\s"
)
_VERBS = {"is", "was", "has", "ist", "war", "hat", "es", "fue", "tiene"}
_CONNECTIVES = {
    *("and", "or", "that", "which", "who", "what", "where", "when", "but", "if", "because", "as", "how", "though"),
    *("und", "oder", "dass", "der", "die", "das", "wer", "was", "wo", "weil", "aber", "wie", "wenn", "sondern"),
    *("y", "o", "que", "quien", "donde", "pero", "porque", "como", "si", "sino", "cuando", "aunque"),
}


def fluency(text: str) -> tuple[int, str]:
    """Return the verdict on a text, and why.

    >>> [fluency(text)[0] for text in ("O+", "He is a nurse.", "nurse nurse nurse nurse nurse", "", "He is at the")]
    [10, 10, 2, 1, 5]
    """
    if not text.strip():
        return NONE, "it is empty"
    if not is_language(text):
        return (LOOP, "a loop") if loop_share(text) >= LOOP_LIMIT else (NONE, "it is not made of words")
    parts = [text, *(part for part in sentences(text) if len(normalised_tokens(part)) >= _PART)]
    return min((_fault(part) for part in parts), key=lambda fault: fault[0])


def _fault(text: str) -> tuple[int, str]:
    words = [word for word in normalised_tokens(text) if any(map(str.isalnum, word))]
    if loop_share(text) >= LOOP_LIMIT:
        return LOOP, "a loop"
    letters = [word for word in _LATIN_WORD.findall(text) if not word.isupper()]
    unspeakable = [word for word in letters if not _VOWEL.search(_base(word))]
    if len(unspeakable) >= 2 and len(unspeakable) >= LETTER_LIMIT * len(letters):
        return NONE, f"{unspeakable[0]!r} is no word"
    if drawn_out := _DRAWN_OUT.search(text):
        return LOOP, f"{drawn_out[0][:8]!r} is drawn out"
    pairs = list(pairwise(words))
    if any(len(set(words[start : start + _WINDOW])) <= 3 for start in range(len(words) - _WINDOW + 1)):
        return LOOP, "a part of it is a loop"
    if len(words) >= _SHORTEST:
        stutters = sum(one == two for one, two in pairs)
        if len(set(pairs)) < _LOOPING * len(pairs) or (stutters and len(set(words)) < _VARIETY * len(words)):
            return LOOP, f"{Counter(words).most_common(1)[0][0]!r} is repeated"
        if len(set(pairs)) <= _REPEATING * len(pairs):
            return BROKEN, "it repeats itself"
    if len(words) >= _PART - 1 and (words[-1] in _UNFINISHED or (words[-1] in _CUT and text.rstrip()[-1].isalpha())):
        return BROKEN, f"it ends with {words[-1]!r}"
    if _JOINED.search(text.strip()):
        return BROKEN, "parts of sentences are joined"
    verbs = [word for word in words if word in _VERBS]
    if len(verbs) > 1 and len(words) <= _LONGEST and not _CONNECTIVES & set(words) and not set(text) & set(",;:"):
        return BROKEN, f"it has the verbs {verbs[0]!r} and {verbs[1]!r}"
    return GOOD, "well-formed words"


def _base(word: str) -> str:
    """The letters of a word without marks."""
    return unicodedata.normalize("NFD", folded(word))
