"""The report's section on attacks: shown where a run was attacked, with gold's line and the claims in fixed words."""

import json

import pytest
from attack_summary import attacked
from html_page import HtmlPage
from synthetic_run import write_run

from lethebench.report import ReportError, figures, measures, write_report
from lethebench.report.load import load_run
from lethebench.report.robustness import GOLD, robustness
from lethebench.report.seeds import group_runs


@pytest.fixture
def run(tmp_path):
    folder = write_run(tmp_path / "demo", gold_seeds=2)
    attacked(folder)
    return folder


def test_table_holds_the_largest_of_each_attack(run):
    table = robustness(group_runs([load_run(run)])[0])
    assert [column.key for column in table.columns] == [
        "model", "unattacked", "relearn", "round", "worst_case", "worst_attack",
    ]  # fmt: skip
    cells = {row[0].text: [cell.text for cell in row[1:]] for row in table.rows}
    assert cells["ga"] == ["0.000", "0.500", "0.200", "0.500", "relearn: retain, 3"]
    assert cells["gold (retrained)"] == ["0.000", "0.030", "0.010", "0.030", "relearn: retain, 3"]
    assert table.reference == {2}


def test_section_states_claims_and_what_was_left_out(run, monkeypatch, tmp_path):
    monkeypatch.setattr(figures, "png", lambda figure: b"")
    path = write_report([run], tmp_path / "out")
    text = HtmlPage(path.read_text("utf-8")).text
    assert "npo: not recovered by the attacks listed" in text
    assert "left out: ask: the build has no test rows" in text
    assert "Budget small; 48 questions of 12 profiles; 2 gold models; attacks: relearn, round." in text
    assert (tmp_path / "out/figures/relearning-retain.png").is_file()
    assert "ga,0.0,," in (tmp_path / "out/tables/robustness.csv").read_text()


def test_results_of_other_weights_are_not_shown(run):
    path = run / "attacks/summary.json"
    content = json.loads(path.read_text())
    content["stages"]["4"]["models"]["ga"]["model_sha256"] = "0" * 64
    path.write_text(json.dumps(content))
    table = robustness(group_runs([load_run(run)])[0])
    assert [row[0].text for row in table.rows] == ["npo", "gold (retrained)"]


@pytest.mark.parametrize("text", ["{", "[]", '{"budget": 1}', '{"budget": "small", "seed": 0, "stages": {"4": 3}}'])
def test_damaged_summary_is_one_line(run, text):
    (run / "attacks/summary.json").write_text(text)
    with pytest.raises(ReportError, match=r"summary\.json.*lethe attack"):
        robustness(group_runs([load_run(run)])[0])


def test_run_without_attacks_has_no_section(tmp_path):
    run = write_run(tmp_path / "demo")
    assert not robustness(group_runs([load_run(run)])[0]).rows


def with_measures(run) -> None:
    """Add what attacks measured of the detectability and of two layers."""
    path = run / "attacks/summary.json"
    content = json.loads(path.read_text())
    stage = content["stages"]["4"]
    for attack, variant, point in (("who", "loss", None), ("depth", "projector", 1), ("depth", "language model", 1)):
        name = f"{attack}: {variant}" + (f", {point}" if point else "")
        stage["series"].append({"name": name, "attack": attack, "variant": variant, "point": point})
        for model, value in (("ga", 0.9), ("npo", 0.8), ("learnt", 1.0), ("gold", 0.4), ("gold-2", 0.6)):
            gold = {"gold": 0.6, "gold-2": 0.4}.get(model, 0.5)
            one = {"value": value, "ci_low": value - 0.1, "ci_high": value, "gold": gold, "initial": 1.0, "share": 0.5}
            stage["measures"].setdefault(model, {})[name] = one
    path.write_text(json.dumps(content))


def test_measures_stand_beside_gold_and_the_initial_model(run):
    with_measures(run)
    group = group_runs([load_run(run)])[0]
    table = measures.measures(group)
    assert [column.title for column in table.columns] == ["Measure", "ga", "npo", GOLD, measures.INITIAL]
    assert [[cell.text for cell in row] for row in table.rows] == [["who: loss", "0.900", "0.800", "0.500", "1.000"]]
    assert table.rows[0][1].note == "0.800 to 0.900"
    lines = measures.layers(group)["depth"]
    assert list(lines) == ["ga", "npo", "gold", "learnt"]
    assert list(lines["ga"]) == [("projector", 1), ("language model", 1)]
    assert lines["gold"]["projector", 1].value == 0.5
    assert len(measures.layers_table(group).rows) == 8


def test_measures_are_on_the_page(run, monkeypatch, tmp_path):
    with_measures(run)
    drawn = []
    monkeypatch.setattr(figures, "png", lambda figure: drawn.append(figure) or b"")
    path = write_report([run], tmp_path / "out")
    text = HtmlPage(path.read_text("utf-8")).text
    assert "who: loss" in text
    assert "no part of the worst case" in text
    assert (tmp_path / "out/figures/layers-depth.png").is_file()
    assert "depth,projector,1,ga,0.9,0.8,0.9," in (tmp_path / "out/tables/layers.csv").read_text()
    (figure,) = (one for one in drawn if any("projector" in axes.get_xlabel() for axes in one.axes))
    assert [axes.get_xlabel().split("\n")[0] for axes in figure.axes] == ["projector", "language model"]
