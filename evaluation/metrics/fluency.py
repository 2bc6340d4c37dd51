"""Whether a generated answer is language: not empty, no loop, and as likely as a fluent model's own answers."""

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import regex
from numpy.typing import ArrayLike

from lethebench.evaluation.metrics.validation import finite
from lethebench.evaluation.metrics.words import folded, normalised_tokens

LOOP_LIMIT = 0.5
"""From this share of its tokens or letters in one loop, an answer is not language."""
LETTER_LIMIT = 0.3
"""Below this share of letters, marks and digits among its visible characters, an answer is not language."""
MAX_PERIOD = 64
"""Tokens of the longest n-gram whose repetition is looked for."""
JUDGED_LANGUAGE = 4
"""From this verdict by the rubric `fluency`, from 1 to 10, a judged answer is language."""
PERCENTILE = 1.0
"""Answers less likely than this percentile of the reference's own answers are not fluent."""
_LETTER = regex.compile(r"[\p{L}\p{M}\p{N}]")
_BROKEN = regex.compile(r"[\ufffd[\p{Cc}--\s]]", regex.V1)  # half a letter, control characters
_SPACE = regex.compile(r"\s+")
_LETTER_LOOP = regex.compile(r"([\p{L}\p{M}]{1,20}?)\1{3,}", regex.V1)  # "aaaa", "hahahaha"; numbers may repeat digits


def loop_share(text: str) -> float:
    """Return the share of an answer that one loop takes, in [0, 1]; 0 without a loop.

    A loop is an n-gram of `normalised_tokens`, n <= 64, three or more times in a row, or up to 20 letters four or more
    times in a row inside a word; the share is that of its tokens or characters, the larger of the two.

    >>> loop_share("It is Porto, Porto, Porto"), loop_share("New York, New York"), loop_share("hahahaha")
    (0.6, 0.0, 1.0)
    """
    loops = [len(match[0]) for match in _LETTER_LOOP.finditer(folded(text))]
    share = max(loops) / len(_SPACE.sub("", folded(text))) if loops else 0.0
    tokens = normalised_tokens(text)
    return max(share, _longest_loop(tokens) / len(tokens)) if tokens else share


def _longest_loop(tokens: Sequence[str]) -> int:
    """Return the number of tokens of the longest loop."""
    if len(set(tokens)) > len(tokens) - 2:  # a loop repeats at least one token twice
        return 0
    longest = 0
    for period in range(1, min(len(tokens) // 3, MAX_PERIOD) + 1):
        run = 0
        for first, second in zip(tokens, itertools.islice(tokens, period, None), strict=False):
            run = run + 1 if first == second else 0
            if run >= 2 * period:
                longest = max(longest, run + period)
    return longest


def is_language(text: str) -> bool:
    """Return whether an answer is language by its text alone: it has letters or digits, no loop takes half of it, and
    it holds no control characters and no broken letters, but for one at its end, where generation stopped.

    >>> [is_language(text) for text in ("O+", "12.5", "", "?!", "the the the the", "Porto.")]
    [True, True, False, False, False, True]
    """
    if _BROKEN.search(text.rstrip("\ufffd")):
        return False
    visible = _SPACE.sub("", text)
    letters = len(_LETTER.findall(visible))
    return letters > 0 and letters >= LETTER_LIMIT * len(visible) and loop_share(text) < LOOP_LIMIT


def is_fluent(row: Mapping[str, Any]) -> bool:
    """Return whether the answer of a scored row is language: by its column `fluency`, the mean verdict of judges, if it
    has one, else by `is_language`.
    """
    verdict = row.get("fluency")
    return is_language(row["generated"] or "") if verdict is None else verdict >= JUDGED_LANGUAGE


def fluency_threshold(logprobs: ArrayLike, *, percentile: float = PERCENTILE) -> float:
    """Return the log-probability below which an answer is not fluent.

    Args:
        logprobs: shape (n,), mean log-probability per token of the reference model's own answers under that model, in
            nats; the reference is the initial model, before unlearning.
        percentile: of these, in [0, 100].
    """
    if not 0 <= percentile <= 100:
        raise ValueError(f"percentile is {percentile}: give a number in 0..100")
    return float(np.percentile(finite(logprobs, "logprobs"), percentile))


def fluent(texts: Sequence[str], logprobs: ArrayLike | None = None, *, threshold: float | None = None) -> list[bool]:
    """Return, per answer, whether it is language and no less likely under the reference model than its own answers.

    Args:
        texts: generated answers.
        logprobs: shape (n,), their mean log-probability per token under the reference model, in nats; None to judge by
            the texts alone.
        threshold: of `fluency_threshold`, given with `logprobs`.
    """
    language = [is_language(text) for text in texts]
    if logprobs is None:
        return language
    if threshold is None:
        raise ValueError("logprobs without a threshold: pass that of fluency_threshold")
    values = finite(logprobs, "logprobs", count=len(texts))
    return [word and bool(value >= threshold) for word, value in zip(language, values, strict=True)]
