"""`lethe evaluate` on the demo's run gives the demo's numbers."""

import json

import pytest
from command_line import lethe


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_rescored_demo_gives_the_same_numbers(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    status, out, error = lethe("demo", "--json")
    assert status == 0, error
    demo = json.loads(out)
    status, out, error = lethe("evaluate", "runs/demo", "--json")
    assert status == 0, error
    rescored = json.loads(out)
    assert rescored["methods"] == demo["methods"]
    assert rescored["gate"] == demo["gate"]
    assert rescored["gold"] == demo["gold"]
    assert rescored["compared"]["same"] is True
    assert rescored["not_measured"] == {}
