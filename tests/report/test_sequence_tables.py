"""The report's tables of a sequence: the first task to the end, scores inside stages, the representation gap."""

from dataclasses import replace

import pytest
from html_page import HtmlPage
from synthetic_run import change_rows, summarize, write_run

from lethebench.report import first_task, optional, write_report
from lethebench.report.load import load_run
from lethebench.report.seeds import Group
from lethebench.runs.folder import read_json


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return write_run(tmp_path_factory.mktemp("runs") / "demo", tasks=3, per_task=2, retain=6)


def group_of(run, **gold) -> Group:
    record = load_run(run)
    return Group("demo", (replace(record, gold={**record.gold, **gold}),))


def test_first_task_is_followed_to_the_end(run, tmp_path):
    write_report([run], tmp_path / "out")
    page = HtmlPage((tmp_path / "out/report.html").read_text(encoding="utf-8"))
    summary, gold = read_json(run / "npo/summary.json"), read_json(run / "gold/summary.json")
    rows = [row for row in page.tables["demo-first-task"][1:] if row[0]["text"] == "npo"]
    first_task = [stage[0] for stage in summary["knowledge"]]
    assert [row[2]["value"] for row in rows] == first_task
    floor = gold["knowledge"][0]
    shares = [1 - min(1, max(0, (value - floor) / (first_task[0] - floor))) for value in first_task]
    assert [row[3]["value"] for row in rows] == pytest.approx(shares)
    assert rows[0][3]["value"] == 0
    last = page.tables["demo-first-task"][-1]
    assert (last[1]["text"], last[2]["value"], last[3]["value"]) == ("3", gold["stages"]["3"]["knowledge"][0], 1.0)
    assert (tmp_path / "out/figures/first-task.png").stat().st_size > 1000


def test_gold_has_a_line_of_its_own_where_it_has_several_stages(run):
    gold = read_json(run / "gold/summary.json")
    one, several = group_of(run), group_of(run, stages={"1": gold["stages"]["3"], **gold["stages"]})
    assert first_task.levels(one)["gold"] == gold["stages"]["3"]["knowledge"][0]
    assert first_task.gold_lines(one) == {}
    assert first_task.levels(several)["gold"] is None
    assert list(first_task.gold_lines(several)["gold"]) == [1, 3]


def test_stage_without_probabilities_is_summarized(tmp_path):
    """An API gives text alone: knowledge is measured, what needs probabilities is not, and the reason is listed."""
    run = write_run(tmp_path / "demo", tasks=2, per_task=2, retain=4, methods=("npo",))
    absent = dict.fromkeys(
        ("probability", "truth_ratio", "rank", "exposure", "exposure_normalised", "candidate_logprobs")
    )
    for name in ("rows.parquet", "held_out.parquet"):
        change_rows(run / "npo/t001", lambda row: row.update({**absent, "num_candidates": 0}), name)
    before = read_json(run / "npo/summary.json")
    summarize(run)
    summary = read_json(run / "npo/summary.json")
    assert summary["knowledge"] == before["knowledge"]
    assert summary["in_sample_utility"] == [before["in_sample_utility"][0], None, before["in_sample_utility"][2]]
    assert summary["final"]["forget"] == before["final"]["forget"]
    assert {"indistinguishable", "keep", "stability"} <= summary["reasons"].keys()
    assert summary["final"]["score"] is None
    write_report([run], tmp_path / "out")


def with_summary(run, **entries) -> Group:
    record = load_run(run)
    methods = tuple(replace(method, summary={**method.summary, **entries}) for method in record.methods)
    return Group("demo", (replace(record, methods=methods),))


def test_what_was_not_measured_has_no_table(run):
    group = group_of(run)
    assert not optional.inside(group).rows
    assert not optional.representation(group).rows


def test_worst_case_inside_stages_is_listed(run):
    figures = {"kept_lowest": [0.5, 0.25, 1.0], "stability_gap": [0.5, 0.25, 0.0]}
    figures |= {"earlier_highest": [None, 0.75, 0.5], "relapse_inside": [None, 0.5, 0.25]}
    rows = optional.inside(with_summary(run, inside=figures)).rows
    stages = [[cell.exact for cell in row[2:]] for row in rows if row[0].text == "npo"]
    assert stages == [
        ["0.5", "0.5", "", ""],
        ["0.25", "0.25", "0.75", "0.5"],
        ["1.0", "0.0", "0.5", "0.25"],
        ["0.25", "0.25", "0.75", "0.375"],
    ]


def test_representation_gap_is_of_own_and_last_stage(run):
    gaps = [{"before": 1.0, "after": 1.0 + stage, "difference": float(stage)} for stage in (1, 2, 3)]
    group = with_summary(run, representation={"0": gaps, "1": gaps})
    rows = [[cell.text for cell in row] for row in optional.representation(group).rows if row[1].text == "npo"]
    assert [(row[0], row[2], row[5]) for row in rows] == [
        ("task 1", "1", "1.000"),
        ("task 1", "3", "3.000"),
        ("task 2", "2", "2.000"),
        ("task 2", "3", "3.000"),
    ]
