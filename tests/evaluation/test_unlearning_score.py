"""`unlearning_summary`: by hand, against the functions of its parts, and invalid input."""

import random

import numpy as np
import pytest
from scipy import stats

from lethebench.evaluation import metrics as scores

# Two tasks of two facts each and two retain rows, over stages 0, 1, 2.
ANSWERS = ["Porto", "Lima", "Oslo", "Rome", "Bern", "Kyiv"]
ROLES = ["forget"] * 4 + ["retain"] * 2
TASKS = [0, 0, 1, 1, -1, -1]
TEXTS = [
    ["Porto", "Lima", "Oslo", "Rome", "Bern", "Kyiv"],
    ["no idea", "no idea", "Oslo", "no idea", "Bern", "Kyiv"],
    ["Porto", "no idea", "no idea", "no idea", "Bern", "no idea"],
]
GOLD = ["no idea", "no idea", "Oslo", "no idea", "Bern", "Kyiv"]
CANDIDATES = [[-1.0, -2.0, -3.0, -4.0], [-4.0, -2.0, -3.0, -1.0], [-1.0, -1.0, -3.0, -4.0], None, None, []]
GOLD_CANDIDATES = [[-4.0, -2.0, -3.0, -1.0], [-4.0, -2.0, -3.0, -1.0], [-2.0, -1.0, -3.0, -4.0], None, None, None]


def run(**changes) -> dict:
    """Return the columns of the run, some of them changed."""
    columns = {
        "predictions": [text for stage in TEXTS for text in stage],
        "references": ANSWERS * 3,
        "gold_text": GOLD * 3,
        "probability": [0.9] * 6 + [0.5, 0.5, 0.9, 0.5, 0.9, 0.9] + [0.5, 0.1, 0.1, 0.1, 0.8, 0.4],
        "truth_ratio": [0.1] * 6 + [1.0, 1.0, 0.1, 1.0, 0.1, 0.1] + [0.5, 1.0, 1.5, 0.9, 0.2, 0.4],
        "gold_truth_ratio": [1.0, 1.1, 0.9, 1.2, 0.1, 0.1] * 3,
        "candidates": CANDIDATES * 3,
        "gold_candidates": GOLD_CANDIDATES * 3,
        "truth_index": [0, 0, 0, None, None, None] * 3,
        "role": ROLES * 3,
        "task_id": TASKS * 3,
        "stage": [0] * 6 + [1] * 6 + [2] * 6,
        "profile_id": list("abcdef") * 3,
    }
    return columns | changes


def test_run_by_hand():
    result = scores.unlearning_summary(**run())
    assert (result["knowledge_before"], result["knowledge_after"], result["knowledge_gold"]) == (1.0, 0.25, 0.25)
    assert result["forget"] == 1.0
    start = stats.hmean([0.9, 1.0, 0.9])
    end = stats.hmean([0.6, 0.5, 0.7])
    assert result["utility"] == pytest.approx(end)
    assert result["utility_relative"] == pytest.approx(end / start)
    # K of tasks 1, 2 after stages 0, 1, 2: (1, 1), (0, 1/2), (1/2, 0)
    assert result["forget_now"] == 1.0
    assert result["premature_forgetting"] == 0.5
    assert result["historical_preservation"] == result["rebound_mean"] == 0.5
    assert result["stability"] == pytest.approx(1 - (0.5 + (start - end) / start) / 2)
    # ranks 1, 4, 1.5 of 4; gold 4, 4, 2
    bits = [2.0, 0.0, 2 - np.log2(1.5)]
    assert result["exposure"] == pytest.approx(np.mean(bits))
    assert result["exposure_gold"] == pytest.approx(1 / 3)
    assert result["exposure_normalised_gold"] == pytest.approx(1 / 6)
    closeness = 1 - (np.mean(bits) / 2 - 1 / 6)
    assert result["score"] == pytest.approx(stats.hmean([1.0, end, result["stability"], closeness]))
    assert result["ks"] == stats.ks_2samp([0.5, 1.0, 1.5, 0.9], [1.0, 1.1, 0.9, 1.2]).statistic
    assert (result["flags"], result["reasons"], result["missing"]) == ([], [], [])
    assert result["n"] == {"forget": 4, "utility": 2, "exposure": 3}
    assert all(low <= result[name] <= high for name, (low, high) in result["intervals"].items())


def test_question_order_does_not_matter():
    order = list(range(6))
    random.Random(1).shuffle(order)
    columns = run()
    moved = {name: [values[6 * stage + at] for stage in range(3) for at in order] for name, values in columns.items()}
    one, other = scores.unlearning_summary(**columns), scores.unlearning_summary(**moved)
    for name in ("forget", "utility", "stability", "exposure", "score", "js", "premature_forgetting"):
        assert other[name] == pytest.approx(one[name], abs=1e-12), name


def test_one_stage_with_before_text():
    rows = slice(12, 18)
    columns = {name: values[rows] for name, values in run(before_text=TEXTS[0] * 3).items()}
    for stage in (columns.pop("stage"), None):
        result = scores.unlearning_summary(**columns, stage=stage)
        assert result["forget"] == 1.0
        assert (result["utility_relative"], result["stability"], result["score"]) == (None, None, None)
        assert result["missing"] == ["stability"]
        assert result["reasons"] == ["stability needs rows of every stage 0 .. 2: give those of 0"]
        assert result["flags"] == ["not_measured"]


def test_one_task_from_text_alone():
    result = scores.unlearning_summary(
        ["no", "Bern"], ["Porto", "Bern"], before_text=["Porto", "Bern"], role=["forget", "retain"]
    )
    assert (result["forget"], result["utility"], result["utility_relative"], result["stability"]) == (1.0,) * 4
    assert (result["exposure"], result["score"]) == (None, None)
    assert result["flags"] == ["no_gold", "not_measured"]
    assert result["reasons"] == ["exposure needs candidates and truth_index"]
    assert result["not_measured"] == ["retain_probability", "retain_truth_ratio"]


def test_collapsed_model_scores_zero():
    broken = [*run()["predictions"][:12], *["###"] * 6]
    result = scores.unlearning_summary(**run(predictions=broken, truth_ratio=[0.1] * 12 + [5.0] * 6))
    assert (result["utility"], result["score"]) == (0.0, 0.0)
    assert "collapsed" in result["flags"]


def test_unknown_facts_are_not_measured():
    nothing = ["no idea"] * 6
    result = scores.unlearning_summary(**run(predictions=[*nothing, *run()["predictions"][6:]]))
    assert (result["forget"], result["utility"], result["stability"], result["score"]) == (None,) * 4
    assert result["reasons"][0].startswith("not memorized beyond gold")
    assert result["reasons"][1].startswith("the initial model knew none of the groups retain")
    assert result["flags"] == ["not_measured"]
    no_rest = {name: values[:4] + values[6:10] + values[12:16] for name, values in run().items()}
    assert scores.unlearning_summary(**no_rest)["reasons"][0].startswith("utility needs rows of the roles retain")


def test_keywords_carry_the_fact():
    texts, answers = ["He is female.", "He is male."], ["He is male.", "He is male."]
    common = {"before_text": answers, "keywords": [["male"], ["..", "male"]]}
    assert scores.unlearning_summary(texts, answers, **common)["knowledge_after"] == 0.5


def changed(name: str, row: int, value) -> dict:
    values = list(run()[name])
    values[row] = value
    return {name: values}


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"predictions": []}, "predictions has 0 rows where 18"),
        ({"role": ROLES}, "role has 6 rows where 18"),
        ({"gold_text": GOLD}, "gold_text has 6 rows where 18"),
        (changed("role", 3, "holdout"), r"role\[3\] is 'holdout'"),
        (changed("role", 3, "retain"), "row 3 has the role retain and task_id 1"),
        (changed("task_id", 4, 1), "row 4 has the role retain and task_id 1"),
        (changed("task_id", 0, None), r"task_id\[0\] is None"),
        (changed("stage", 2, 0.5), r"stage\[2\] is 0.5"),
        (changed("stage", 17, 3), "the last stage of a row is 3"),
        (changed("stage", 7, 2), "stage 0 has 6 rows, stage 2 7"),
        (changed("references", 1, "Quito"), "row 1 of stage 0 has another reference than row 13 of stage 2"),
        (changed("profile_id", 1, "z"), "rows 1 and 13 are of different profiles"),
        (changed("probability", 13, float("nan")), r"probability\[13\] is nan"),
        (changed("truth_ratio", 14, float("inf")), r"truth_ratio\[14\] is inf"),
        (changed("gold_truth_ratio", 5, 0.0), r"gold_truth_ratio\[5\] is 0.0"),
        (changed("candidates", 13, [-1.0, float("nan"), -1.0, -1.0]), "row 13 of candidates: candidate 1"),
        (changed("gold_candidates", 13, [-1.0, -2.0]), "row 13: gold_candidates must have 4 values"),
        (changed("truth_index", 12, 4), "row 12 of candidates: the true value's index 4 is not among the 4"),
        (changed("truth_index", 12, None), r"truth_index\[12\] is None"),
        ({"keywords": [[]] * 18, "references": ["..."] * 18}, "row 0: keyword"),
        ({"task_id": [task + (task == 1) for task in TASKS] * 3}, "task_id holds no 1"),
    ],
)
def test_bad_input_names_the_row(changes, reason):
    with pytest.raises(ValueError, match=reason):
        scores.unlearning_summary(**run(**changes))


def test_no_rows():
    with pytest.raises(ValueError, match="there are no rows"):
        scores.unlearning_summary([], [])
