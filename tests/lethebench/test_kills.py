"""A command killed at any change to the file system loses nothing, and gives the same result when it is run again."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

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
