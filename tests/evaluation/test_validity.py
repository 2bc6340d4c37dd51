"""Notes on weak metrics are those of VALIDITY.md, and stand where the metrics are printed."""

import re

import pytest

from lethebench.evaluation import validity
from lethebench.runs.continual import SHOWN
from lethebench.runs.continual import headline as run_headline
from lethebench.runs.gate import MODALITIES
from lethebench.scoring.output import full_table, headline

TABLE = """
| metric | faithfulness | relearning | 8 bits | 4 bits | robustness | gold | published | note |
|---|---:|---:|---:|---:|---:|---:|---:|---|
| `exact_match` | 0.700 | 0.900 | 0.900 | 0.900 | 0.900 | 0.990 | 0.900 | unfaithful |
| `exposure_normalised` | 0.950 | 0.900 | 0.900 | 0.900 | 0.900 | 0.990 | 0.200 | not robust |
| `loss/auc` | 0.950 | 0.100 | 0.900 | 0.900 | 0.200 | 0.990 | 0.900 | not robust |
| `score` | 1.000 | 0.900 | 0.900 | 0.900 | 0.900 | 0.990 | 0.900 |  |

| definition | `exact_match` | `score` |
|---|---:|---:|
| published | 0.900 | 0.900 |
"""
WEAK = {
    "exact_match": ["unfaithful"],
    "exposure_normalised": ["not robust"],
    "loss/auc": ["not robust"],
}


@pytest.fixture
def page(tmp_path, monkeypatch):
    path = tmp_path / "VALIDITY.md"
    path.write_text(TABLE, "utf-8")
    monkeypatch.setattr(validity, "PAGE", path)
    validity.weak_metrics.cache_clear()
    yield
    validity.weak_metrics.cache_clear()


def test_notes_are_those_of_the_page(page):
    assert validity.weak_metrics() == WEAK


def test_note_follows_a_result_of_any_split(page):
    (line,) = validity.notes_on(["forget/exact_match", "retain/exact_match"])
    assert line.startswith("unfaithful (")
    assert line.endswith(": exact_match")
    assert validity.notes_on(["loss/auc"])[0].startswith("not robust (")
    assert validity.notes_on(["score", "auc", "forget/score"]) == []


@pytest.mark.parametrize("result", ["exposure", "forget/exposure", "exposure_normalised"])
def test_note_follows_the_same_metric_in_another_unit(page, result):
    (line,) = validity.notes_on([result])
    assert line.endswith(f": {result.removeprefix('forget/')}")


def test_run_prints_the_note(page):
    final = dict.fromkeys(SHOWN, 0.5) | {"flags": []}
    gold, gate = {"knowledge": [0.1], "exposure": 1.0}, dict.fromkeys(MODALITIES)
    text = run_headline({"methods": {"npo": final}, "gold": gold, "gate": gate})
    assert validity.notes_on(["exposure"])[0] in text.splitlines()


@pytest.mark.parametrize("show", [headline, full_table])
def test_evaluate_prints_the_note(page, show):
    cell = {"value": 0.5, "ci_low": None, "ci_high": None, "n": 3}
    scores = {"metrics": {"memorization": {"forget/exact_match": cell}}, "flags": [], "not_measured": {}, "notes": []}
    assert show(scores).endswith(validity.notes_on(["exact_match"])[0])


def test_shipped_page_has_the_score_and_notes_that_follow_from_its_figures():
    text = validity.PAGE.read_text("utf-8")
    header = next(line for line in text.splitlines() if line.startswith("| metric |")).split(" | ")
    columns = {name: header.index(name) - 1 for name in ("faithfulness", "robustness", "published")}
    rows = re.findall(r"^\| `([^`]+)` \| (.+) \|(.*)\|$", text, re.MULTILINE)
    assert {"score", "forget", "exact_match", "truth_ratio"} <= {name for name, _, _ in rows}
    for name, cells, note in rows:
        figures = [float(cell) for cell in cells.split("|")]
        robust = min(figures[columns["robustness"]], figures[columns["published"]])
        weak = ["unfaithful"] * (figures[columns["faithfulness"]] < 0.9) + ["not robust"] * (robust < 0.5)
        assert note.strip() == ", ".join(weak), name
        assert validity.weak_metrics().get(name, []) == weak
