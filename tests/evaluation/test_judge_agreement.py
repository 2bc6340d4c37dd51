"""Kappas against scikit-learn and closed forms, and the effect of the order."""

import random

import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score

from lethebench.evaluation.judges.agreement import cohen_kappa, fleiss_kappa, order_effect

FLEISS_1971 = [
    [0, 0, 0, 0, 14], [0, 2, 6, 4, 2], [0, 0, 3, 5, 6], [0, 3, 9, 2, 0], [2, 2, 8, 1, 1],
    [7, 7, 0, 0, 0], [3, 2, 6, 3, 0], [2, 5, 3, 2, 2], [6, 5, 2, 1, 0], [0, 2, 2, 3, 7],
]  # fmt: skip
"""Counts of verdicts 1 to 5 of 14 judges on ten answers; their kappa is .210 in many textbooks."""


@pytest.mark.parametrize("weights", [None, "linear", "quadratic"])
def test_cohen_kappa_equals_scikit_learn(weights):
    draw = random.Random(0)
    for low, high in ((0, 2), (1, 10), (0, 1)):
        for _ in range(20):
            first = [draw.randint(low, high) for _ in range(40)]
            second = [value if draw.random() < 0.6 else draw.randint(low, high) for value in first]
            labels = list(range(low, high + 1))
            expected = cohen_kappa_score(first, second, weights=weights, labels=labels)
            assert cohen_kappa(first, second, weights=weights) == pytest.approx(expected, abs=1e-12)


def test_cohen_kappa_closed_form_of_two_by_two():
    first = [1] * 20 + [1] * 5 + [0] * 10 + [0] * 15
    second = [1] * 20 + [0] * 5 + [1] * 10 + [0] * 15
    assert cohen_kappa(first, second) == pytest.approx((0.7 - 0.5) / (1 - 0.5))


def test_fleiss_kappa_of_a_published_table():
    verdicts = [[value for value, count in enumerate(row, start=1) for _ in range(count)] for row in FLEISS_1971]
    assert fleiss_kappa(verdicts) == pytest.approx(0.20993, abs=1e-5)


def test_fleiss_kappa_of_two_judges_is_scotts_pi():
    draw = random.Random(1)
    pairs = [[draw.randint(0, 2), draw.randint(0, 2)] for _ in range(50)]
    shares = np.bincount(np.ravel(pairs), minlength=3) / 100
    expected = (np.mean([one == two for one, two in pairs]) - (shares**2).sum()) / (1 - (shares**2).sum())
    assert fleiss_kappa(pairs) == pytest.approx(expected)


def test_kappa_is_none_without_variation():
    assert cohen_kappa([1, 1], [1, 1]) is None
    assert fleiss_kappa([[1, 1], [1, 1]]) is None
    assert cohen_kappa([1, 1], [0, 0]) == 0.0


@pytest.mark.parametrize(
    ("function", "arguments"),
    [(cohen_kappa, ([], [])), (cohen_kappa, ([1], [1, 2])), (fleiss_kappa, ([[1]],)), (fleiss_kappa, ([[1, 2], [1]],))],
)
def test_kappa_refuses_uneven_verdicts(function, arguments):
    with pytest.raises(ValueError, match="pass"):
        function(*arguments)


def test_order_effect_is_a_sign_test():
    effect = order_effect([0] * 12, [1] * 10 + [0] * 2)
    assert effect.difference == pytest.approx(10 / 12)
    assert effect.changed == pytest.approx(10 / 12)
    assert effect.p_value == pytest.approx(2 / 2**10)
    assert effect.n == 12
