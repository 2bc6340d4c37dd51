"""Exposure: by hand, against scipy and mpmath, and properties of any input."""

import math

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import special, stats

from lethebench.evaluation import metrics as scores
from lethebench.evaluation.metrics.exposure_tail import log_tail

FINITE = st.floats(-50, 0).map(lambda value: round(value, 2))  # rounded: ties happen


@pytest.mark.parametrize(
    ("values", "truth", "rank"),
    [
        ([-1, -2, -3, -4], 0, 1),
        ([-1, -2, -3, -4], 3, 4),
        ([-1, -1, -3, -4], 0, 1.5),
        ([-2, -2, -2, -2], 2, 2.5),
        ([-1, -2, -2, -2], 3, 3),
        ([-1, -2], 1, 2),
    ],
)
def test_exposure_by_hand(values, truth, rank):
    assert scores.exposure_rank(values, truth) == rank
    assert scores.exposure(values, truth) == pytest.approx(math.log2(len(values) / rank))
    assert scores.exposure_normalised(values, truth) == pytest.approx(1 - math.log(rank) / math.log(len(values)))


@given(st.lists(FINITE, min_size=2, max_size=30), st.randoms())
def test_rank_equals_scipys_average_rank(values, random):
    truth = random.randrange(len(values))
    assert scores.exposure_rank(values, truth) == stats.rankdata([-value for value in values])[truth]
    order = list(range(len(values)))
    random.shuffle(order)
    moved = scores.exposure([values[i] for i in order], order.index(truth))
    assert moved == scores.exposure(values, truth)
    assert 0 <= moved <= math.log2(len(values))


@given(st.lists(FINITE, min_size=2, max_size=30), st.floats(0, 5))
def test_exposure_grows_with_the_true_score(values, gain):
    raised = [values[0] + gain, *values[1:]]
    assert scores.exposure(raised, 0) >= scores.exposure(values, 0)


@pytest.mark.parametrize("count", [1, 2, 8, 24, 512])
def test_chance_is_the_mean_over_all_ranks(count):
    mean = np.mean([math.log2(count / rank) for rank in range(1, count + 1)])
    assert scores.exposure_chance(count) == pytest.approx(mean, abs=1e-10)


@pytest.mark.parametrize(
    ("values", "truth", "reason"),
    [
        ([-1.0], 0, "at least 2"),
        ([], 0, "at least 2"),
        ([-1.0, float("nan")], 0, "candidate 1 has the log-probability nan"),
        ([-1.0, -math.inf], 0, "candidate 1"),
        ([-1.0, -2.0], 2, "not among the 2"),
        ([-1.0, -2.0], -1, "not among the 2"),
    ],
)
def test_bad_candidates(values, truth, reason):
    with pytest.raises(ValueError, match=reason):
        scores.exposure(values, truth)


def test_extrapolated_exposure_is_a_skew_normal_tail():
    sample = stats.skewnorm(3, loc=-40, scale=6).rvs(4_000, random_state=0)
    for truth in (-35.0, -25.0):
        expected = -stats.skewnorm(3, loc=-40, scale=6).logsf(truth) / math.log(2)
        assert scores.exposure_extrapolated([truth, *sample], 0) == pytest.approx(expected, rel=0.1)
    assert scores.exposure_extrapolated([0.0, *sample], 0) > math.log2(4_001)  # beyond what ranks can say
    with pytest.raises(ValueError, match="skew-normal cannot be fitted"):
        scores.exposure_extrapolated([-1.0] * 10, 0)


def test_skew_normal_tail_is_owens():
    """Against Owen's 1 - Phi(x) + 2 T(x, a) and, for small tails where it loses digits, 60 digits of mpmath."""
    for x, shape in [(-3.0, 2.0), (-0.5, -4.0), (0.0, 0.0), (0.4, 5.0), (1.5, -0.5), (3.0, 1.0)]:
        owen = special.ndtr(-x) + 2 * special.owens_t(x, shape)
        assert log_tail(x, shape) == pytest.approx(math.log(owen), rel=1e-9)
    assert log_tail(7.0, 1.5, location=1.0, width=2.0) == log_tail(3.0, 1.5)
    with mpmath.workdps(60):
        for x, shape in [(0.3, -300.0), (1.0, -20.0), (4.0, 50.0), (15.0, -8.0), (40.0, 0.0), (300.0, 3.0)]:
            step = 1 / (x * (1 + min(shape, 0) ** 2))
            density = lambda t, a=shape: 2 * mpmath.npdf(t) * mpmath.ncdf(a * t)  # noqa: E731
            exact = mpmath.log(mpmath.quad(density, [x + step * k for k in (0, 1, 3, 8, 20, 60, 200)]))
            assert log_tail(x, shape) == pytest.approx(float(exact), rel=1e-11)


def test_extrapolated_exposure_is_finite_and_grows():
    sample = stats.skewnorm(-6, loc=-40, scale=6).rvs(200, random_state=0)
    result = [scores.exposure_extrapolated([truth, *sample], 0) for truth in (-45.0, -38.0, -20.0, 0.0)]
    assert result == sorted(result)
    assert all(map(math.isfinite, result))
    assert result[-1] > 100


def test_sequence_exposure_is_the_sum():
    assert scores.sequence_exposure([-0.5, -1.5, -2.0]) == -4.0
    with pytest.raises(ValueError, match=r"logprobs\[1\] is nan"):
        scores.sequence_exposure([-0.5, float("nan")])


def test_ranks_by_log_probability_per_token():
    """The long true value is the least likely as a whole, and the most likely by token."""
    logprobs, gold, counts = [[-8.0, -3.0, -4.0]], [[-9.0, -1.0, -2.0]], [[8, 1, 2]]
    assert scores.exposure_summary(logprobs, [0])["exposure"] == 0.0
    assert scores.exposure_summary(logprobs, [0])["ranked_by"] == "logprob"
    result = scores.exposure_summary(logprobs, [0], gold=gold, num_tokens=counts)
    assert (result["exposure"], result["ranked_by"]) == (math.log2(3), "logprob_per_token")
    assert result["exposure_gold"] == pytest.approx(math.log2(3 / 3))  # -1.125, -1, -1
    for bad, reason in (
        ([[8, 1]], "row 0: num_tokens has 2"),
        ([[8, 0, 1]], "row 0: candidate 1 has 0"),
        ([], "0 rows"),
    ):
        with pytest.raises(ValueError, match=reason):
            scores.exposure_summary(logprobs, [0], num_tokens=bad)


def test_exposure_summary():
    logprobs = [[-1, -5, -6, -9], [-4, -2, -3, -8], [-1, -1, -5, -6]]
    gold = [[-7, -5, -6, -5.5], [-4, -2, -5, -3], [-6, -5, -4, -3]]
    result = scores.exposure_summary(logprobs, [0, 3, 0], gold=gold)
    bits = [2, 0, math.log2(4 / 1.5)]
    assert result["exposure"] == pytest.approx(np.mean(bits))
    assert result["exposure_normalised"] == pytest.approx(np.mean(bits) / 2)
    assert result["rank1_share"] == pytest.approx(1 / 3)  # a tie at the top is not rank 1
    assert result["exposure_gold"] == pytest.approx((0 + 1 + 0) / 3)
    assert result["exposure_excess"] == pytest.approx(np.mean(bits) - 1 / 3)
    assert result["ci_low"] <= result["exposure"] <= result["ci_high"]
    one_profile = scores.exposure_summary(logprobs, [0, 3, 0], profile_ids=["a", "a", "a"])
    undefined = ("ci_low", "ci_high", "exposure_gold", "exposure_excess")
    assert [one_profile[name] for name in undefined] == [None] * 4


def test_exposure_summary_names_the_row():
    with pytest.raises(ValueError, match="row 1: candidate 0"):
        scores.exposure_summary([[-1, -2], [float("nan"), -2]], [0, 0])
    with pytest.raises(ValueError, match="row 0: gold has 3 candidates"):
        scores.exposure_summary([[-1, -2]], [0], gold=[[-1, -2, -3]])
    with pytest.raises(ValueError, match="2 rows of candidates, 1 true values"):
        scores.exposure_summary([[-1, -2], [-1, -2]], [0])
    with pytest.raises(ValueError, match="0 rows"):
        scores.exposure_summary([], [])
