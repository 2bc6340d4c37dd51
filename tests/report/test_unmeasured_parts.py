"""The report of a run with unmeasured parts says why instead of showing empty panels."""

import csv

from html_page import HtmlPage
from synthetic_run import change_rows, summarize, write_run

from lethebench.report import write_report
from lethebench.runs.folder import HELD_OUT

UNRANKED = ("truth_ratio", "num_candidates", "exposure", "exposure_normalised", "candidate_logprobs")
"""Scores of rows without wrong answers and candidates, which are None."""


def test_unmeasured_parts_say_why_instead_of_empty_panels(tmp_path):
    """Data without test rows and wrong answers: no curve of keep, no table of stability, and the reasons."""
    run = write_run(tmp_path / "demo")
    for stage in run.rglob("rows.parquet"):
        change_rows(stage.parent, lambda row: row.update(dict.fromkeys(UNRANKED)))
        stage.with_name(HELD_OUT).unlink(missing_ok=True)
    summarize(run)
    write_report([run], tmp_path / "out")
    page = HtmlPage((tmp_path / "out/report.html").read_text("utf-8"))
    drawn = {path.stem for path in (tmp_path / "out/figures").iterdir()}
    training = {"training", "training-ga", "training-npo"}
    assert drawn == {"first-task", "forget", "retain-knowledge", "matrix-ga", "matrix-npo"} | training
    assert "Not drawn, since not measured: As gold to attackers, Keep, Exposure, bits. " in page.text
    assert "demo-stability" not in page.tables
    assert "Stability was not measured; the first section says why." in page.text
    assert "npo: retain_truth_ratio, a part of in-sample utility: the rows have no wrong answers" in page.text
    assert "npo: exposure: no row has candidates among which its true value is ranked" in page.text
    with (tmp_path / "out/tables/stability.csv").open(newline="") as file:
        assert {row["npo"] for row in csv.DictReader(file)} == {""}
    assert "never" not in (tmp_path / "out/tables/stability.md").read_text()
