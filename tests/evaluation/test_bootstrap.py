"""Bootstrap intervals: against normal intervals, by rows and by profiles, and undefined ones."""

import statistics

import numpy as np
import pytest

from lethebench.evaluation import metrics as scores
from lethebench.evaluation.metrics.bootstrap import mean_difference


def test_bootstrap_mean_is_near_the_normal_interval():
    values = np.random.default_rng(1).normal(size=400)
    low, high = scores.bootstrap_mean(values, resamples=4_000)
    half = 1.96 * values.std() / 20
    assert (low, high) == pytest.approx((values.mean() - half, values.mean() + half), abs=0.02)
    assert scores.bootstrap_mean(values, seed=3) == scores.bootstrap_mean(values, seed=3)
    assert scores.bootstrap_mean(values, seed=3) != scores.bootstrap_mean(values, seed=4)


def test_bootstrap_resamples_profiles():
    values = [0.0] * 50 + [1.0] * 50
    profiles = ["a"] * 50 + ["b"] * 50
    assert scores.bootstrap_mean(values, clusters=profiles) == (0.0, 1.0)
    low, high = scores.bootstrap_mean(values)
    assert 0.3 < low < high < 0.7
    generic = scores.bootstrap(lambda rows: np.array(values)[rows].mean(), 100, clusters=profiles)
    assert generic == (0.0, 1.0)
    with pytest.raises(ValueError, match="99 profile ids for 100 rows"):
        scores.bootstrap_mean(values, clusters=profiles[1:])


def test_no_interval_from_one_profile():
    assert scores.bootstrap_mean([1.0]) == (None, None)
    assert scores.bootstrap(lambda rows: None, 5) == (None, None)
    with pytest.raises(ValueError, match="at least one"):
        scores.bootstrap_mean([])
    with pytest.raises(ValueError, match="finite"):
        scores.bootstrap_mean([1.0, float("nan")])


def test_over_seeds():
    result = scores.over_seeds([0.2, 0.4, 0.9])
    assert (result["mean"], result["std"]) == pytest.approx((0.5, statistics.stdev([0.2, 0.4, 0.9])))
    assert result["n"] == 3
    assert scores.over_seeds([0.3]) == {"mean": 0.3, "std": None, "n": 1}
    with pytest.raises(ValueError, match=r"values\[1\] is nan"):
        scores.over_seeds([0.3, None])


def test_mean_difference():
    values, first = [1.0, 0.5, 0.0, 0.25, 0.0], [True, False, True, False, False]
    value, low, high = mean_difference(values, first)
    assert value == 0.25
    assert low <= value <= high
    # with profiles of one row of each side, resampling cannot take the sides apart
    kinds = [True, False] * 30
    same = [value for number in range(30) for value in (number / 30, number / 30)]
    _, *interval = mean_difference(same, kinds, clusters=[row // 2 for row in range(60)])
    assert interval == pytest.approx([0, 0], abs=1e-12)
    apart = mean_difference(same, kinds)
    assert apart[1] < -0.05 < 0.05 < apart[2]
    for kind in (True, False):
        with pytest.raises(ValueError, match="on both sides"):
            mean_difference([0.5, 1.0], [kind, kind])
