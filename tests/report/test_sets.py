"""The report's tables in the shape of the papers': scores by set of rows, and each request after each later one."""

from statistics import fmean

import pyarrow.parquet as pq
import pytest
from html_page import HtmlPage
from synthetic_run import change_rows, summarize, write_run

from lethebench.report import sets, write_report
from lethebench.report.load import load_run
from lethebench.report.repeat import limits
from lethebench.report.seeds import Group


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return write_run(tmp_path_factory.mktemp("runs") / "demo", tasks=3, per_task=2, retain=6)


def of_benchmark(run, name) -> Group:
    record = load_run(run)
    record.record["data"]["benchmark"] = name
    return Group("demo", (record,))


def mean(path, column, **values) -> float:
    rows = pq.read_table(path).to_pylist()
    return fmean(
        row[column]
        for row in rows
        if row[column] is not None and all(row[name] in allowed for name, allowed in values.items())
    )


def test_sets_equal_plain_means_of_the_last_stage(run, tmp_path):
    write_report([run], tmp_path / "out")
    page = HtmlPage((tmp_path / "out/report.html").read_text(encoding="utf-8"))
    head, *rows = page.tables["demo-sets"]
    titles = [cell["text"] for cell in head]
    order = load_run(run).order
    for model, folder in (("before unlearning", "learnt"), ("npo", "npo/t003"), ("gold (retrained)", "gold/t003")):
        for asked, modality in (("image", "image_text"), ("text", "text")):
            row = next(row for row in rows if (row[0]["text"], row[2]["text"]) == (model, asked))
            cells = dict(zip(titles, row, strict=True))
            for name, file, tasks in (
                ("forget", "rows", order),
                ("retain", "rows", [-1]),
                ("new wordings", "held_out", order),
            ):
                expected = mean(run / folder / f"{file}.parquet", "rouge_l", task_id=tasks, modality=[modality])
                assert cells[f"ROUGE-L, {name}"]["value"] == pytest.approx(expected)


def test_mllmu_is_reported_after_every_request_without_later_ones(run):
    table = sets.sets(of_benchmark(run, "mllmu"))
    assert (
        table.caption
        == f"Means over each set of rows after each of {len(load_run(run).order)} requests, as in the benchmark’s paper"
    )
    assert [column.title for column in table.columns[3:5]] == ["ROUGE-L, forget", "ROUGE-L, new wordings"]
    order = load_run(run).order
    for stage in (1, 2, 3):
        row = next(row for row in table.rows if [cell.text for cell in row[:3]] == ["npo", str(stage), "text"])
        path = run / f"npo/t{stage:03d}/rows.parquet"
        assert row[3].stat.value == pytest.approx(mean(path, "rouge_l", task_id=order[:stage], modality=["text"]))


def test_later_counts_refusals_of_each_request_from_its_own_stage_on(tmp_path):
    run = write_run(tmp_path / "demo", tasks=2, per_task=2, retain=4, methods=("npo",))
    order = load_run(run).order
    change_rows(
        run / "npo/t002",
        lambda row: row.update(answer_kind="refusal" if row["task_id"] == order[0] else "right"),
    )
    summarize(run)
    table = sets.later(of_benchmark(run, "mlu"))
    values = {(row[1].text, row[2].text): [cell.stat.value for cell in row[3:]] for row in table.rows}
    assert values["task 1", "refused"][1] == 1
    assert values["task 1", "right"][1] == 0
    assert values["task 2", "right"] == [None, 1]
    assert values["task 2", "refused"] == [None, 0]
    assert not sets.later(of_benchmark(run, "icu")).rows


def test_several_runs_give_the_mean_over_seeds(tmp_path):
    runs = [write_run(tmp_path / str(seed), tasks=2, per_task=2, retain=4, seed=seed) for seed in (0, 1)]
    group = Group("demo", tuple(map(load_run, runs)))
    cell = sets.sets(group).rows[0][3]
    values = [mean(one / "learnt/rows.parquet", "exact_match", task_id=[0, 1], modality=["image_text"]) for one in runs]
    assert cell.stat.value == pytest.approx(fmean(values))
    assert cell.stat.sd is not None
    assert cell.stat.low is None


def test_page_says_whether_attacks_were_run(run):
    record = load_run(run)
    assert "no attacks were run" in limits(Group("demo", (record,)))[0]
    record.__dict__["attacks"] = {"stages": {}}
    assert "attacks that were run" in limits(Group("demo", (record,)))[0]
