"""Measure how often a lookup over other subjects finds a value."""

from collections import Counter, defaultdict
from collections.abc import Hashable, Sequence


def lookup(targets: Sequence[str], clues: Sequence[Hashable]) -> list[float]:
    """Return for each subject whether the commonest target among all others with its clue is its own, in [0, 1].

    Where n values are equally common, one of them is drawn: 1 / n if the own value is among them.
    """
    values: dict[Hashable, Counter[str]] = defaultdict(Counter)
    for target, clue in zip(targets, clues, strict=True):
        values[clue][target] += 1
    scores: dict[tuple[Hashable, str], float] = {}
    for clue, counts in values.items():
        sizes = list(counts.values())
        most = max(sizes)
        for target, count in counts.items():
            alone = count == most > 1 and sizes.count(most) == 1  # else, without its own, another value is ahead
            scores[clue, target] = 1 / (1 + sizes.count(most - 1)) if alone else 0.0
    return [scores[clue, target] for target, clue in zip(targets, clues, strict=True)]


def commonest(targets: Sequence[str]) -> float:
    """Return the share of the commonest value, in (0, 1]."""
    counts = Counter(targets)
    return max(counts.values()) / counts.total()
