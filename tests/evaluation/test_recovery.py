"""Recovery: 1 for the unchanged initial model, 0 for gold, and the worst case by hand."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lethebench.evaluation.metrics import recovered, robustness_summary

UNATTACKED = {"initial": [1.0] * 4, "unattacked": [0.0] * 4, "gold_unattacked": [0.0] * 4}
ATTACKS = {"attacks": ["relearn", "relearn", "round", "round"], "profile_ids": list("abab")}


def test_recovered_is_the_excess_over_gold_per_range():
    assert recovered(0.6, [0.1, 0.3], 0.9, [0.0, 0.2]) == pytest.approx(0.4 / 0.8)


def test_worst_case_by_hand():
    result = robustness_summary([0.0, 1.0, 0.5, 0.5], [0.0, 0.0, 0.0, 0.5], **UNATTACKED, **ATTACKS)
    assert (result["worst_case_recovery"], result["worst_attack"]) == (0.5, "relearn")
    assert result["recovery"] == {"relearn": 0.5, "round": 0.25, "none": 0.0}
    assert result["regained"] == {"relearn": 0.5, "round": 0.25, "none": 0.0}
    assert (result["ci_low"], result["ci_high"]) == (0.0, 1.0)


def test_what_is_left_without_an_attack_counts():
    rows = UNATTACKED | {"unattacked": [0.5] * 4}
    result = robustness_summary([0.0, 0.5, 0.25, 0.25], [0.0] * 4, **rows, **ATTACKS)
    assert (result["worst_case_recovery"], result["worst_attack"]) == (0.5, "none")
    assert result["regained"]["relearn"] == -0.25


shares = st.lists(st.floats(0, 1), min_size=6, max_size=6)


@settings(max_examples=25, deadline=None)
@given(initial=st.lists(st.floats(0.5, 1), min_size=6, max_size=6), gold=shares, attacked=shares)
def test_unchanged_model_has_one_and_gold_zero(initial, gold, attacked):
    plain = [value / 4 for value in gold]
    columns = {"initial": initial, "gold_unattacked": plain, "profile_ids": list("aabbcc")}
    columns["attacks"] = ["round"] * 6
    unchanged = robustness_summary(initial, attacked, unattacked=initial, **columns)
    assert unchanged["recovery"]["none"] == pytest.approx(1.0)
    assert unchanged["worst_case_recovery"] == pytest.approx(1.0)
    same = robustness_summary(attacked, attacked, unattacked=plain, **columns)
    assert same["worst_case_recovery"] == 0.0


def test_profiles_count_alike_whatever_their_rows():
    rows = {name: values[:1] * 5 for name, values in UNATTACKED.items()}
    result = robustness_summary([1.0, 0.0, 0.0, 0.0, 0.0], [0.0] * 5, **rows, profile_ids=list("abbbb"))
    assert result["worst_case_recovery"] == 0.5


def test_order_of_rows_does_not_matter():
    columns = {"values": [0.0, 1.0, 0.5, 0.25], "gold": [0.0, 0.25, 0.0, 0.5], **UNATTACKED, **ATTACKS}
    turned = {name: values[::-1] for name, values in columns.items()}
    first, second = robustness_summary(**columns), robustness_summary(**turned)
    assert first["recovery"] == second["recovery"]
    assert first["worst_case_recovery"] == second["worst_case_recovery"]


def test_attack_on_rows_that_nobody_knew_is_not_measured():
    rows = UNATTACKED | {"initial": [1.0, 1.0, 0.0, 0.0]}
    result = robustness_summary([0.0, 1.0, 1.0, 1.0], [0.0] * 4, **rows, **ATTACKS)
    assert result["not_measured"] == ["round"]
    assert "round" not in result["recovery"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"initial": [0.0] * 4}, "not memorized beyond gold"),
        ({"initial": [1.0] * 3}, "initial has 3 rows"),
        ({"unattacked": [2.0] * 4}, r"unattacked\[0\] is 2.0"),
        ({"attacks": ["round"]}, "attacks has 1 rows"),
    ],
)
def test_bad_columns_are_refused(change, words):
    with pytest.raises(ValueError, match=words):
        robustness_summary([0.0, 1.0, 0.5, 0.5], [0.0] * 4, **{**UNATTACKED, **ATTACKS, **change})


def test_interval_covers_the_value():
    draw = np.random.default_rng(0)
    values, count = draw.random(40), 40
    columns = {"initial": [1.0] * count, "unattacked": [0.0] * count, "gold_unattacked": [0.0] * count}
    result = robustness_summary(values, [0.0] * count, **columns)
    assert result["worst_case_recovery"] == pytest.approx(values.mean())
    assert result["ci_low"] < values.mean() < result["ci_high"]
