"""Scores of a generated text against the right answer, in [0, 1], higher is better.

`exact_match`, `keyword_match` and `substring_match` work on the normalized tokens of `words`: Unicode NFKC, case
folded, split into words and numbers. A number keeps its inner separators (`12.5` and `2024-03-11` are one token each),
symbols that carry meaning (`+ - % # & @ /` and signs of currencies) are separate tokens, other punctuation is dropped.
So "male" does not match "female", nor "12" "12.5", nor "A+" "A-".
"""

import math
from collections.abc import Sequence

import regex

from lethebench.evaluation.metrics.words import folded, normalised_tokens, rouge_tokens


def exact_match(prediction: str, reference: str) -> float:
    """Return 1 if prediction and reference have the same normalized tokens, else 0.

    A reference without tokens, such as an emoji, is compared as text.

    >>> exact_match("o Negative.", "O negative")
    1.0
    """
    tokens = normalised_tokens(reference)
    if not tokens:
        return float(folded(prediction).strip() == folded(reference).strip())
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
    within = regex.escape(normalized) + r"(?!\p{M})"  # a vowel sign is part of its letter
    return float(bool(normalized) and regex.search(within, " ".join(normalised_tokens(prediction))) is not None)


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
    """Return ROUGE-L precision, recall and F over `rouge_tokens`; 0 for a prediction without tokens.

    A reference without tokens cannot be measured: all three are NaN. The tokens of text in Latin letters, and so the
    scores, are those of rouge_score with its stemmer.

    Source: Lin, "ROUGE: A Package for Automatic Evaluation of Summaries", 2004.
    """
    predicted, expected = rouge_tokens(prediction), rouge_tokens(reference)
    if not expected:
        return math.nan, math.nan, math.nan
    if not predicted:
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
