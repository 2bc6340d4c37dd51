"""The report of a run that judges have judged: MLUBench's table, scores, and what is not shown."""

import json
import shutil

import pandas
import pytest
from synthetic_run import write_run

from lethebench.console import Console
from lethebench.report.load import ReportError
from lethebench.report.write import write_report
from lethebench.runs.folder import file_hash, write_json
from lethebench.runs.proof import stages_of
from lethebench.runs.records import read_gate, read_gold_summary, read_run
from lethebench.scoring.judged_run import JudgedRun
from lethebench.scoring.judges import JudgeOptions
from lethebench.scoring.judging import Judging, Questions

METHODS = ("ga", "npo")


def judged(run, copy, **options):
    """Judge a run as `lethe evaluate RUN --judge local` does, from its own rows, and write evaluation/scores.json."""
    record = read_run(run)
    shutil.copytree(run, copy)
    judging = Judging(JudgeOptions(names=("local",), **options), copy / "replies.sqlite", Console())
    stages = list(stages_of(run, record))
    judged = JudgedRun(judging, copy, stages, record["task_order"], questions=Questions())
    judged.judge()
    judged.write()
    result = judged.result(run, METHODS, read_gold_summary(run), read_gate(run))
    (run / "evaluation").mkdir(exist_ok=True)
    write_json(run / "evaluation" / "scores.json", {"judges": result})
    return result


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    root = tmp_path_factory.mktemp("judged")
    folder = write_run(root / "run", tasks=2, per_task=2, retain=4)
    judged(folder, root / "copy")
    return folder


def scores_of(run):
    return run / "evaluation" / "scores.json"


def test_report_has_the_blocks_of_mlubench(run, tmp_path):
    page = write_report([run], tmp_path / "out").read_text()
    blocks = pandas.read_csv(tmp_path / "out" / "tables" / "blocks.csv", index_col=["model", "metric"])
    assert [name for name in blocks.columns if not name.endswith("_sd")] == ["A-UA", "A-UB", "B-UB"]
    expected = json.loads(scores_of(run).read_text())["judges"]["blocks"]
    for method in METHODS:
        for block in expected[method]:
            assert blocks.loc[(method, "Utility (correctness) ↑"), block["name"]] == pytest.approx(block["utility"])
    assert "By judges" in page
    assert "judged by local" in page
    assert "Show each task after each request" not in page
    assert pandas.read_csv(tmp_path / "out" / "tables" / "judged.csv", index_col="model").index.tolist() == list(
        METHODS
    )


def test_report_of_many_tasks_has_a_line_per_block(tmp_path):
    run = write_run(tmp_path / "run", tasks=5, per_task=1, retain=4, methods=("npo",))
    record = {"names": ["local"], "rubrics": ["rejection/1"], "repeats": 1, "sample": 2, "failed": 3, "agreement": {}}
    blocks = [{"name": f"A-U{letter}", "task": 1, "stage": 1, "forget": 0.5, "utility": None} for letter in "ABCDE"]
    hashes = {stage: file_hash(run / stage / "rows.parquet") for stage in stages_of(run, read_run(run))}
    (run / "evaluation").mkdir()
    judges = record | {"blocks": {"npo": blocks}, "scores": {}, "rows_sha256": hashes}
    write_json(scores_of(run), {"judges": judges})
    page = write_report([run], tmp_path / "out").read_text()
    table = pandas.read_csv(tmp_path / "out" / "tables" / "blocks.csv")
    assert table["block"].tolist() == ["A-UA", "A-UB", "A-UC", "A-UD", "A-UE"]
    assert table["forget"].tolist() == [0.5] * 5
    assert "3 verdicts failed" in page
    assert "Show each task after each request (5 lines)" in page
    assert not (tmp_path / "out" / "tables" / "judged.csv").exists()


def test_report_has_the_agreement_of_a_judge_with_itself(tmp_path):
    run = write_run(tmp_path / "run", tasks=2, per_task=2, retain=4)
    judged(run, tmp_path / "copy", repeats=2)
    page = write_report([run], tmp_path / "out").read_text()
    assert "2 verdicts of each judge on an answer" in page
    assert "Agreement of each judge with itself (Fleiss’ kappa, mean over stages): correctness 1.00" in page
    assert "Agreement of the judges" not in page


def test_verdicts_of_other_rows_are_not_shown(run, tmp_path):
    copy = shutil.copytree(run, tmp_path / "run")
    content = json.loads(scores_of(copy).read_text())
    content["judges"]["rows_sha256"]["learnt"] = "0" * 64
    write_json(scores_of(copy), content)
    assert "By judges" not in write_report([copy], tmp_path / "out").read_text()
    assert not (tmp_path / "out" / "tables" / "blocks.csv").exists()


@pytest.mark.parametrize("content", ["{", "[]", '{"judges": {}}', '{"judges": {"names": 3}}', "[" * 100_000])
def test_unreadable_scores_are_one_line(run, tmp_path, content):
    copy = shutil.copytree(run, tmp_path / "run")
    scores_of(copy).write_text(content)
    with pytest.raises(ReportError, match=r"scores\.json cannot be read .*; evaluate the run again or remove it"):
        write_report([copy], tmp_path / "out")


def test_scores_without_judges_change_nothing(run, tmp_path):
    copy = shutil.copytree(run, tmp_path / "run")
    scores_of(copy).write_text('{"judges": null}')
    assert "By judges" not in write_report([copy], tmp_path / "out").read_text()
