"""Scores: worked by hand, against scipy, and properties that hold for any input."""

import math
import statistics

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special, stats

from lethebench.evaluation import scores
from lethebench.evaluation.tails import log_tail

FINITE = st.floats(-50, 0).map(lambda value: round(value, 2))  # rounded: ties happen
SHARE = st.floats(0, 1)


# --- exposure


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
def test_rank_is_scipys_average_rank_and_does_not_depend_on_order(values, random):
    truth = random.randrange(len(values))
    assert scores.exposure_rank(values, truth) == stats.rankdata([-value for value in values])[truth]
    order = list(range(len(values)))
    random.shuffle(order)
    moved = scores.exposure([values[i] for i in order], order.index(truth))
    assert moved == scores.exposure(values, truth)
    assert 0 <= moved <= math.log2(len(values))


@given(st.lists(FINITE, min_size=2, max_size=30), st.floats(0, 5))
def test_exposure_grows_with_the_truths_score(values, gain):
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


def test_extrapolated_exposure_is_the_tail_of_a_skew_normal():
    sample = stats.skewnorm(3, loc=-40, scale=6).rvs(4_000, random_state=0)
    for truth in (-35.0, -25.0):
        expected = -stats.skewnorm(3, loc=-40, scale=6).logsf(truth) / math.log(2)
        assert scores.exposure_extrapolated([truth, *sample], 0) == pytest.approx(expected, rel=0.1)
    assert scores.exposure_extrapolated([0.0, *sample], 0) > math.log2(4_001)  # beyond what ranks can say
    with pytest.raises(ValueError, match="skew-normal cannot be fitted"):
        scores.exposure_extrapolated([-1.0] * 10, 0)


def test_skew_normal_tail_is_owens():
    """Beside 1 - Phi(x) + 2 T(x, a) of Owen, which loses digits far out: there against 60 digits of mpmath."""
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


def test_extrapolated_exposure_stays_finite_and_grows():
    sample = stats.skewnorm(-6, loc=-40, scale=6).rvs(200, random_state=0)
    found = [scores.exposure_extrapolated([truth, *sample], 0) for truth in (-45.0, -38.0, -20.0, 0.0)]
    assert found == sorted(found)
    assert all(map(math.isfinite, found))
    assert found[-1] > 100


def test_sequence_exposure_is_the_sum():
    assert scores.sequence_exposure([-0.5, -1.5, -2.0]) == -4.0
    with pytest.raises(ValueError, match=r"logprobs\[1\] is nan"):
        scores.sequence_exposure([-0.5, float("nan")])


def test_ranks_by_log_probability_per_token():
    """The long true value is the least likely as a whole, and the most likely by token."""
    ours, gold, counts = [[-8.0, -3.0, -4.0]], [[-9.0, -1.0, -2.0]], [[8, 1, 2]]
    assert scores.exposure_summary(ours, [0])["exposure"] == 0.0
    assert scores.exposure_summary(ours, [0])["ranked_by"] == "logprob"
    found = scores.exposure_summary(ours, [0], gold=gold, num_tokens=counts)
    assert (found["exposure"], found["ranked_by"]) == (math.log2(3), "logprob_per_token")
    assert found["exposure_gold"] == pytest.approx(math.log2(3 / 3))  # -1.125, -1, -1
    for bad, reason in (
        ([[8, 1]], "row 0: num_tokens has 2"),
        ([[8, 0, 1]], "row 0: candidate 1 has 0"),
        ([], "0 rows"),
    ):
        with pytest.raises(ValueError, match=reason):
            scores.exposure_summary(ours, [0], num_tokens=bad)


def test_exposure_summary():
    ours = [[-1, -5, -6, -9], [-4, -2, -3, -8], [-1, -1, -5, -6]]
    gold = [[-7, -5, -6, -5.5], [-4, -2, -5, -3], [-6, -5, -4, -3]]
    result = scores.exposure_summary(ours, [0, 3, 0], gold=gold)
    bits = [2, 0, math.log2(4 / 1.5)]
    assert result["exposure"] == pytest.approx(np.mean(bits))
    assert result["exposure_normalised"] == pytest.approx(np.mean(bits) / 2)
    assert result["rank1_share"] == pytest.approx(1 / 3)  # a tie at the top is not rank 1
    assert result["exposure_gold"] == pytest.approx((0 + 1 + 0) / 3)
    assert result["exposure_excess"] == pytest.approx(np.mean(bits) - 1 / 3)
    assert result["ci_low"] <= result["exposure"] <= result["ci_high"]
    alone = scores.exposure_summary(ours, [0, 3, 0], profile_ids=["a", "a", "a"])
    assert (alone["ci_low"], alone["ci_high"], alone["exposure_gold"], alone["exposure_excess"]) == (None,) * 4


def test_exposure_summary_names_the_row():
    with pytest.raises(ValueError, match="row 1: candidate 0"):
        scores.exposure_summary([[-1, -2], [float("nan"), -2]], [0, 0])
    with pytest.raises(ValueError, match="row 0: gold has 3 candidates"):
        scores.exposure_summary([[-1, -2]], [0], gold=[[-1, -2, -3]])
    with pytest.raises(ValueError, match="2 rows of candidates, 1 true values"):
        scores.exposure_summary([[-1, -2], [-1, -2]], [0])
    with pytest.raises(ValueError, match="0 rows"):
        scores.exposure_summary([], [])


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
def test_forget_quality_is_scipys_test_and_symmetric(ours, gold):
    result = scores.forget_quality(ours, gold)
    test = stats.ks_2samp(ours, gold)
    assert result["forget_quality"] == pytest.approx(min(test.pvalue, 1.0))
    assert result["log10_forget_quality"] == pytest.approx(math.log10(min(test.pvalue, 1.0)), abs=1e-9)
    assert result["ks"] == pytest.approx(test.statistic)
    assert 0 <= result["js"] <= 1
    swapped = scores.forget_quality(gold, ours)
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
def test_logarithm_of_a_p_value_that_underflows(count, apart):
    """Against the whole series of Gnedenko and Korolyuk in whole numbers; distance = apart / count."""
    ours = [1.0] * apart + [3.0] * (count - apart)
    gold = [2.0] * apart + [3.0] * (count - apart)
    found = scores.forget_quality(ours, gold)
    assert found["ks"] == apart / count
    ways = sum((-1) ** (k + 1) * math.comb(2 * count, count - k * apart) for k in range(1, count // apart + 1))
    exact = mpmath.log10(2 * mpmath.mpf(ways) / math.comb(2 * count, count))
    assert found["log10_forget_quality"] == pytest.approx(float(exact), rel=1e-9)
    assert found["log10_forget_quality"] < -300


def test_forget_quality_on_tofus_worked_table():
    """Truth ratios from probabilities of wrong and right answers, and the test between two models of four rows."""
    wrong = [[0.2, 0.1], [0.4, 0.1], [0.3, 0.3], [0.05, 0.2]]  # length-normalised
    right = [0.4, 0.8, 0.1, 0.1]
    expected = [math.sqrt(0.02) / 0.4, 0.2 / 0.8, 3.0, 1.0]
    ours = [
        scores.truth_ratio([(3 * math.log(p), 3) for p in row], [(2 * math.log(truth), 2)])
        for row, truth in zip(wrong, right, strict=True)
    ]
    assert ours == pytest.approx(expected, rel=1e-12)
    gold = [0.9, 1.1, 1.2, 0.95]
    # two of ours lie below all of gold's, one above: D = 1/2; of C(8, 4) = 70 orders 54 are at least as far apart
    found = scores.forget_quality(ours, gold)
    assert found["ks"] == 0.5
    assert found["forget_quality"] == pytest.approx(2 * (math.comb(8, 2) - math.comb(8, 0)) / math.comb(8, 4))


@pytest.mark.parametrize("bad", [[], [0.0, 1.0], [1.0, float("inf")], [1.0, float("nan")]])
def test_bad_truth_ratios(bad):
    with pytest.raises(ValueError, match="gold_truth_ratios"):
        scores.forget_quality([1.0], bad)


# --- forget


def test_forget_by_hand():
    result = scores.forget_score([0.5, 0, 0, 0], [1, 1, 1, 1], [0, 0.2, 0, 0])
    assert result["forget"] == pytest.approx(1 - (0.125 - 0.05) / 0.95)
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


@given(SHARE, st.floats(0.1, 1), st.floats(0, 0.05))
def test_forget_is_bounded_and_falls_with_knowledge(after, before, gold):
    value = scores.forget_value(after, before, gold)
    assert 0 <= value <= 1
    assert value >= scores.forget_value(min(after + 0.1, 1), before, gold)
    assert scores.forget_value(gold, before, gold) == 1.0
    assert scores.forget_value(before, before, gold) == 0.0


def test_nothing_to_forget_is_an_error():
    with pytest.raises(ValueError, match="not learnt beyond gold"):
        scores.forget_score([0, 0], [0.5, 0.5], [0.46, 0.46])
    with pytest.raises(ValueError, match=r"knowledge before\[1\] is nan"):
        scores.forget_score([0, 0], [0.5, float("nan")])
    with pytest.raises(ValueError, match="knowledge of gold has 1 rows"):
        scores.forget_score([0, 0], [1, 1], [0])
    with pytest.raises(ValueError, match="knowledge after"):
        scores.forget_score([], [])


def test_gold_is_the_earliest_at_or_after_the_task():
    assert scores.gold_knowledge({2: [0.0, 0.1, 0.9], 3: [0.2, 0.2, 0.3]}, 3) == [0.0, 0.1, 0.3]
    assert scores.gold_knowledge({1: [0.5, 0.6]}, 2) == [0.5, None]


# --- utility


def test_utility_by_hand():
    result = scores.model_utility([0.5, 0.7], [1.0, 0.5], [0.2, None], before=0.8)
    parts = [0.6, 0.75, 0.8]
    assert result["utility"] == pytest.approx(stats.hmean(parts))
    assert result["utility_relative"] == pytest.approx(stats.hmean(parts) / 0.8)
    assert [result[f"retain_{name}"] for name in ("probability", "rouge_l_recall", "truth_ratio")] == parts
    assert result["flags"] == []
    assert result["ci_low"] <= result["utility"] <= result["ci_high"]


def test_groups_that_were_not_known_do_not_enter():
    columns = ([0.9, 0.8, 0.1], [1.0, 0.9, 0.0], [0.1, 0.2, 3.0])
    groups = ["retain", "neighbour", "general"]
    known = {"retain": 1.0, "neighbour": 0.5, "general": 0.49}
    result = scores.model_utility(*columns, groups=groups, known=known)
    assert result["utility"] == pytest.approx(stats.hmean([0.9, 1.0, 0.9, 0.8, 0.9, 0.8]))
    assert result["not_measured"] == ["general"]
    assert result["flags"] == ["not_measured"]
    assert result["general_rouge_l_recall"] == 0.0
    assert result["n"] == 2
    assert scores.model_utility(*columns, groups=groups)["utility"] == 0.0  # one part at 0 makes it 0
    with pytest.raises(ValueError, match="knew none of the groups"):
        scores.model_utility(*columns, groups=groups, known={})


def test_utility_without_probabilities_says_so():
    result = scores.model_utility(None, [1.0, 0.5], None)
    assert result["utility"] == 0.75
    assert result["not_measured"] == ["retain_probability", "retain_truth_ratio"]
    assert result["retain_probability"] is None


def test_collapse_is_flagged():
    assert scores.model_utility([0.3], [0.3], [0.7], before=0.7)["flags"] == ["collapsed"]
    assert scores.model_utility([0.0], [0.0], [9.0], before=0.7)["utility"] == 0.0


@pytest.mark.parametrize(
    ("arguments", "options", "reason"),
    [
        (([0.5], [0.5, 0.5], [0.5]), {}, "probability has 1 rows where 2"),
        (([0.5], [0.5], [0.5, 0.5]), {}, "truth_ratio has 2 rows where 1"),
        (([0.5], [1.5], [0.5]), {}, r"rouge_l_recall\[0\] is 1.5"),
        (([0.5], [0.5], [-1.0]), {}, r"truth_ratio\[0\] is -1.0"),
        (([0.5], [0.5], [float("nan")]), {}, r"truth_ratio\[0\] is nan"),
        (([0.5], [0.5], [float("inf")]), {}, r"truth_ratio\[0\] is inf"),
        (([0.5], [0.5], [0.5]), {"groups": ["forget"]}, "unknown group 'forget'"),
        (([0.5], [0.5], [0.5]), {"before": 0.0}, "utility before unlearning is 0.0"),
    ],
)
def test_bad_utility_inputs(arguments, options, reason):
    with pytest.raises(ValueError, match=reason):
        scores.model_utility(*arguments, **options)


# --- gate and the one number


def test_gate_needs_every_modality():
    kinds = ["text"] * 10 + ["image_text"] * 10
    passed = scores.gate([1.0] * 19 + [0.0], kinds)
    assert (passed["passed"], passed["text"], passed["image_text"], passed["flags"]) == (True, 1.0, 0.9, [])
    failed = scores.gate([1.0] * 18 + [0.0, 0.0], kinds)
    assert (failed["passed"], failed["flags"]) == (False, ["not_memorised"])
    assert failed["reason"] == "exact match below 0.9: image_text 0.800"
    assert failed["n"] == {"image_text": 10, "text": 10}
    with pytest.raises(ValueError, match="modality has 1 rows"):
        scores.gate([1.0, 1.0], ["text"])
    with pytest.raises(ValueError, match="exact_match"):
        scores.gate([], [])


def test_unlearning_score():
    result = scores.unlearning_score(0.9, 0.8, 0.95, 0.4, 0.2, utility_relative=0.95)
    assert result["exposure_closeness"] == pytest.approx(0.8)
    assert result["score"] == pytest.approx(stats.hmean([0.9, 0.8, 0.95, 0.8]))
    assert (result["flags"], result["missing"]) == ([], [])
    below = scores.unlearning_score(0.9, 0.8, 0.95, 0.0, 0.2)
    assert below["score"] == pytest.approx(result["score"])  # as far below gold as above


def test_a_collapsed_model_scores_nothing():
    assert scores.unlearning_score(1.0, 0.4, 0.9, 0.2, 0.2, utility_relative=0.49)["score"] == 0.0
    assert scores.unlearning_score(1.0, 0.4, 0.9, 0.2, 0.2, utility_relative=0.49)["flags"] == ["collapsed"]
    assert scores.unlearning_score(1.0, 0.9, 0.9, 0.2, 0.2, fluency_lost=True)["score"] == 0.0
    assert scores.unlearning_score(1.0, 0.0, 0.9, 0.2, 0.2)["score"] == 0.0


def test_a_missing_part_gives_no_score_and_the_reason():
    no_gold = scores.unlearning_score(0.9, 0.8, 0.9, 0.4, None, flags=["no_gold"])
    assert (no_gold["score"], no_gold["flags"]) == (None, ["no_gold"])
    missing = scores.unlearning_score(None, 0.8, 0.9, 0.4, 0.2)
    assert (missing["score"], missing["flags"], missing["missing"]) == (None, ["not_measured"], ["forget"])
    with pytest.raises(ValueError, match=r"stability is 1\.2"):
        scores.unlearning_score(0.9, 0.8, 1.2, 0.4, 0.2)


# --- intervals


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


def test_no_interval_from_one_profile_or_degenerate_resamples():
    assert scores.bootstrap_mean([1.0]) == (None, None)
    assert scores.bootstrap(lambda rows: None, 5) == (None, None)
    with pytest.raises(ValueError, match="at least one"):
        scores.bootstrap_mean([])
    with pytest.raises(ValueError, match="finite"):
        scores.bootstrap_mean([1.0, float("nan")])


def test_over_seeds():
    found = scores.over_seeds([0.2, 0.4, 0.9])
    assert (found["mean"], found["std"]) == pytest.approx((0.5, statistics.stdev([0.2, 0.4, 0.9])))
    assert found["n"] == 3
    assert scores.over_seeds([0.3]) == {"mean": 0.3, "std": None, "n": 1}
    with pytest.raises(ValueError, match=r"values\[1\] is nan"):
        scores.over_seeds([0.3, None])


@settings(max_examples=25, deadline=None)
@given(st.lists(SHARE, min_size=1, max_size=20), st.randoms())
def test_utility_does_not_depend_on_order_and_lies_between_its_parts(recall, random):
    order = random.sample(range(len(recall)), len(recall))
    likely = [(value + 1) / 2 for value in recall]
    one = scores.model_utility(likely, recall, None)
    other = scores.model_utility([likely[i] for i in order], [recall[i] for i in order], None)
    assert other["utility"] == pytest.approx(one["utility"], abs=1e-12)
    parts = [one["retain_probability"], one["retain_rouge_l_recall"]]
    assert min(parts) - 1e-12 <= one["utility"] <= max(parts) + 1e-12
