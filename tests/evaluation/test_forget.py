"""Truth ratio, forget quality and forget score: by hand, against scipy, and properties of any input."""

import math

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from lethebench.evaluation import metrics as scores

# --- truth ratio and forget quality


def test_truth_ratio_by_hand():
    wrong = [(math.log(0.04), 2), (math.log(0.1), 1)]  # 0.2 and 0.1 per token
    right = [(math.log(0.16), 2)]  # 0.4 per token
    assert scores.truth_ratio(wrong, right) == pytest.approx(math.sqrt(0.2 * 0.1) / 0.4)
    assert scores.truth_ratio(wrong, [], (math.log(0.25), 2)) == pytest.approx(math.sqrt(0.2 * 0.1) / 0.5)
    assert scores.truth_ratio(right, wrong) == pytest.approx(1 / scores.truth_ratio(wrong, right))
    assert scores.truth_ratio(right, right) == 1.0
    assert 0 < scores.truth_ratio([(-1e6, 1)], [(-1.0, 1)]) < 1e-300
    assert math.isfinite(scores.truth_ratio([(-1.0, 1)], [(-1e6, 1)]))


def test_truth_ratio_needs_both_sides():
    for wrong, right in (([], [(-1.0, 1)]), ([(-1.0, 1)], [])):
        with pytest.raises(ValueError, match="wrong and right answers"):
            scores.truth_ratio(wrong, right)
    with pytest.raises(ValueError, match="nan over 2 tokens"):
        scores.truth_ratio([(float("nan"), 2)], [(-1.0, 1)])


def test_probability():
    assert scores.probability(2 * math.log(0.5), 2) == pytest.approx(0.5)
    with pytest.raises(ValueError, match="at least one token"):
        scores.probability(0.0, 0)


RATIOS = st.lists(st.floats(1e-3, 1e3), min_size=2, max_size=40)


@settings(max_examples=50, deadline=None)
@given(RATIOS, RATIOS)
def test_forget_quality_equals_scipys_test(ratios, gold):
    result = scores.forget_quality(ratios, gold)
    test = stats.ks_2samp(ratios, gold)
    assert result["forget_quality"] == pytest.approx(min(test.pvalue, 1.0))
    assert result["log10_forget_quality"] == pytest.approx(math.log10(min(test.pvalue, 1.0)), abs=1e-9)
    assert result["ks"] == pytest.approx(test.statistic)
    assert 0 <= result["js"] <= 1
    swapped = scores.forget_quality(gold, ratios)
    assert swapped["js"] == pytest.approx(result["js"], abs=1e-9)
    assert swapped["ks"] == pytest.approx(result["ks"])


def test_forget_quality_at_the_ends():
    same = scores.forget_quality([0.5, 1.0, 2.0], [0.5, 1.0, 2.0])
    assert (same["forget_quality"], same["ks"], same["js"]) == (1.0, 0.0, 0.0)
    apart = scores.forget_quality([0.01] * 3_000 + [0.02], [10.0] * 3_000)
    assert (apart["ks"], apart["js"]) == (1.0, 1.0)
    assert apart["forget_quality"] == 0.0  # underflows
    assert -10_000 < apart["log10_forget_quality"] < -300
    assert scores.forget_quality([1.0, 1.0], [1.0])["js"] == 0.0
    even, odd = np.exp(np.arange(0.0, 20, 2)), np.exp(np.arange(1.0, 20, 2))
    assert scores.forget_quality(even, odd)["js"] == pytest.approx(1.0)  # 20 bins over 0..19: no bin holds two
    # scipy's distance of the histograms, by its definition
    p, q, m = np.array([0.5, 0.5]), np.array([1.0, 0.0]), np.array([0.75, 0.25])
    expected = math.sqrt((stats.entropy(p, m, base=2) + stats.entropy(q, m, base=2)) / 2)
    assert scores.forget_quality([1.0, 10.0], [1.0, 1.0])["js"] == pytest.approx(expected)


@pytest.mark.parametrize(("count", "apart"), [(600, 600), (700, 690), (1_500, 1_000)])
def test_log10_of_underflowing_p_value(count, apart):
    """Against the full series of Gnedenko and Korolyuk in integers; distance = apart / count."""
    ratios = [1.0] * apart + [3.0] * (count - apart)
    gold = [2.0] * apart + [3.0] * (count - apart)
    result = scores.forget_quality(ratios, gold)
    assert result["ks"] == apart / count
    count_of_orders = sum(
        (-1) ** (k + 1) * math.comb(2 * count, count - k * apart) for k in range(1, count // apart + 1)
    )
    exact = mpmath.log10(2 * mpmath.mpf(count_of_orders) / math.comb(2 * count, count))
    assert result["log10_forget_quality"] == pytest.approx(float(exact), rel=1e-9)
    assert result["log10_forget_quality"] < -300


def test_forget_quality_on_tofus_worked_table():
    """Truth ratios from probabilities of wrong and right answers, and the test between two models of four rows."""
    wrong = [[0.2, 0.1], [0.4, 0.1], [0.3, 0.3], [0.05, 0.2]]  # length-normalised
    right = [0.4, 0.8, 0.1, 0.1]
    expected = [math.sqrt(0.02) / 0.4, 0.2 / 0.8, 3.0, 1.0]
    ratios = [
        scores.truth_ratio([(3 * math.log(p), 3) for p in row], [(2 * math.log(truth), 2)])
        for row, truth in zip(wrong, right, strict=True)
    ]
    assert ratios == pytest.approx(expected, rel=1e-12)
    gold = [0.9, 1.1, 1.2, 0.95]
    # two of ours lie below all of gold's, one above: D = 1/2; of C(8, 4) = 70 orders 54 are at least as far apart
    result = scores.forget_quality(ratios, gold)
    assert result["ks"] == 0.5
    assert result["forget_quality"] == pytest.approx(2 * (math.comb(8, 2) - math.comb(8, 0)) / math.comb(8, 4))


@pytest.mark.parametrize("bad", [[], [0.0, 1.0], [1.0, float("inf")], [1.0, float("nan")]])
def test_bad_truth_ratios(bad):
    with pytest.raises(ValueError, match="gold_truth_ratios"):
        scores.forget_quality([1.0], bad)


# --- the forget score


def test_forget_by_hand():
    result = scores.forget_score([0.5, 0, 0, 0], [1, 1, 1, 1], [0, 0.2, 0, 0])
    assert (result["forget"], result["forget_worst"]) == (0.875, 0.5)  # 0.5, 1, 1, 1: the guess of gold does not count
    assert result["worst_profile"] == 0
    assert (result["knowledge_after"], result["knowledge_before"]) == (0.125, 1.0)
    assert result["knowledge_gold"] == pytest.approx(0.05)
    assert result["flags"] == []
    assert result["n"] == 4
    assert scores.forget_score([1, 1], [1, 1])["forget"] == 0.0
    assert scores.forget_score([0, 0], [1, 1])["forget"] == 1.0
    assert scores.forget_score([0, 0], [1, 1])["flags"] == ["no_gold"]
    assert scores.forget_score([0, 0], [1, 1])["knowledge_gold"] is None
    below = scores.forget_score([0, 0], [1, 1], [0.2, 0.2])
    assert (below["forget"], below["flags"]) == (1.0, ["over_unlearned"])
    assert scores.forget_score([0.16, 0.16], [1, 1], [0.2, 0.2])["flags"] == []


def test_forget_is_of_profiles_first_and_of_the_worse_modality():
    after, before, gold = [1, 0, 0, 0, 0.5, 0], [1, 1, 1, 1, 1, 1], [0, 0, 0, 0, 0, 0.2]
    people, modalities = [*"aabbcc"], ["image_text", "text"] * 3
    result = scores.forget_score(after, before, gold, profile_ids=people, modalities=modalities)
    assert (result["forget_image_text"], result["forget_text"]) == (0.5, 1.0)
    assert (result["forget"], result["forget_worst"], result["worst_profile"]) == (0.5, 0.0, "a")
    pooled = scores.forget_score(after, before, gold, profile_ids=people)
    assert pooled["forget"] == pytest.approx(np.mean([0.5, 1.0, 1 - (0.25 - 0.1) / 0.9]))


def test_one_kept_profile_does_not_hide_in_the_pool():
    result = scores.forget_score([1, 0, 0, 0], [1] * 4, [0.3] * 4)
    assert (result["forget"], result["forget_worst"], result["worst_profile"]) == (0.75, 0.0, 0)


def test_unknown_profiles_are_left_out_and_counted():
    result = scores.forget_score([1, 0, 1], [1, 1, 0.04], profile_ids=[*"abc"])
    assert (result["forget"], result["not_memorized"]) == (0.5, 1)
    assert result["flags"] == ["no_gold", "not_memorized"]


@given(st.floats(0, 1), st.floats(0.1, 1), st.floats(0, 0.05))
def test_forget_is_bounded_and_monotone(after, before, gold):
    value = scores.forget_value(after, before, gold)
    assert 0 <= value <= 1
    assert value >= scores.forget_value(min(after + 0.1, 1), before, gold)
    assert scores.forget_value(gold, before, gold) == 1.0
    assert scores.forget_value(before, before, gold) == 0.0


def test_nothing_to_forget_is_an_error():
    with pytest.raises(ValueError, match="not memorized beyond gold"):
        scores.forget_score([0, 0], [0.5, 0.5], [0.46, 0.46])
    with pytest.raises(ValueError, match=r"knowledge before\[1\] is nan"):
        scores.forget_score([0, 0], [0.5, float("nan")])
    with pytest.raises(ValueError, match="knowledge of gold has 1 rows"):
        scores.forget_score([0, 0], [1, 1], [0])
    with pytest.raises(ValueError, match="knowledge after"):
        scores.forget_score([], [])


def test_gold_is_the_earliest_stage_after_the_task():
    assert scores.gold_knowledge({2: [0.0, 0.1, 0.9], 3: [0.2, 0.2, 0.3]}, 3) == [0.0, 0.1, 0.3]
    assert scores.gold_knowledge({1: [0.5, 0.6]}, 2) == [0.5, None]
