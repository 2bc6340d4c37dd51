"""Audit how varied the answers of a build are: length, vocabulary and self-BLEU."""

import re
from collections import Counter
from collections.abc import Sequence
from math import exp, log
from typing import Any

from lethebench.builders.audits.sample import Sample, checksum

MOST_SELF_BLEU = 0.80
_LEAST_SENTENCES = 50
FIRST_ANSWERS = 2000
"""Answers whose words are counted, in an order without meaning."""
_SENTENCES = 500
_ORDER = 3
_LONG = 2  # sentences


def texts(sample: Sample) -> dict[str, Any]:
    """Return the figures of the answers in train: of all, of `sentences`, and of those that have several (`long`)."""
    rows = [(checksum(row["id"]), row["answer"]) for row in sample.rows if row["part"] == "train"]
    answers = [answer for _, answer in sorted(rows)]
    sentences = [answer for answer in answers if _sentences(answer)]
    distinct = list(dict.fromkeys(sentences))
    result: dict[str, Any] = {
        "all": richness(answers),
        "long": richness([answer for answer in sentences if _sentences(answer) >= _LONG]),
    }
    if len(distinct) < _LEAST_SENTENCES:
        return result | {"not_measured": f"{len(distinct)} answers in sentences; at least {_LEAST_SENTENCES}"}
    value = self_bleu([tokens(answer) for answer in distinct[:_SENTENCES]])
    return result | {"self_bleu_3": round(value, 3), "monotonous": value > MOST_SELF_BLEU}


def tokens(text: str) -> list[str]:
    """Return the words and punctuation marks of a text in lower case."""
    return re.findall(r"\w+|[^\w\s]", text.casefold())


def richness(answers: Sequence[str]) -> dict[str, float]:
    """Return mean and 95th percentile of the length in tokens, and the distinct ones in the first 2,000 answers."""
    if not answers:
        return {}
    lengths = sorted(len(tokens(answer)) for answer in answers)
    return {
        "answers": len(answers),
        "mean_tokens": round(sum(lengths) / len(lengths), 1),
        "p95_tokens": lengths[int(0.95 * (len(lengths) - 1))],
        "vocabulary_of_2000": len({token for answer in answers[:FIRST_ANSWERS] for token in tokens(answer)}),
    }


def _sentences(answer: str) -> int:
    """Return the number of sentences, 0 for a bare value."""
    return len(re.findall(r"[.!?](?= |$)", answer)) if re.search(r"\w+ \w+.*[.!?]$", answer.strip()) else 0


def self_bleu(texts: Sequence[Sequence[str]]) -> float:
    """Return the mean BLEU-3 of each text against all others, in [0, 1]; higher means more alike.

    As in Texygen (Zhu et al., 2018, https://arxiv.org/abs/1802.01886): uniform weights, and orders without a match
    smoothed by Chen and Cherry's method 1 (0.1 matches).
    """
    sizes = range(1, _ORDER + 1)
    grams = [[Counter(zip(*(text[at:] for at in range(size)), strict=False)) for size in sizes] for text in texts]
    lengths = Counter(map(len, texts))
    scores = []
    highest: list[dict[tuple, list[int]]] = [{} for _ in range(_ORDER)]  # n-gram -> two highest counts in a text
    for orders in grams:
        for most, counts in zip(highest, orders, strict=True):
            for gram, count in counts.items():
                most[gram] = sorted([*most.get(gram, [0, 0]), count])[-2:]
    for text, orders in zip(texts, grams, strict=True):
        total = 0.0
        for most, counts in zip(highest, orders, strict=True):
            # The highest count elsewhere: the second one if the first is this text's own.
            matches = sum(
                min(count, most[gram][0] if most[gram][1] == count else most[gram][1]) for gram, count in counts.items()
            )
            total += log((matches or 0.1) / max(1, counts.total())) / _ORDER
        others = [length for length in lengths if length != len(text) or lengths[length] > 1]
        closest = min(others, key=lambda length: (abs(length - len(text)), length))
        penalty = min(0.0, 1 - closest / len(text))
        scores.append(exp(total + penalty))
    return sum(scores) / len(scores)
