"""Utility, the gate and the overall score: by hand, against scipy, and properties of any input."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from lethebench.evaluation import metrics as scores

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


@settings(max_examples=25, deadline=None)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=20), st.randoms())
def test_utility_lies_between_its_parts(recall, random):
    order = random.sample(range(len(recall)), len(recall))
    likely = [(value + 1) / 2 for value in recall]
    one = scores.model_utility(likely, recall, None)
    other = scores.model_utility([likely[i] for i in order], [recall[i] for i in order], None)
    assert other["utility"] == pytest.approx(one["utility"], abs=1e-12)
    parts = [one["retain_probability"], one["retain_rouge_l_recall"]]
    assert min(parts) - 1e-12 <= one["utility"] <= max(parts) + 1e-12


# --- gate


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
