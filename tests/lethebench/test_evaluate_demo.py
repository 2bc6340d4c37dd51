"""`lethe evaluate` on the demo's run gives the demo's numbers."""

import json

import pytest
from evaluate_support import lethe


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_the_demo_scored_again_gives_the_demos_numbers(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    status, out, error = lethe(capsys, monkeypatch, "demo", "--json")
    assert status == 0, error
    demo = json.loads(out)
    status, out, error = lethe(capsys, monkeypatch, "evaluate", "runs/demo", "--json")
    assert status == 0, error
    again = json.loads(out)
    assert again["methods"] == demo["methods"]
    assert again["gate"] == demo["gate"]
    assert again["gold"] == demo["gold"]
    assert again["compared"]["same"] is True
    assert again["not_measured"] == {}
