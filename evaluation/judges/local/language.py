"""How well formed a text is, from 1 (no language) to 10, by its letters, words and repetitions."""

import unicodedata
from collections import Counter
from itertools import pairwise

import regex

from lethebench.evaluation.judges.local.injections import sentences
from lethebench.evaluation.metrics.fluency import LETTER_LIMIT, LOOP_LIMIT, is_language, loop_share
from lethebench.evaluation.metrics.words import folded, normalised_tokens

NONE, LOOP, FRAGMENTS, BROKEN, GOOD = 1, 2, 3, 5, 10
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
_VERBS = ({"is", "was", "has"}, {"ist", "war", "hat"}, {"es", "fue", "tiene"})
"""Verbs by language: an English hat is none."""
_PHRASE = 7
"""Words in a row that a sentence has twice: a loop."""
_LONG_WORD = regex.compile(r"\b\p{Ll}{6,}\b")
_NO_VERB = regex.compile(
    r"\b(?:don't|doesn't|didn't|can't|cannot|won't|couldn't)\s+(?:here|there|is|was|are|were|has|had|of|the|an?|in|on)\b",
    regex.IGNORECASE,
)
_FRAGMENT = regex.compile(
    r"^\p{L}\.$"  # a letter
    r"|\b(?:[DM]r|Mrs|Ms|Prof|Herr|Frau|Sra?|Dra)\.?\s+\d"  # a title without a name
    r"|^(?:number|address|date|name|code|employer|diagnosis|medication|occupation|position|salary|policy)\s+\S+\.$"
    r"|(?:^|\s)\p{Ll}+\.\p{Ll}{2,}\.\s"  # halves of words
)
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
    faults = [_fault(part) for part in parts]
    value, reason = min(faults, key=lambda fault: fault[0])
    if value == BROKEN and (other := _fragment(text)) and other != reason:
        return FRAGMENTS, f"{reason}, and {other}"
    return value, reason


def _fragment(text: str) -> str | None:
    """Return which piece of a text is no part of a sentence, None if there is none."""
    if piece := _FRAGMENT.search(text.strip()):
        return f"{piece[0].strip()[:20]!r} is a fragment"
    if piece := _NO_VERB.search(text):
        return f"{piece[0]!r} lacks a verb"
    return None


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
        phrases = [tuple(words[start : start + _PHRASE]) for start in range(len(words) - _PHRASE + 1)]
        if len(set(phrases)) < len(phrases) and len(words) <= 2 * _LONGEST:
            return LOOP, "a part of it is repeated"
        if len(set(pairs)) <= _REPEATING * len(pairs):
            return BROKEN, "it repeats itself"
    is_noun = words[-1:] == ["war"] and {"a", "the", "world"} & set(words)
    if (
        len(words) >= _PART - 1
        and not is_noun
        and (words[-1] in _UNFINISHED or (words[-1] in _CUT and text.rstrip()[-1].isalpha()))
    ):
        return BROKEN, f"it ends with {words[-1]!r}"
    if _JOINED.search(text.strip()):
        return BROKEN, "parts of sentences are joined"
    if fragment := _fragment(text):
        return BROKEN, fragment
    is_simple = len(words) <= _LONGEST and not _CONNECTIVES & set(words) and not set(text) & set(",;:")
    for verbs in _VERBS if is_simple else ():
        used = [word for word in words if word in verbs]
        if len(used) > 1:
            return BROKEN, f"it has the verbs {used[0]!r} and {used[1]!r}"
        subject = _LONG_WORD.findall(text.partition(f" {used[0]} ")[0]) if used else []
        if len(set(subject)) < len(subject):
            return BROKEN, f"{Counter(subject).most_common(1)[0][0]!r} is in its subject twice"
    return GOOD, "well-formed words"


def _base(word: str) -> str:
    """The letters of a word without marks."""
    return unicodedata.normalize("NFD", folded(word))
