"""The continual summary: by hand, edge cases, and properties of any run."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lethebench.evaluation.metrics import continual_summary

# T = 3. Rows are stages 0 .. 3, columns tasks 1 .. 3.
MATRIX = [[1.0, 0.8, 0.5], [0.2, 0.8, 0.4], [0.1, 0.2, 0.3], [0.4, 0.0, 0.1]]
UTILITY = [0.8, 0.8, 0.3, 0.6]


def test_every_measure_by_hand():
    result = continual_summary(MATRIX, UTILITY)
    expected = {
        # 1 - K[t,t]/K[t,0] of tasks 1, 2, 3
        "forget_now": np.mean([0.8, 0.75, 0.8]),
        # pairs (i, t): (1,2), (1,3), (2,3)
        "historical_preservation": np.mean([0.9, 0.6, 1.0]),
        # task 1: 0.1, 0.4; task 2: 0
        "worst_relapse": 0.4,
        # pairs (t, j): (1,2), (1,3), (2,3)
        "premature_forgetting": np.mean([0.0, 0.2, 0.4]),
        "utility_retention": 0.75,
        "utility_slope": np.polyfit([0, 1, 2, 3], np.array(UTILITY) / 0.8, 1)[0],
        "collapse_stage": 2,
        # task 1: 0.4 - 0.2; task 2: 0 - 0.2
        "backward_transfer": 0.0,
        # task 1: 0.1, 0.3; task 2: 0.25; utility: 0, 0.625, 0.375
        "step_variation": np.mean([0.1, 0.3, 0.25, 0.0, 0.625, 0.375]),
        # forget at stages 1, 2, 3; keep 1, 0.375, 0.75
        "forget_anytime": np.mean([0.8, np.mean([0.9, 0.75]), np.mean([0.6, 1.0, 0.8])]),
        "keep_anytime": np.mean([1.0, 0.375, 0.75]),
        "stability": np.mean([0.8, 0.375, 0.75]),
    }
    assert {name: result[name] for name in expected} == pytest.approx(expected)
    assert (result["undefined"], result["unmeasured_tasks"], result["flags"]) == ([], [], [])


def test_collapse_at_the_end_is_flagged():
    result = continual_summary(MATRIX, [0.8, 0.8, 0.6, 0.3])
    assert (result["collapse_stage"], result["flags"]) == (3, ["collapsed"])
    assert continual_summary(MATRIX, [0.8, 0.4, 0.4, 0.4])["collapse_stage"] is None


def test_one_task_has_no_pairs():
    result = continual_summary([[1.0], [0.2]], [0.8, 0.6])
    pairs = ["historical_preservation", "worst_relapse", "premature_forgetting", "backward_transfer"]
    assert result["undefined"] == pairs
    assert all(result[name] is None for name in pairs)
    assert result["forget_now"] == pytest.approx(0.8)
    assert result["stability"] == pytest.approx(0.75)  # min(0.8, 0.75)


def test_a_task_that_was_not_known_has_no_ratio():
    matrix = [[1.0, 0.04, 0.5], [0.2, 1.0, 0.4], [0.1, 0.0, 0.3], [0.4, 1.0, 0.1]]
    result = continual_summary(matrix, UTILITY)
    assert result["unmeasured_tasks"] == [2]
    assert result["flags"] == ["not_measured"]
    assert result["forget_now"] == pytest.approx(0.8)
    assert result["worst_relapse"] == pytest.approx(0.4)
    assert result["backward_transfer"] == pytest.approx((0.2 + 1.0) / 2)  # a difference, not a ratio


def test_relapse_is_positive_backward_transfer():
    result = continual_summary([[1.0, 1.0], [0.0, 1.0], [0.5, 0.0]], [0.8] * 3)
    assert result["backward_transfer"] == 0.5
    assert result["worst_relapse"] == 0.5
    assert result["historical_preservation"] == 0.5


def test_relapse_starts_after_a_tasks_own_stage():
    matrix = [[1.0, 1.0, 1.0], [0.0, 0.0, 1.0], [0.0, 0.9, 1.0], [0.0, 0.75, 0.0]]  # task 2 was hurt at stage 1
    assert continual_summary(matrix, [0.8] * 4)["worst_relapse"] == 0.75
    assert continual_summary(matrix, [0.8] * 4, gold=[0.0, 0.25, 0.0])["worst_relapse"] == 0.5
    assert continual_summary([[1.0, 1.0], [0.1, 1.0], [0.1, 0.0]], [0.8] * 3, gold=[0.2, 0.0])["worst_relapse"] == 0.0


def test_steadiness_alone_is_worth_nothing():
    unchanged = continual_summary([[1.0, 1.0]] * 3, [0.8] * 3)
    assert (unchanged["stability"], unchanged["keep_anytime"]) == (0.0, 1.0)
    broken = continual_summary([[1.0, 1.0], [0.0, 0.0], [0.0, 0.0]], [0.8, 0.0, 0.0])
    assert (broken["stability"], broken["forget_anytime"]) == (0.0, 1.0)


def test_series_replace_those_of_the_matrix():
    result = continual_summary(MATRIX, UTILITY, forget=[0.5, 0.25, 1.0], keep=[0.75, 1.0, 0.5])
    assert result["stability"] == pytest.approx(np.mean([0.5, 0.25, 0.5]))
    for series in ([0.5], [0.5, None, 0.5], [0.5, 1.5, 0.5]):
        with pytest.raises(ValueError, match="forget"):
            continual_summary(MATRIX, UTILITY, forget=series)


@pytest.mark.parametrize(
    ("matrix", "utility", "reason"),
    [
        ([[1.0]], [0.5], "needs stage 0 and at least one more"),
        ([], [], "0 rows"),
        ([[1.0], [0.5]], [0.5], "utility has 1 stages, the stage matrix 2"),
        ([[1.0, 1.0], [0.5, 0.5]], [0.5, 0.5], "stage 0 has 2 task scores where 1 are expected"),
        ([[1.0], [None]], [0.5, 0.5], "knowledge of task 1 after stage 1 is None"),
        ([[1.0], [float("nan")]], [0.5, 0.5], "knowledge of task 1 after stage 1 is nan"),
        ([[1.0], [1.1]], [0.5, 0.5], "knowledge of task 1 after stage 1 is 1.1"),
        ([[1.0], [0.5]], [0.0, 0.5], "utility at stage 0 is 0"),
        ([[1.0], [0.5]], [0.5, float("nan")], "utility after stage 1 is nan"),
        ([[0.04], [0.0]], [0.5, 0.5], "nothing"),
    ],
)
def test_invalid_matrix_names_the_cell(matrix, utility, reason):
    with pytest.raises(ValueError, match=reason):
        continual_summary(matrix, utility)


@st.composite
def runs(draw):
    tasks = draw(st.integers(1, 5))
    cell = st.floats(0, 1)
    matrix = draw(st.lists(st.lists(cell, min_size=tasks, max_size=tasks), min_size=tasks + 1, max_size=tasks + 1))
    matrix[0] = draw(st.lists(st.floats(0.05, 1), min_size=tasks, max_size=tasks))
    return matrix, draw(st.lists(st.floats(0.1, 1), min_size=tasks + 1, max_size=tasks + 1))


@settings(max_examples=100, deadline=None)
@given(runs())
def test_bounds(run):
    result = continual_summary(*run)
    assert 0 <= result["stability"] <= 1
    for name in ("forget_now", "historical_preservation", "premature_forgetting"):
        assert result[name] is None or result[name] <= 1
    for name in ("worst_relapse", "step_variation"):
        assert result[name] is None or result[name] >= 0
    assert result["stability"] <= min(result["forget_anytime"], result["keep_anytime"]) + 1e-12
    if result["backward_transfer"] is not None:
        assert -1 <= result["backward_transfer"] <= 1
    assert all(value is None or np.isfinite(value) for value in result.values() if not isinstance(value, list))


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 5), st.floats(0.1, 1))
def test_perfect_unlearning_has_stability_one(tasks, level):
    matrix = [[0.0 if task < stage else 1.0 for task in range(tasks)] for stage in range(tasks + 1)]
    result = continual_summary(matrix, [level] * (tasks + 1))
    assert result["stability"] == 1.0
    assert result["forget_now"] == 1.0
    assert result["historical_preservation"] in (1.0, None)
    assert result["premature_forgetting"] in (0.0, None)
    assert result["step_variation"] == 0.0
