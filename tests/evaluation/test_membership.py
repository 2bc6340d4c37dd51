"""Membership scores and privacy leakage: by hand, against scikit-learn and scipy, and properties of any input."""

import math
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special, stats
from sklearn.metrics import roc_auc_score

from lethebench.evaluation import metrics as scores

TOKENS = st.lists(st.floats(-30, 0), min_size=1, max_size=40)
TEN = [-0.1, -0.2, -3.0, -0.4, -5.0, -0.6, -0.7, -4.0, -0.9, -1.0]


def test_scores_by_hand():
    assert scores.loss_score(TEN) == pytest.approx(-1.59)
    assert scores.min_k(TEN, 10) == -5.0
    assert scores.min_k(TEN, 20) == -4.5
    assert scores.min_k(TEN, 40) == pytest.approx(-(5 + 4 + 3 + 1) / 4)
    assert scores.min_k(TEN, 29) == -4.5  # 2.9 tokens: rounded down
    assert scores.min_k([-2.0], 10) == -2.0  # at least one
    assert scores.min_k(TEN, 100) == pytest.approx(scores.loss_score(TEN))
    assert scores.zlib_score(TEN, "Łódź") == pytest.approx(-1.59 / len(zlib.compress("Łódź".encode())))
    assert math.isfinite(scores.zlib_score([-1.0], "\ud800"))
    # (log p - mean) / deviation of the tokens: 0, -2, 3
    assert scores.min_k_plus_plus([-1, -3, -1], [-1, -2, -4], [1, 0.5, 1], 40) == -2.0
    assert scores.min_k_plus_plus([-1, -3, -1], [-1, -2, -4], [1, 0.5, 1], 100) == pytest.approx(1 / 3)
    assert scores.min_k_plus_plus([0.0, -3.0], [0.0, -4.0], [0.0, 1.0], 50) == 0.0  # a model that is certain


def test_min_k_plus_plus_from_whole_distributions():
    """Mean and deviation by definition over a vocabulary, against scipy's expectation."""
    logits = np.random.default_rng(0).normal(size=(12, 50)) * 3
    logp = special.log_softmax(logits, axis=1)
    means = [
        stats.rv_discrete(values=(range(50), np.exp(row))).expect(lambda at, row=row: row[at.astype(int)])
        for row in logp
    ]
    squares = (np.exp(logp) * logp**2).sum(1)
    deviations = np.sqrt(squares - np.square(means))
    own = logp[np.arange(12), np.arange(12)]
    expected = sorted((own[at] - means[at]) / deviations[at] for at in range(12))[:2]
    assert scores.min_k_plus_plus(own, means, deviations, 20) == pytest.approx(np.mean(expected), rel=1e-12)


def test_all_scores_of_an_answer():
    plain = scores.membership_scores(TEN, "an answer")
    assert plain == {
        "loss": scores.loss_score(TEN),
        "zlib": scores.zlib_score(TEN, "an answer"),
        **{f"min_k_{k}": scores.min_k(TEN, k) for k in (10, 20, 40)},
    }
    both = scores.membership_scores(TEN, "an answer", means=[-2.0] * 10, deviations=[0.5] * 10)
    assert set(both) - set(plain) == {"min_k_plus_plus_10", "min_k_plus_plus_20", "min_k_plus_plus_40"}
    assert both["min_k_plus_plus_20"] == pytest.approx((-4.5 + 2) / 0.5)


@settings(max_examples=100, deadline=None)
@given(TOKENS, st.floats(1, 100), st.randoms())
def test_min_k_is_the_mean_of_the_least_likely(tokens, k, random):
    value = scores.min_k(tokens, k)
    assert min(tokens) - 1e-9 <= value <= scores.loss_score(tokens) + 1e-9
    assert value == pytest.approx(np.mean(sorted(tokens)[: max(1, int(len(tokens) * k / 100))]), abs=1e-12)
    shuffled = random.sample(tokens, len(tokens))
    assert scores.min_k(shuffled, k) == pytest.approx(value, abs=1e-12)
    raised = [tokens[0] / 2, *tokens[1:]]
    assert scores.min_k(raised, k) >= value - 1e-12


@pytest.mark.parametrize(
    ("call", "reason"),
    [
        (lambda: scores.loss_score([]), "logprobs must be a list of at least one"),
        (lambda: scores.loss_score([-1.0, float("nan")]), r"logprobs\[1\] is nan"),
        (lambda: scores.min_k([-1.0, -math.inf]), r"logprobs\[1\] is -inf"),
        (lambda: scores.min_k([-1.0], 0), "k is 0"),
        (lambda: scores.min_k([-1.0], 101), "k is 101"),
        (lambda: scores.min_k_plus_plus([-1.0], [-1.0, -1.0], [1.0]), "means has 2 rows where 1"),
        (lambda: scores.min_k_plus_plus([-1.0], [-1.0], [-0.5]), r"deviations\[0\] is -0.5"),
        (lambda: scores.auc([], []), "scores must be a list of at least one"),
        (lambda: scores.auc([1.0, 2.0], [1]), "members has 1 rows where 2"),
        (lambda: scores.auc([1.0, 2.0], [1, 2]), r"members\[1\] is 2"),
        (lambda: scores.auc([1.0, 2.0], [1, None]), r"members\[1\] is None"),
        (lambda: scores.auc([1.0, 2.0], [1, 1]), "all 2 rows are members"),
        (lambda: scores.auc([1.0, float("inf")], [1, 0]), r"scores\[1\] is inf"),
        (lambda: scores.privacy_leakage([1.0, 2.0], [1, 0], [1.0, None]), r"gold\[1\] is nan"),
        (lambda: scores.privacy_leakage([1.0, 2.0], [1, 0], [1.0]), "gold has 1 rows where 2"),
        (lambda: scores.privacy_leakage([1.0, 2.0], [1, 0], [2.0, 1.0]), "gold model's AUC is 1.0"),
        (lambda: scores.privacy_leakage([1.0, 2.0], [1, 0], [1.0, 2.0]), "gold model's AUC is 0.0"),
    ],
)
def test_bad_input_names_the_place(call, reason):
    with pytest.raises(ValueError, match=reason):
        call()


@st.composite
def marked(draw):
    values = draw(st.lists(st.integers(-5, 5).map(float), min_size=2, max_size=60))
    members = draw(st.lists(st.integers(0, 1), min_size=len(values), max_size=len(values)))
    return values, [1, 0, *members[2:]]


@settings(max_examples=100, deadline=None)
@given(marked(), st.randoms())
def test_auc_equals_scikit_learns(rows, random):
    values, members = rows
    value = scores.auc(values, members)
    assert value == pytest.approx(roc_auc_score(members, values), abs=1e-12)
    order = random.sample(range(len(values)), len(values))
    assert scores.auc([values[i] for i in order], [members[i] for i in order]) == pytest.approx(value, abs=1e-12)
    assert scores.auc([-v for v in values], members) == pytest.approx(1 - value, abs=1e-12)
    assert scores.auc(np.exp(values), members) == pytest.approx(value, abs=1e-12)  # ranks alone count


def test_leakage_by_hand():
    members = [1, 1, 0, 0]
    values, gold = [4.0, 2.0, 3.0, 1.0], [2.0, 2.0, 3.0, 1.0]  # AUC 3/4 and 2/4
    result = scores.privacy_leakage(values, members, gold)
    assert (result["auc"], result["auc_gold"]) == (0.75, 0.5)
    assert result["privacy_leakage"] == pytest.approx(50.0)
    assert result["privleak_muse"] == pytest.approx(((1 - 0.75) - (1 - 0.5)) / (1 - 0.5) * 100) == pytest.approx(-50.0)
    assert (result["flags"], result["n"]) == ([], 4)
    without_gold = scores.privacy_leakage(values, members)
    assert [without_gold[name] for name in ("auc_gold", "privacy_leakage", "privleak_muse")] == [None] * 3
    assert (without_gold["auc"], without_gold["flags"]) == (0.75, ["no_gold"])
    assert scores.privacy_leakage(gold, members, gold)["privacy_leakage"] == 0.0


def test_flags():
    members = [1] * 4 + [0] * 5
    apart = [*range(5, 9), *range(5)]
    low = [0.0, 1, 2, 8, 3, 4, 5, 6, 7]  # AUC 5/20
    result = scores.privacy_leakage(apart, members, low)
    assert (result["auc"], result["auc_gold"]) == (1.0, 0.25)
    assert (result["privacy_leakage"], result["flags"]) == (300.0, ["auc_extreme", "leakage_extreme"])
    assert scores.privacy_leakage([-v for v in apart], members)["flags"] == ["no_gold", "auc_extreme"]


def test_interval_resamples_profiles():
    random = np.random.default_rng(3)
    members = [1] * 60 + [0] * 60
    values = random.normal(size=120) + np.array(members)
    result = scores.privacy_leakage(values, members)
    assert result["ci_low"] < result["auc"] < result["ci_high"]
    # Hanley and McNeil's standard error of the area
    a = result["auc"]
    error = math.sqrt((a * (1 - a) + 59 * (a / (2 - a) - a**2) + 59 * (2 * a**2 / (1 + a) - a**2)) / 3600)
    assert result["ci_high"] - result["ci_low"] == pytest.approx(2 * 1.96 * error, rel=0.15)
    clustered = scores.privacy_leakage(values, members, profile_ids=[row // 20 for row in range(120)])
    assert clustered["ci_low"] != result["ci_low"]
    assert scores.privacy_leakage(values, members, profile_ids=["a"] * 120)["ci_low"] is None
