"""The record of measured ratios: what `perf/record.py` calls worse, keeps and prints."""

import json
import sys

import pytest
from measured_figures import options_of

from lethe_docs.links import ROOT

sys.path.append(str(ROOT / "perf"))
import record

RATIOS = {"lower": {"over floor": 1.2}, "higher": {"over plain": 4.0}, "targets_met": True}


@pytest.fixture
def measured(monkeypatch):
    """Make all measurements return these ratios, which a test may change."""
    ratios = json.loads(json.dumps(RATIOS))
    monkeypatch.setattr(record, "measure", lambda part: json.loads(json.dumps(ratios)))
    return ratios


@pytest.mark.parametrize("part", [*record.PARTS.values(), *record.LONG.values()], ids=lambda part: part.command)
def test_parts_are_scripts_with_these_options(part):
    script, *words = part.command.split()
    options = options_of(f"perf/{script}")
    assert {"--json", *(word for word in words if word.startswith("--"))} <= options


@pytest.mark.parametrize(
    ("better", "name", "value", "status"),
    [
        ("lower", "over floor", 1.49, 0),
        ("lower", "over floor", 1.51, 1),
        ("lower", "over floor", 0.1, 0),
        ("higher", "over plain", 3.21, 0),
        ("higher", "over plain", 3.19, 1),
        ("higher", "over plain", 40.0, 0),
        ("higher", "a new one", 1.0, 1),
    ],
)
def test_check_fails_for_ratios_beyond_tolerance(measured, tmp_path, capsys, better, name, value, status):
    where = ["--folder", str(tmp_path), "--only", "start"]
    assert record.main(where) == 0
    before = (tmp_path / "RECORD.json").read_bytes()
    measured[better][name] = value
    assert record.main([*where, "--check"]) == status
    assert (f"start, {name}: " in capsys.readouterr().out) == bool(status)
    assert (tmp_path / "RECORD.json").read_bytes() == before


def test_growth_is_compared_too(measured, tmp_path, monkeypatch, capsys):
    where = ["--folder", str(tmp_path), "--only", *record.GROWTH["build"]]
    assert record.main(where) == 0
    factors = dict(zip(record.PARTS.values(), (0.85, 1.2), strict=False))
    monkeypatch.setattr(
        record, "measure", lambda part: {**RATIOS, "lower": {"over floor": 1.2 * factors[part]}, "higher": {}}
    )
    assert record.main([*where, "--check"]) == 1
    assert "build, over floor: 1.41, recorded 1 (lower is better)" in capsys.readouterr().out


def test_missed_target_of_a_part_is_a_fault(measured, tmp_path, capsys):
    measured["targets_met"] = False
    assert record.main(["--folder", str(tmp_path), "--only", "start"]) == 1
    assert "start: misses a target of its own" in capsys.readouterr().out


def test_record_keeps_other_parts_of_the_same_machine_only(measured, tmp_path, monkeypatch):
    for name in ("start", "learn"):
        assert record.main(["--folder", str(tmp_path), "--only", name]) == 0
    page = (tmp_path / "RECORD.md").read_text()
    assert f"| {record.PARTS['start'].title} | over floor | 1.20 | lower | `start.py --rounds 5` |" in page
    assert "`python perf/length.py`" in page
    monkeypatch.setattr(record, "machine", lambda: {"processor": "another"})
    assert record.main(["--folder", str(tmp_path), "--only", "step"]) == 0
    assert [*json.loads((tmp_path / "RECORD.json").read_text())["parts"]] == ["step"]


def test_check_without_a_record_is_refused(measured, tmp_path, capsys):
    with pytest.raises(SystemExit, match="2"):
        record.main(["--check", "--folder", str(tmp_path)])
    assert "measure without --check first" in capsys.readouterr().err
