"""Comparing a generated text with the truth. All scores are in [0, 1], higher is better; no model is needed.

`exact_match`, `keyword_match` and `substring_match` work on normalised tokens: Unicode NFKC, case folded, split into
words and numbers; a number keeps its inner separators (`12.5`, `2024-03-11` are one token), symbols that carry meaning
(`+ - % $ # & @ € £ /`) are tokens of their own, other punctuation is dropped. So "male" is not found in "female", nor
"12" in "12.5", and "A+" is not "A-".
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
    """The normalised tokens of a text.

    >>> normalised_tokens("The blood type is A+, since 2024-03-11.")
    ['the', 'blood', 'type', 'is', 'a', '+', 'since', '2024-03-11']
    """
    return _TOKEN.findall(unicodedata.normalize("NFKC", text).translate(_MINUS).casefold())


def exact_match(prediction: str, reference: str) -> float:
    """1 where prediction and reference have the same normalised tokens, else 0.

    Where the reference has none: the same text.

    >>> exact_match("o Negative.", "O negative")
    1.0
    """
    wanted = normalised_tokens(reference)
    if not wanted:
        return float(prediction.strip() == reference.strip())
    return float(normalised_tokens(prediction) == wanted)


def _contains(tokens: Sequence[str], wanted: Sequence[str]) -> bool:
    count = len(wanted)
    return any(tokens[at : at + count] == wanted for at in range(len(tokens) - count + 1))


def keyword_match(prediction: str, keywords: Sequence[str]) -> float:
    """Share of the keywords that occur in the prediction as whole normalised token sequences, never as substrings.

    Args:
        prediction: the generated text.
        keywords: the parts of the answer that carry the fact, at least one.

    Raises:
        ValueError: there is no keyword, or one of them has no word, number or symbol.

    >>> keyword_match("She is female and lives in Porto.", ["male", "Porto"])
    0.5
    """
    if not keywords:
        raise ValueError("keyword_match needs at least one keyword; this row has none")
    tokens = normalised_tokens(prediction)
    wanted = [normalised_tokens(keyword) for keyword in keywords]
    if not all(wanted):
        raise ValueError(f"keyword {keywords[wanted.index([])]!r} has no word, number or symbol to look for")
    return sum(_contains(tokens, keyword) for keyword in wanted) / len(wanted)


def substring_match(prediction: str, reference: str) -> float:
    """1 where the normalised reference is a substring of the normalised prediction, else 0; an empty reference: 0."""
    wanted = " ".join(normalised_tokens(reference))
    return float(bool(wanted) and wanted in " ".join(normalised_tokens(prediction)))


class _Stemmer:
    """rouge_score's Porter stemmer with a memory."""

    def __init__(self) -> None:
        self.stem = functools.lru_cache(maxsize=65_536)(PorterStemmer().stem)


_STEMMER = _Stemmer()


@functools.lru_cache(maxsize=8_192)
def _rouge_tokens(text: str) -> tuple[str, ...]:
    return tuple(rouge_tokenize(text, _STEMMER))


def _longest_common_subsequence(first: Sequence[str], second: Sequence[str]) -> int:
    """Length of the longest common subsequence, bit-parallel (Hyyrö, 2004): one integer holds a row of the table."""
    where: dict[str, int] = {}
    for at, token in enumerate(first):
        where[token] = where.get(token, 0) | 1 << at
    full = (1 << len(first)) - 1
    row = full
    for token in second:
        matched = row & where.get(token, 0)
        row = ((row + matched) | (row - matched)) & full
    return len(first) - row.bit_count()


def rouge_l_parts(prediction: str, reference: str) -> tuple[float, float, float]:
    """ROUGE-L precision, recall and F with rouge_score's tokenizer and stemmer; all 0 where either text has no token.

    Tokens are runs of a-z and 0-9: other letters separate, and other scripts score 0 (a property of rouge_score).

    Source: Lin, "ROUGE: A Package for Automatic Evaluation of Summaries", 2004.
    """
    predicted, wanted = _rouge_tokens(prediction), _rouge_tokens(reference)
    if not predicted or not wanted:
        return 0.0, 0.0, 0.0
    common = _longest_common_subsequence(wanted, predicted)
    precision, recall = common / len(predicted), common / len(wanted)
    return precision, recall, 2 * precision * recall / (precision + recall) if common else 0.0


def rouge_l(prediction: str, reference: str) -> float:
    """ROUGE-L F measure; see `rouge_l_parts`.

    >>> round(rouge_l("the cat sat", "the cat sat down"), 3)
    0.857
    """
    return rouge_l_parts(prediction, reference)[2]


def rouge_l_recall(prediction: str, reference: str) -> float:
    """ROUGE-L recall: share of the reference's tokens in the longest common subsequence; see `rouge_l_parts`."""
    return rouge_l_parts(prediction, reference)[1]


def forget_stems() -> None:
    """Empties the memories of stems and tokens, as a fresh process has them."""
    _STEMMER.stem.cache_clear()
    _rouge_tokens.cache_clear()
