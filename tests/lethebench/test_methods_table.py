"""The table of methods from finished runs: figures with their range over seeds, and the worst case under attack."""

import pytest
from attack_summary import attacked
from synthetic_run import write_run

from lethebench.attacks.several import attack_runs, runs_in
from lethebench.errors import UserError
from lethebench.reproduce import methods
from lethebench.reproduce.methods import GOLD, methods_table, rows_of


def lines_of(table: str) -> dict[str, list[str]]:
    header, rule, *lines = [line.strip("| ").split(" | ") for line in table.splitlines()]
    assert len(rule) == len(header)
    return {line[0].strip("`"): dict(zip(header, line, strict=True)) for line in lines}


def test_one_seed_has_its_interval_and_gold_its_largest(tmp_path):
    run = write_run(tmp_path / "demo", gold_seeds=2)
    attacked(run)
    lines = lines_of(methods_table(rows_of([run])))
    assert list(lines) == ["npo", "ga", GOLD]
    assert lines["ga"]["worst-case recovery"] == "0.50 [0.00, 1.00]"
    assert lines["ga"]["by"] == "relearn: retain, 3"
    assert lines[GOLD]["worst-case recovery"] == "0.03 [0.00, 1.00]"
    assert lines["npo"]["score"] != "–"


def test_several_seeds_have_their_range(tmp_path, monkeypatch):
    monkeypatch.setattr(methods, "gold_as_method", lambda run, other: {"final": {"score": 0.75}, "seconds": [1.0]})
    runs = [write_run(tmp_path / f"s{seed}", gold_seeds=2, seed=seed) for seed in (0, 1)]
    attacked(runs[0])
    lines = lines_of(methods_table(rows_of(runs_in([tmp_path]))))
    mean, low, high = (float(text.strip("[,]")) for text in lines["npo"]["forget"].split())
    assert low <= mean <= high
    assert lines["ga"]["worst-case recovery"] == "0.50 [0.00, 1.00]"
    assert lines[GOLD]["score"] == "0.750 [0.75, 0.75]"


def test_runs_that_were_not_attacked_have_no_worst_case(tmp_path):
    assert "worst" not in methods_table(rows_of([write_run(tmp_path / "demo")]))


@pytest.mark.parametrize("name", ["absent", "empty"])
def test_folder_without_runs_is_one_line(tmp_path, name):
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError, match="has no run with a method"):
        runs_in([tmp_path / name])


def test_models_of_one_seed_are_attacked_once(tmp_path, monkeypatch):
    runs = [write_run(tmp_path / name, seed=seed) for name, seed in (("a", 0), ("b", 0), ("c", 1))]
    sources = {}
    monkeypatch.setattr(
        "lethebench.attacks.several.attack_command", lambda options: sources.update({options.run: options.source})
    )
    assert [run for run, _ in attack_runs(runs, budget="small")] == runs
    assert sources == {runs[0]: None, runs[1]: runs[0], runs[2]: None}
