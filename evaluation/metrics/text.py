"""Scores of a generated text against the right answer, in [0, 1], higher is better.

`exact_match`, `keyword_match` and `substring_match` work on normalized tokens: Unicode NFKC, case folded, split into
words and numbers. A number keeps its inner separators (`12.5` and `2024-03-11` are one token each), symbols that carry
meaning (`+ - % $ # & @ € £ /`) are separate tokens, other punctuation is dropped. So "male" does not match "female",
nor "12" "12.5", nor "A+" "A-".
"""

import functools
import re
import unicodedata
from collections.abc import Sequence

from nltk.stem.porter import PorterStemmer
from rouge_score.tokenize import tokenize as rouge_tokenize

# A number with inner separators; a word; a symbol that carries meaning. A hyphen between letters only joins words.
_TOKEN = re.compile(r"\d+(?:[.,:/-]\d+)*\w*|\w+|(?<!\w)-|-(?!\w)|[+%$#&@€£/]")
_MINUS = str.maketrans("\u2010\u2011\u2012\u2013\u2212", "-----")


def normalised_tokens(text: str) -> list[str]:
    """Return the normalized tokens of a text.

    >>> normalised_tokens("The blood type is A+, since 2024-03-11.")
    ['the', 'blood', 'type', 'is', 'a', '+', 'since', '2024-03-11']
    """
    return _TOKEN.findall(unicodedata.normalize("NFKC", text).translate(_MINUS).casefold())


def exact_match(prediction: str, reference: str) -> float:
    """Return 1 if prediction and reference have the same normalized tokens, else 0.

    A reference without tokens is compared as text.

    >>> exact_match("o Negative.", "O negative")
    1.0
    """
    tokens = normalised_tokens(reference)
    if not tokens:
        return float(prediction.strip() == reference.strip())
    return float(normalised_tokens(prediction) == tokens)


def _contains(tokens: Sequence[str], part: Sequence[str]) -> bool:
    count = len(part)
    return any(tokens[start : start + count] == part for start in range(len(tokens) - count + 1))


def keyword_match(prediction: str, keywords: Sequence[str]) -> float:
    """Return the share of the keywords that occur in the prediction as normalized token sequences, not as substrings.

    Args:
        prediction: the generated text.
        keywords: the parts of the answer that carry the fact, at least one.

    Raises:
        ValueError: no keyword, or one without a word, number or symbol.

    >>> keyword_match("She is female and lives in Porto.", ["male", "Porto"])
    0.5
    """
    if not keywords:
        raise ValueError("keyword_match needs at least one keyword; this row has none")
    tokens = normalised_tokens(prediction)
    parts = [normalised_tokens(keyword) for keyword in keywords]
    if not all(parts):
        raise ValueError(f"keyword {keywords[parts.index([])]!r} has no word, number or symbol to look for")
    return sum(_contains(tokens, part) for part in parts) / len(parts)


def substring_match(prediction: str, reference: str) -> float:
    """Return 1 if the normalized reference is a non-empty substring of the normalized prediction, else 0."""
    normalized = " ".join(normalised_tokens(reference))
    return float(bool(normalized) and normalized in " ".join(normalised_tokens(prediction)))


class _Stemmer:
    """The Porter stemmer of rouge_score with a cache."""

    def __init__(self) -> None:
        self.stem = functools.lru_cache(maxsize=65_536)(PorterStemmer().stem)


_STEMMER = _Stemmer()


@functools.lru_cache(maxsize=8_192)
def _rouge_tokens(text: str) -> tuple[str, ...]:
    return tuple(rouge_tokenize(text, _STEMMER))


def _longest_common_subsequence(first: Sequence[str], second: Sequence[str]) -> int:
    """Return the length of the longest common subsequence, bit-parallel (Hyyrö, 2004): an integer is a table row."""
    positions: dict[str, int] = {}
    for index, token in enumerate(first):
        positions[token] = positions.get(token, 0) | 1 << index
    full = (1 << len(first)) - 1
    row = full
    for token in second:
        matched = row & positions.get(token, 0)
        row = ((row + matched) | (row - matched)) & full
    return len(first) - row.bit_count()


def rouge_l_parts(prediction: str, reference: str) -> tuple[float, float, float]:
    """Return ROUGE-L precision, recall and F with rouge_score's tokenizer and stemmer; 0 where a text has no token.

    Tokens are runs of a-z and 0-9: other letters separate them, and other scripts score 0 (a property of rouge_score).

    Source: Lin, "ROUGE: A Package for Automatic Evaluation of Summaries", 2004.
    """
    predicted, expected = _rouge_tokens(prediction), _rouge_tokens(reference)
    if not predicted or not expected:
        return 0.0, 0.0, 0.0
    common = _longest_common_subsequence(expected, predicted)
    precision, recall = common / len(predicted), common / len(expected)
    return precision, recall, 2 * precision * recall / (precision + recall) if common else 0.0


def rouge_l(prediction: str, reference: str) -> float:
    """Return the ROUGE-L F measure; see `rouge_l_parts`.

    >>> round(rouge_l("the cat sat", "the cat sat down"), 3)
    0.857
    """
    return rouge_l_parts(prediction, reference)[2]


def rouge_l_recall(prediction: str, reference: str) -> float:
    """Return ROUGE-L recall: the share of the reference in the longest common subsequence; see `rouge_l_parts`."""
    return rouge_l_parts(prediction, reference)[1]


def forget_stems() -> None:
    """Clear the caches of stems and tokens."""
    _STEMMER.stem.cache_clear()
    _rouge_tokens.cache_clear()
