"""`unlearning_summary`: by hand, every reason for a missing part, and invalid input."""

import random

import numpy as np
import pytest
from scipy import stats

from lethebench.evaluation import metrics as scores

# Two tasks of two people, two people kept; one question each, asked from text; stages 0, 1, 2, and gold of 1 and 2.
ANSWERS = ["Porto", "Lima", "Oslo", "Rome", "Bern", "Kyiv"]
RIGHT, GONE = ANSWERS, "no idea"
TEXTS = [
    RIGHT,
    [GONE, GONE, "Oslo", "Rome", "Bern", "Kyiv"],
    ["Porto", GONE, GONE, GONE, "Bern", "Kyiv"],
    [GONE, GONE, "Oslo", "Rome", "Bern", "Kyiv"],
    [GONE, GONE, GONE, GONE, "Bern", "Kyiv"],
]
HIGH, LOW = [-0.1, -4.0, -4.0, -4.0], [-2.0, -1.0, -1.5, -1.2]
NONE = [None] * 6


def ranked(asked: int, known: list[float]) -> list:
    """Return the candidates of four questions, the first of which are asked."""
    return [HIGH if row >= asked else known for row in range(4)]


def run(**changes) -> dict:
    """Return the columns of the run, some of them changed; each question also as a held-out one."""
    candidates = [ranked(0, HIGH), ranked(2, LOW), ranked(4, LOW), ranked(2, LOW), ranked(4, LOW)]
    probability = [[0.8] * 6, [0.1, 0.1, 0.8, 0.8, 0.8, 0.4], [0.8, 0.1, 0.1, 0.1, 0.8, 0.8]]
    probability += [[0.1, 0.1, 0.8, 0.8, 0.8, 0.8], [0.1] * 4 + [0.8] * 2]
    columns = {
        "predictions": [text for model in TEXTS for text in model * 2],
        "references": ANSWERS * 10,
        "probability": [value for model in probability for value in model * 2],
        "truth_ratio": [0.25] * 60,
        "candidates": [value for model in candidates for value in [*model, None, None, *NONE]],
        "truth_index": [*[0] * 4, None, None, *NONE] * 5,
        "task_id": [0, 0, 1, 1, -1, -1] * 10,
        "profile_id": list("abcdef") * 10,
        "held_out": [*[False] * 6, *[True] * 6] * 5,
        "stage": [*[0] * 12, *[1] * 12, *[2] * 12, *[1] * 12, *[2] * 12],
        "model": ["method"] * 36 + ["gold"] * 24,
    }
    return columns | changes


def test_run_by_hand():
    result = scores.unlearning_summary(**run())
    # a is known again at stage 2; both wordings of one of four people
    assert result["series"]["forget"] == [1.0, 0.75]
    assert (result["forget"], result["forget_worst"], result["worst_profile"]["forget"]) == (0.875, 0.0, ["a", 0.0])
    assert result["series"]["indistinguishable"] == [1.0, 1.0]
    # f at stage 1: probability 0.4 instead of 0.8; four people are kept, then two
    share = stats.hmean([1, 0.4, 1, 0.75]) / stats.hmean([1, 0.8, 1, 0.75])
    assert result["series"]["keep"] == pytest.approx([(3 + share) / 4, 1.0])
    # of e and f together at stage 1, by the mean of their probabilities; gold gets nothing right of what it never saw
    assert result["keep_worst"] == pytest.approx(stats.hmean([0.6, 1, 0.75]) / stats.hmean([0.8, 1, 0.75]))
    assert result["worst_relapse"] == 1.0
    assert result["stability"] == pytest.approx(((3 + share) / 4 + 0.75) / 2)
    assert (result["fluent"], result["score"]) == (1.0, 0.0)
    assert (result["gold_seeds"], result["gold_spread"], result["assumes"]) == (1, {}, [])
    assert result["flags"] == ["one_gold_seed"]
    assert result["reasons"] == {}


def test_perfect_run_scores_one():
    texts = [text for number in (0, 3, 4, 3, 4) for text in TEXTS[number] * 2]
    gold = run()["probability"][36:]
    result = scores.unlearning_summary(**run(predictions=texts, probability=[*[0.8] * 12, *gold, *gold]))
    assert (result["score"], result["score_last"], result["stability"]) == (1.0, 1.0, 1.0)


def test_total_variation_by_hand():
    candidates = run()["candidates"]
    candidates[12] = [-1.5, -1.0, -1.5, -1.2]  # of a at stage 1; still not the first
    model, gold, initial = (np.exp(values) / np.exp(values).sum() for values in (candidates[12], LOW, HIGH))
    left = np.abs(model - gold).sum() / np.abs(initial - gold).sum()
    result = scores.unlearning_summary(**run(candidates=candidates))
    assert result["parts"]["attacker_distribution"] == pytest.approx(1 - left / 4)


def test_second_gold_seed_is_the_measure_of_one():
    """A method as far from gold as another gold model scores 1."""
    columns = run()
    noise = random.Random(0)
    both = {name: [*values, *values[36:]] for name, values in columns.items()}
    for row, values in enumerate(both["candidates"]):
        if values is LOW:
            both["candidates"][row] = [value + noise.uniform(-0.2, 0.2) for value in LOW]
    both["gold_seed"] = [0] * 60 + [1] * 24
    both["predictions"][12:36] = [text for number in (3, 4) for text in TEXTS[number] * 2]
    result = scores.unlearning_summary(**both)
    assert result["gold_seeds"] == 2
    assert "one_gold_seed" not in result["flags"]
    assert result["indistinguishable"] > 0.9
    alone = {name: values[:60] for name, values in both.items()}
    assert scores.unlearning_summary(**alone)["indistinguishable"] < result["indistinguishable"]
    assert set(result["gold_spread"]) == {"forget", "forget_worst", "indistinguishable", "keep", "keep_worst", "score"}


def with_second_gold(**changes) -> dict:
    """Return the columns of the run, with the gold models again as those of another seed, some of it changed."""
    both = {name: [*values, *values[36:]] for name, values in run().items()} | {"gold_seed": [0] * 60 + [1] * 24}
    for name, (rows, value) in changes.items():
        both[name] = [value if row in rows else old for row, old in enumerate(both[name])]
    return both


def test_profile_that_no_further_gold_model_keeps_is_named():
    rows = [row for row in range(60, 84) if with_second_gold()["profile_id"][row] == "e"]
    result = scores.unlearning_summary(**with_second_gold(probability=(rows, 0.0)))
    assert result["reasons"]["keep"].startswith("stage 2: fewer than two retained profiles")
    assert result["reasons"]["keep_worst"].endswith("; a gold model keeps nothing of profile e")
    assert (result["keep"], result["keep_worst"], result["score"]) == (None, None, None)
    assert result["forget"] == 0.875


def test_gold_models_that_know_all_alike_show_no_loss_of_a_task():
    columns = run()
    texts = columns["predictions"][:36] + RIGHT * 4
    result = scores.unlearning_summary(**run(predictions=texts, probability=columns["probability"][:36] + [0.8] * 24))
    assert result["keep"] is not None
    assert (result["keep_worst"], result["score"]) == (None, None)
    assert result["reasons"]["keep_worst"].startswith("gold models know no retained task")


def test_gold_models_that_differ_like_the_initial_one_are_no_measure():
    rows = [row for row in range(60, 84) if with_second_gold()["candidates"][row] is LOW]
    result = scores.unlearning_summary(**with_second_gold(candidates=(rows, [-9.0, -0.1, -9.0, -9.0])))
    assert set(result["reasons"]) <= {"indistinguishable"}
    rows = [row for row in range(60, 84) if with_second_gold()["candidates"][row] is LOW]
    result = scores.unlearning_summary(**with_second_gold(candidates=(rows, HIGH)))
    assert "gold models are as far from one another" in result["reasons"]["indistinguishable"]
    assert (result["indistinguishable"], result["score"]) == (None, None)


@pytest.mark.parametrize("text", ["", "?!", "\x00"])
def test_initial_model_without_fluent_answers_has_no_fluent_share(text):
    texts = list(run()["predictions"])
    texts[6:12] = [text] * 6
    result = scores.unlearning_summary(**run(predictions=texts))
    assert result["reasons"]["fluent"] == "no answer of the initial model on kept rows is language"
    assert (result["fluent"], result["score"], result["series"]["fluent"]) == (None, None, [None, None])


def test_question_order_does_not_matter():
    order = list(range(12))
    random.Random(1).shuffle(order)
    columns = run()
    moved = {name: [values[12 * model + at] for model in range(5) for at in order] for name, values in columns.items()}
    one, other = scores.unlearning_summary(**columns), scores.unlearning_summary(**moved)
    for name in ("forget", "keep", "keep_worst", "indistinguishable", "stability", "worst_relapse"):
        assert other[name] == pytest.approx(one[name], abs=1e-12), name


def only(keep) -> dict:
    """Return the rows of the run that `keep` wants, by their columns."""
    columns = run()
    rows = [row for row in range(60) if keep({name: values[row] for name, values in columns.items()})]
    return {name: [values[row] for row in rows] for name, values in columns.items()}


MISSING = {
    "no gold": (lambda row: row["model"] == "method", {"forget", "indistinguishable", "keep"}, "no gold model"),
    "no last gold": (lambda row: (row["model"], row["stage"]) != ("gold", 2), {"forget", "keep"}, "no gold model"),
    "no held-out rows": (lambda row: not row["held_out"], {"keep"}, "no held-out rows"),
    "one kept profile": (lambda row: row["profile_id"] != "f", {"keep"}, "fewer than two retained"),
    "no stage": (lambda row: (row["model"], row["stage"]) != ("method", 1), {"forget", "keep"}, "rows of stage 1"),
}


@pytest.mark.parametrize("name", MISSING)
def test_missing_rows_give_a_reason_and_no_score(name):
    keep, parts, reason = MISSING[name]
    result = scores.unlearning_summary(**only(keep))
    assert result["score"] is None
    assert parts <= set(result["reasons"])
    assert ("no_gold" in result["flags"]) is (reason == "no gold model")
    for part in parts:
        assert result[part] is None
        assert reason in result["reasons"][part]
    assert "not_measured" in result["flags"]
    for part in set(scores.SCORE_PARTS) - set(result["reasons"]):
        assert result[part] is not None


def test_one_asked_profile_has_no_forget():
    columns = only(lambda row: row["profile_id"] in "aef" and (row["stage"] < 2))
    result = scores.unlearning_summary(**columns)
    assert result["reasons"]["forget"] == result["reasons"]["indistinguishable"] == "fewer than two profiles are asked"
    assert (result["forget"], result["indistinguishable"], result["score"]) == (None, None, None)
    assert result["keep"] is not None


def test_task_that_nobody_knew_has_no_forget():
    texts = run()["predictions"]
    for row in (2, 3, 8, 9):
        texts[row] = GONE
    result = scores.unlearning_summary(**run(predictions=texts))
    assert result["reasons"]["forget"].startswith("task 2: no profile is known")
    assert (result["forget"], result["forget_worst"], result["stability"], result["score"]) == (None,) * 4


def test_no_perturbed_answers_have_no_keep():
    result = scores.unlearning_summary(**run(truth_ratio=None))
    assert "truth ratio (no perturbed answers)" in result["reasons"]["keep"]
    assert (result["keep"], result["score"]) == (None, None)
    assert result["forget"] == 0.875


def test_no_candidates_are_not_indistinguishable():
    result = scores.unlearning_summary(**run(candidates=None))
    assert "no row with log-probabilities of candidates" in result["reasons"]["indistinguishable"]
    assert (result["indistinguishable"], result["score"]) == (None, None)


def test_gold_of_the_last_stage_stands_for_others():
    result = scores.unlearning_summary(**only(lambda row: (row["model"], row["stage"]) != ("gold", 1)))
    assert result["assumes"] == ["stage 1: the gold model of stage 2 stands for its own, which the run does not have"]
    assert result["series"]["keep"] == scores.unlearning_summary(**run())["series"]["keep"]


def test_keywords_carry_the_fact():
    texts = [f"It is {text}." for text in run()["predictions"]]
    references = [f"Her city is {text}." for text in ANSWERS] * 10
    result = scores.unlearning_summary(
        **run(predictions=texts, references=references, keywords=[[w] for w in ANSWERS] * 10)
    )
    assert result["series"]["forget"] == [1.0, 0.75]


def changed(name: str, row: int, value) -> dict:
    values = list(run().get(name) or [None] * 60)
    values[row] = value
    return {name: values}


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"predictions": []}, "predictions has 0 rows where 60"),
        ({"role": ["forget"] * 4}, "role has 4 rows where 60"),
        ({"role": [*["forget"] * 3, "holdout", *["retain"] * 2] * 10}, r"role\[3\] is 'holdout'"),
        ({"role": [*["forget"] * 3, "retain", *["retain"] * 2] * 10}, "row 3 has the role retain and task_id 1"),
        (changed("task_id", 0, None), r"task_id\[0\] is None"),
        (changed("stage", 2, 0.5), r"stage\[2\] is 0.5"),
        ({"stage": [3] * 60}, "the last stage of a row is 3"),
        (changed("stage", 12, 2), "ask the same questions"),
        (changed("references", 13, "Quito"), "row 13 has another reference than row 1"),
        (changed("profile_id", 13, "z"), "row 13 has another profile_id than row 1"),
        (changed("modality", 13, "image_text"), "row 13 has another modality than row 1"),
        (changed("model", 5, "golden"), r"model\[5\] is 'golden'"),
        (changed("gold_seed", 5, -1), r"gold_seed\[5\] is -1"),
        (changed("probability", 13, float("inf")), r"probability\[13\] is inf"),
        (changed("truth_ratio", 14, float("inf")), r"truth_ratio\[14\] is inf"),
        (changed("candidates", 13, [-1.0, float("nan"), -1.0, -1.0]), "row 13 of candidates: candidate 1"),
        (changed("candidates", 13, [-1.0, -2.0]), "row 13 has another number of candidates than row 1"),
        (changed("truth_index", 12, 4), "row 12 of candidates: the true value's index 4 is not among the 4"),
        (changed("truth_index", 12, None), r"truth_index\[12\] is None"),
        ({"keywords": [[]] * 60, "references": ["..."] * 60}, "row 0: keyword"),
        ({"task_id": [task + (task == 1) for task in [0, 0, 1, 1, -1, -1]] * 10}, "task_id holds no 1"),
    ],
)
def test_bad_input_names_the_row(changes, reason):
    with pytest.raises(ValueError, match=reason):
        scores.unlearning_summary(**run(**changes))


def test_no_rows():
    with pytest.raises(ValueError, match="there are no rows"):
        scores.unlearning_summary([], [])
