"""Notes on weak metrics are those of VALIDITY.md, and stand where the metrics are printed."""

import re

import pytest

from lethebench.evaluation import validity
from lethebench.scoring.output import full_table, headline

TABLE = """
| metric | faithfulness | relearning | 8 bits | 4 bits | robustness | note |
|---|---:|---:|---:|---:|---:|---|
| `exact_match` | 0.700 | 0.900 | 0.900 | 0.900 | 0.900 | unfaithful |
| `loss/auc` | 0.950 | 0.100 | 0.900 | 0.900 | 0.200 | not robust |
| `score` | 1.000 | 0.900 | 0.900 | 0.900 | 0.900 |  |
"""


@pytest.fixture
def page(tmp_path, monkeypatch):
    path = tmp_path / "VALIDITY.md"
    path.write_text(TABLE, "utf-8")
    monkeypatch.setattr(validity, "PAGE", path)
    validity.weak_metrics.cache_clear()
    yield
    validity.weak_metrics.cache_clear()


def test_notes_are_those_of_the_page(page):
    assert validity.weak_metrics() == {"exact_match": ["unfaithful"], "loss/auc": ["not robust"]}


def test_note_follows_a_result_of_any_split(page):
    (line,) = validity.notes_on(["forget/exact_match", "retain/exact_match"])
    assert line.startswith("unfaithful (")
    assert line.endswith(": exact_match")
    assert validity.notes_on(["loss/auc"])[0].startswith("not robust (")
    assert validity.notes_on(["score", "auc", "forget/score"]) == []


@pytest.mark.parametrize("show", [headline, full_table])
def test_evaluate_prints_the_note(page, show):
    cell = {"value": 0.5, "ci_low": None, "ci_high": None, "n": 3}
    scores = {"metrics": {"memorization": {"forget/exact_match": cell}}, "flags": [], "not_measured": {}, "notes": []}
    assert show(scores).endswith(validity.notes_on(["exact_match"])[0])


def test_shipped_page_has_the_score_and_notes_that_follow_from_its_figures():
    rows = re.findall(r"^\| `([^`]+)` \| (.+) \|(.*)\|$", validity.PAGE.read_text("utf-8"), re.MULTILINE)
    assert {"score", "forget", "exact_match", "truth_ratio"} <= {name for name, _, _ in rows}
    for name, cells, note in rows:
        figures = [float(cell) for cell in cells.split("|")]
        weak = ["unfaithful"] * (figures[0] < 0.9) + ["not robust"] * (figures[-1] < 0.5)
        assert note.strip() == ", ".join(weak), name
        assert validity.weak_metrics().get(name, []) == weak
