r"""Words of a text in any script: what exact match, keyword match and ROUGE-L compare.

A letter with its combining marks is one unit: की is not का. Composed and decomposed letters are equal. Scripts that put
no spaces between words (Chinese, Japanese, Thai, Lao, Khmer, Burmese, ...) have one token per letter.
"""

import functools
import unicodedata
from typing import Any

import regex
from rouge_score.tokenize import tokenize as rouge_tokenize

UNSPACED = (
    *("Han", "Hiragana", "Katakana", "Bopomofo", "Yi", "Thai", "Lao", "Khmer", "Myanmar"),
    *("Tai_Le", "New_Tai_Lue", "Tai_Tham", "Tai_Viet", "Javanese", "Balinese"),
)
"""Scripts without spaces between words."""

_LETTERS = "".join(rf"\p{{Script={name}}}" for name in UNSPACED) + r"\p{scx=Hiragana}"  # ー is of two scripts
_UNSPACED = rf"[[\p{{L}}\p{{Nl}}]&&[{_LETTERS}]]"
_WORD = rf"[[\p{{L}}\p{{M}}\p{{N}}_]--{_UNSPACED}]"
_ANY = r"[\p{L}\p{M}\p{N}_]"
_INVISIBLE = r"[\p{Default_Ignorable_Code_Point}--\u200b]"  # U+200B, the zero-width space, separates words
# A letter of an unspaced script; a number with inner separators; a word; a symbol that carries meaning. A hyphen
# between letters only joins words.
_TOKEN = regex.compile(
    rf"{_UNSPACED}\p{{M}}*|\p{{Nd}}+(?:[.,:/-]\p{{Nd}}+)*{_WORD}*|{_WORD}+|(?<!{_ANY})-|-(?!{_ANY})|[+%#&@/\p{{Sc}}]",
    regex.V1,
)
_ASCII_TOKEN = regex.compile(r"[0-9]+(?:[.,:/-][0-9]+)*[a-z0-9_]*|[a-z0-9_]+|(?<![a-z0-9_])-|-(?![a-z0-9_])|[+%#&@/$]")
_JOINED = regex.compile(rf"(?<={_ANY})\p{{M}}|(?<=[{_WORD}--_])[{_WORD}--_]", regex.V1)
_REMOVED = regex.compile(_INVISIBLE, regex.V1)
_ACCENT = regex.compile(r"[\p{Sk}--\U0001f3fb-\U0001f3ff]", regex.V1)  # ´ as in O´Brien: NFKC makes it a mark
_POWER = regex.compile(r"(?<=\p{Nd})(?=\p{No})")  # between the digits of 10² and of 5½
_SIGNS = str.maketrans("\u2010\u2011\u2012\u2013\u2212\u2044", "-----/")
# ROUGE-L: a letter of an unspaced script; a word of another script than Latin; a-z and 0-9 as rouge_score has them.
_LATIN = rf"[\p{{Latin}}\p{{Common}}{_UNSPACED}]"
_OTHER = rf"[[\p{{L}}\p{{Nd}}]--{_LATIN}--\p{{Inherited}}]"
_ROUGE_PART = regex.compile(
    rf"{_UNSPACED}[\p{{M}}{_INVISIBLE}]*|{_OTHER}[[[\p{{L}}\p{{M}}\p{{N}}]--{_LATIN}]{_INVISIBLE}]*|[a-z0-9]+", regex.V1
)
_NOT_LATIN = regex.compile(r"[^\x00-\x7f\p{Latin}\p{Common}\p{Inherited}]|[\uff01-\uffee]")
_WIDE = regex.compile(r"[\uff01-\uffee]+")  # full-width Latin, half-width Katakana and Hangul


def folded(text: str) -> str:
    r"""Return a text as exact match compares it: Unicode NFKC, case folded, without invisible characters.

    >>> folded("Poke\u0301mon"), folded("\uff21\uff22"), folded("10²")
    ('pokémon', 'ab', '10 2')
    """
    if text.isascii():
        return text.lower()
    text = _POWER.sub(" ", _ACCENT.sub(" ", _REMOVED.sub("", text)))
    text = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    return _POWER.sub(" ", text.translate(_SIGNS))


def normalised_tokens(text: str) -> list[str]:
    """Return the normalized tokens of a text.

    >>> normalised_tokens("The blood type is A+, since 2024-03-11.")
    ['the', 'blood', 'type', 'is', 'a', '+', 'since', '2024-03-11']
    >>> normalised_tokens("हिन्दी 北京, ที่2")
    ['हिन्दी', '北', '京', 'ที่', '2']
    """
    text = folded(text)
    return (_ASCII_TOKEN if text.isascii() else _TOKEN).findall(text)


def splits_word(text: str, position: int) -> bool:
    """Return whether a cut before `text[position]` splits a word, a number or a letter and its marks.

    >>> splits_word("female", 2), splits_word("की", 1), splits_word("北京", 1), splits_word("A negative", 1)
    (True, True, False, False)
    """
    return _JOINED.match(text, position) is not None


@functools.cache
def _porter() -> Any:
    from nltk.stem.porter import PorterStemmer  # imports scipy: over a second

    return PorterStemmer()


class _Stemmer:
    """The Porter stemmer of rouge_score with a cache."""

    @staticmethod
    @functools.lru_cache(maxsize=65_536)
    def stem(word: str) -> str:
        return _porter().stem(word)


_STEMMER = _Stemmer()


@functools.lru_cache(maxsize=8_192)
def rouge_tokens(text: str) -> tuple[str, ...]:
    """Return the tokens of ROUGE-L, composed (NFC) and in lower case.

    Text in Latin letters has the tokens of rouge_score with its stemmer: runs of a-z and 0-9, separated by all other
    characters. Words of other scripts, which rouge_score drops, are tokens of their own.

    >>> rouge_tokens("She was running"), rouge_tokens("Москва, 北京 1980年")
    (('she', 'was', 'run'), ('москва', '北', '京', '1980', '年'))
    """
    text = unicodedata.normalize("NFC", text)
    if text.isascii() or not _NOT_LATIN.search(text):
        return tuple(rouge_tokenize(text, _STEMMER))
    text = _WIDE.sub(lambda run: unicodedata.normalize("NFKC", run[0]), text).lower()
    tokens: list[str] = []
    for part in _ROUGE_PART.findall(text):
        tokens += rouge_tokenize(part, _STEMMER) if part.isascii() else [_REMOVED.sub("", part).casefold()]
    return tuple(tokens)


class RougeTokenizer:
    """`rouge_tokens` for rouge_score: `RougeScorer(["rougeL"], tokenizer=RougeTokenizer())`."""

    def tokenize(self, text: str) -> list[str]:
        """Return the tokens of a text."""
        return list(rouge_tokens(text))


def forget_stems() -> None:
    """Clear the caches of stems and tokens."""
    _STEMMER.stem.cache_clear()
    rouge_tokens.cache_clear()
