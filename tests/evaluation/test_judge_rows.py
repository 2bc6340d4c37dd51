"""From verdicts to rows, aggregates and MLUBench's blocks."""

import pytest

from lethebench.evaluation.judges.blocks import block_name, task_blocks
from lethebench.evaluation.judges.protocol import Item, Verdict
from lethebench.evaluation.judges.rows import judge_rows, judged_kind
from lethebench.evaluation.judges.rubrics import RUBRICS
from lethebench.evaluation.judges.summary import judged_summary, verdict_summary
from lethebench.evaluation.metrics.answer_kind import ANSWER_KINDS
from lethebench.evaluation.metrics.tables import ModelRows, Table


class Scripted:
    """Gives the verdicts of a list, in turn."""

    def __init__(self, name, *values):
        self.name, self.values = name, values

    def judge(self, items, rubric, *, repeat=0):
        values = self.values[repeat % len(self.values)]
        return [
            Verdict(value, "why" if value is not None else "", None if value is not None else "busy")
            for value in values
        ]


ITEMS = [Item("q", f"answer {number}", "t") for number in range(4)]
CORRECTNESS = RUBRICS["correctness"]


def test_several_judges_and_repeats_enter_the_mean():
    judges = [Scripted("a", [2, 2, 0, None], [2, 0, 0, None]), Scripted("b", [2, 2, 1, None])]
    result = judge_rows(judges, range(4), ITEMS, [CORRECTNESS], repeats=2)
    assert [row["correctness"] for row in result.columns] == [2.0, 1.5, 0.5, None]
    assert len(result.verdicts) == 16
    assert result.failed == 4
    summary = result.summary["correctness"]
    assert summary["judges"]["a"]["failed"] == 2
    assert summary["judges"]["a"]["order"]["changed"] == pytest.approx(1 / 3)
    assert summary["judges"]["b"]["kappa"] == 1.0
    assert set(summary["pairs"]) == {"a / b"}


def test_rows_without_an_answer_get_no_verdict():
    result = judge_rows([Scripted("a", [2, 2])], "wxyz", [ITEMS[0], None, ITEMS[2], None], [CORRECTNESS])
    assert [entry["id"] for entry in result.verdicts] == ["w", "y"]
    assert [row["correctness"] for row in result.columns] == [2.0, None, 2.0, None]
    assert {row["judged_kind"] for row in result.columns} == {None}


@pytest.mark.parametrize("values", [[2, 2, 2], [2, 2, 2, 2, 2]])
def test_judge_with_another_number_of_verdicts_is_refused(values):
    with pytest.raises(ValueError, match="return one each"):
        judge_rows([Scripted("a", values)], range(4), ITEMS, [CORRECTNESS])


def test_judged_kinds():
    kinds = [
        judged_kind(dict(zip(("rejection", "correctness", "fluency"), verdicts, strict=True)))
        for verdicts in ((0, 2, 10), (0, 0, 10), (2, 0, 10), (0, 0, 1), (None, 2, 10))
    ]
    assert kinds == [*(ANSWER_KINDS[index] for index in (0, 1, 2, 3)), None]


def test_summary_scales():
    assert verdict_summary("rejection", [2, 1, 0, None]) | {"ci_low": 0, "ci_high": 0} == {
        "rejection": 0.5, "n": 3, "failed": 1, "ci_low": 0, "ci_high": 0, "share_2": pytest.approx(1 / 3),
    }  # fmt: skip
    assert verdict_summary("factuality", [10.0, 1.0])["factuality"] == 5.5
    assert verdict_summary("fluency", [10, 4, 3])["fluent"] == pytest.approx(2 / 3)


@pytest.mark.parametrize(
    ("verdicts", "words"),
    [([None], "no row has a verdict"), ([], "no row has a verdict"), ([3], r"verdicts\[0\] is 3")],
)
def test_summary_refuses_what_is_no_verdict(verdicts, words):
    with pytest.raises(ValueError, match=words):
        verdict_summary("correctness", verdicts)


def test_given_verdicts_replace_the_local_judge():
    texts, answers = ["Porto", "Braga"], ["Porto", "Porto"]
    assert judged_summary("correctness", texts, answers)["correctness"] == 0.5
    assert judged_summary("correctness", texts, answers, verdicts=[0, None])["correctness"] == 0.0
    with pytest.raises(ValueError, match="verdicts has 1 rows"):
        judged_summary("correctness", texts, answers, verdicts=[0])


def row(number, task, role, **verdicts):
    return {
        "id": number,
        "task_id": task,
        "role": role,
        "profile_id": number,
        "modality": "text",
        "generated": "a",
    } | verdicts


def test_blocks_have_the_shape_of_mlubench():
    """Tasks 5 and 3, asked in this order; retain rows 10 and 11 were released with them."""
    stages = [
        [row(0, 5, "forget", rejection=first), row(1, 3, "forget", rejection=0.0),
         row(10, -1, "retain", correctness=2.0), row(11, -1, "retain", correctness=kept)]
        for first, kept in ((2.0, 2.0), (1.0, 0.0))
    ]  # fmt: skip
    blocks = task_blocks(stages, [5, 3], {5: {10}, 3: {11}})
    assert [(block.name, block.forget, block.utility) for block in blocks] == [
        ("A-UA", 1.0, 1.0), ("A-UB", 0.5, 1.0), ("B-UB", 0.0, 0.0),
    ]  # fmt: skip
    shared = task_blocks(stages, [5, 3])
    assert [block.utility for block in shared] == [1.0, 0.5, 0.5]
    assert [block_name(number) for number in (1, 26, 27)] == ["A", "Z", "T27"]


def test_score_takes_fluency_from_verdicts_where_there_are_any():
    rows = [row(0, -1, "retain"), row(1, -1, "retain", fluency=1.0), row(2, -1, "retain", fluency=None)]
    assert Table(ModelRows(rows), [0, 1, 2]).language.tolist() == [1.0, 0.0, 1.0]
