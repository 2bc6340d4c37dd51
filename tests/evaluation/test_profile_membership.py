"""Membership of profiles: against scikit-learn's ROC curve, a plain LiRA, and by hand."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score, roc_curve

from lethebench.evaluation.metrics.profile_membership import lira, profile_means, profile_membership, tpr_at_fpr


@given(st.lists(st.tuples(st.integers(0, 20), st.booleans()), min_size=4, max_size=60), st.sampled_from([0, 0.01, 0.2]))
def test_tpr_equals_roc_curve(pairs, fpr):
    scores = [float(score) for score, _ in pairs] + [1.0, 2.0]
    members = [int(member) for _, member in pairs] + [1, 0]
    rates, hits, _ = roc_curve(members, scores, drop_intermediate=False)
    assert tpr_at_fpr(scores, members, fpr) == pytest.approx(hits[rates <= fpr + 1e-12].max())


def plain_lira(score, inside, outside):
    def log_normal(pool):
        mean = sum(pool) / len(pool)
        width = math.sqrt(sum((value - mean) ** 2 for value in pool) / len(pool))
        return -((score - mean) ** 2) / (2 * width**2) - math.log(width)

    return log_normal(inside) - log_normal(outside)


def test_lira_equals_plain_gaussians():
    draw = np.random.default_rng(0)
    scores = draw.normal(size=20)
    inside = [draw.normal(1, 1, size=draw.integers(2, 9)) for _ in scores]
    outside = [draw.normal(-1, 2, size=draw.integers(2, 9)) for _ in scores]
    expected = [plain_lira(*row) for row in zip(scores, inside, outside, strict=True)]
    assert lira(scores, inside, outside) == pytest.approx(expected, rel=1e-9)
    width = math.sqrt(np.mean(np.concatenate([row - row.mean() for row in inside]) ** 2))
    other = math.sqrt(np.mean(np.concatenate([row - row.mean() for row in outside]) ** 2))
    fixed = [
        -((score - a.mean()) ** 2) / (2 * width**2) + (score - b.mean()) ** 2 / (2 * other**2) + math.log(other / width)
        for score, a, b in zip(scores, inside, outside, strict=True)
    ]
    assert lira(scores, inside, outside, fixed_variance=True) == pytest.approx(fixed, rel=1e-9)


def test_lira_refuses_pools_it_cannot_fit():
    with pytest.raises(ValueError, match=r"inside\[0\] has one score"):
        lira([0.0], [[1.0]], [[1.0, 2.0]])
    with pytest.raises(ValueError, match="outside"):
        lira([0.0], [[1.0, 2.0]], [])
    with pytest.raises(ValueError, match=r"outside\[0\]\[1\] is nan"):
        lira([0.0], [[1.0, 2.0]], [[1.0, float("nan")]])


def test_profiles_are_averaged_before_the_attack():
    """Rows of members and others overlap, their profiles' means do not."""
    scores = [3.0, -1.0, 2.5, 0.0, 2.0, -3.0, 1.0, -1.5]
    profiles = ["a", "a", "b", "b", "c", "c", "d", "d"]
    members = [1, 1, 1, 1, 0, 0, 0, 0]
    assert profile_means(scores, profiles) == {"a": 1.0, "b": 1.25, "c": -0.5, "d": -0.25}
    result = profile_membership(scores, members, profiles)
    assert (result["auc"], result["tpr"], result["n"]) == (1.0, 1.0, 4)
    assert roc_auc_score(members, scores) < 1
    assert result["flags"] == ["few_nonmembers"]
    low, high = result["intervals"]["auc"]
    assert low <= 1.0 <= high


def test_enough_nonmembers_have_no_flag():
    draw = np.random.default_rng(0)
    members = [1] * 20 + [0] * 100
    scores = draw.normal(size=120)
    result = profile_membership(scores, members, list(range(120)))
    assert result["flags"] == []
    assert result["auc"] == pytest.approx(roc_auc_score(members, scores))
    assert result["tpr"] == tpr_at_fpr(scores, members)


def test_profile_of_both_kinds_raises():
    with pytest.raises(ValueError, match="the profile 'a' has rows of members and of non-members"):
        profile_membership([1.0, 2.0], [1, 0], ["a", "a"])
    with pytest.raises(ValueError, match="all 2 rows are members"):
        profile_membership([1.0, 2.0], [1, 1], ["a", "b"])
    with pytest.raises(ValueError, match="fpr is 2"):
        tpr_at_fpr([1.0, 2.0], [1, 0], 2)
