"""How well verdicts agree: Cohen's and Fleiss' kappa, and whether the order of a prompt moves them."""

from collections.abc import Sequence
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray


def cohen_kappa(
    first: Sequence[int], second: Sequence[int], *, weights: Literal["linear", "quadratic"] | None = None
) -> float | None:
    """Return the agreement of two judges on the same answers beyond chance, at most 1; None where it is not defined.

    Args:
        first, second: one verdict or class per answer.
        weights: count a disagreement by its distance on the scale; None counts every one alike.

    Returns:
        1 - sum(w * observed) / sum(w * expected); None where both judges always give one same verdict.

    Raises:
        ValueError: no answers, or lists of different lengths.

    Source: Cohen, "A coefficient of agreement for nominal scales", 1960; with weights: Cohen, 1968.

    >>> cohen_kappa([0, 0, 1, 1], [0, 0, 1, 0])
    0.5
    """
    if len(first) != len(second) or not len(first):
        raise ValueError(f"{len(first)} and {len(second)} verdicts: pass one of each judge for every answer")
    low, high = min(*first, *second), max(*first, *second)
    size = high - low + 1
    observed = np.zeros((size, size))
    np.add.at(observed, (np.asarray(first) - low, np.asarray(second) - low), 1)
    expected = np.outer(observed.sum(1), observed.sum(0)) / len(first)
    distance = np.abs(np.subtract.outer(np.arange(size), np.arange(size))).astype(float)
    cost = {None: (distance > 0).astype(float), "linear": distance, "quadratic": distance**2}[weights]
    by_chance = float((cost * expected).sum())
    return None if by_chance == 0 else float(1 - (cost * observed).sum() / by_chance)


def fleiss_kappa(verdicts: Sequence[Sequence[int]]) -> float | None:
    """Return the agreement of several judges, or of repeated verdicts, beyond chance; None where it is not defined.

    Args:
        verdicts: for each answer its verdicts, the same number of at least 2 for every answer.

    Raises:
        ValueError: no answers, or not the same number of verdicts for all.

    Source: Fleiss, "Measuring nominal scale agreement among many raters", 1971.

    >>> fleiss_kappa([[0, 0, 0], [1, 1, 1]])
    1.0
    """
    counts = {len(row) for row in verdicts}
    if len(counts) != 1 or min(counts) < 2:
        raise ValueError("pass the same number of verdicts, at least 2, for every answer")
    raters = counts.pop()
    values = sorted({value for row in verdicts for value in row})
    table = np.array([[row.count(value) for value in values] for row in map(list, verdicts)], dtype=float)
    by_answer = ((table**2).sum(1) - raters) / (raters * (raters - 1))
    by_chance = float(((table.sum(0) / table.sum()) ** 2).sum())
    return None if by_chance == 1 else float((by_answer.mean() - by_chance) / (1 - by_chance))


class OrderEffect(NamedTuple):
    """What showing the answer before the truth, instead of after it, changes.

    Attributes:
        difference: Mean verdict with the answer first minus that with the truth first.
        changed: Share of the answers whose verdict changes.
        p_value: Of the two-sided sign test: small if verdicts change in one direction more often than by chance.
        n: Number of answers.
    """

    difference: float
    changed: float
    p_value: float
    n: int


def order_effect(truth_first: Sequence[int], answer_first: Sequence[int]) -> OrderEffect:
    """Return the effect of the order on the verdicts on the same answers.

    >>> order_effect([2, 2, 0, 1], [2, 2, 0, 1])
    OrderEffect(difference=0.0, changed=0.0, p_value=1.0, n=4)
    """
    from scipy.stats import binomtest

    if len(truth_first) != len(answer_first) or not len(truth_first):
        raise ValueError(f"{len(truth_first)} and {len(answer_first)} verdicts: pass one of each order per answer")
    differences: NDArray[np.int64] = np.asarray(answer_first) - np.asarray(truth_first)
    changed = int((differences != 0).sum())
    p_value = float(binomtest(int((differences > 0).sum()), changed).pvalue) if changed else 1.0
    count = len(differences)
    return OrderEffect(float(differences.mean()), changed / count, p_value, count)
