"""A command killed at any change to the file system loses nothing, and gives the same result when it is run again."""

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest
from initial_run import rows_of
from small_build import real_build

COMMANDS = ("build", "import", "export", "report", "evaluate", "unlearn", "tune", "learn", "run", "demo")
SUPPORT = Path(__file__).parents[1] / "support"
MOST = 40
"""Kills of a command at most, evenly over its changes; `python tests/support/kill_server.py NAME DIR 9999` does all."""


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("name", COMMANDS)
def test_command_killed_at_any_change_loses_nothing(name, tmp_path):
    command = [sys.executable, SUPPORT / "kill_server.py", name, tmp_path, str(MOST)]
    child = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert child.returncode == 0, child.stderr[-3000:]
    result = json.loads(child.stdout.splitlines()[-1])
    assert result["kills"] >= min(MOST, result["events"]) / 2
    for problem in ("lost", "foreign", "leftovers", "different", "failed"):
        assert result[problem] == [], problem


def command(*arguments: str, folder: Path) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-m", "lethebench", *arguments],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_killed_and_resumed_run_gives_the_same_numbers(tmp_path):
    """Kill a run in its first, second and third stage, and compare with an uninterrupted one."""
    base = ["run", str(real_build()), "--method", "npo", "--tasks", "2", "--json"]
    whole = command(*base, "--out", "alone", folder=tmp_path)
    out, error = whole.communicate()
    assert whole.returncode == 0, error
    kills = 0
    for file, seconds in (("run.json", 2.0), ("learnt/done.json", 0.5), ("npo/t001/done.json", 0.5)):
        child = command(*base, "--out", "killed", *(["--resume"] if kills else []), folder=tmp_path)
        while child.poll() is None and not (tmp_path / "killed" / file).exists():
            time.sleep(0.05)
        time.sleep(seconds)  # into the next stage
        kills += child.poll() is None
        child.kill()
        child.wait()
    last = command(*base, "--out", "killed", "--resume", folder=tmp_path)
    out_resumed, error = last.communicate()
    assert last.returncode == 0, error
    assert kills == 3
    first, second = json.loads(out), json.loads(out_resumed)
    assert first["methods"] == second["methods"]
    assert first["gate"] == second["gate"]
    for stage in ("learnt", "npo/t001", "npo/t002", "gold/t002"):
        assert rows_of(tmp_path / "alone" / stage) == rows_of(tmp_path / "killed" / stage)
    assert not list((tmp_path / "killed").rglob(".*.lethe*/*"))
