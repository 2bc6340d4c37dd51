"""A run of 100 requests that is killed 25 times and resumed gives the numbers of a run that is not."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[1] / "support" / "long_kills.py"


@pytest.mark.slow
@pytest.mark.timeout(7200)
def test_run_of_100_requests_killed_25_times_gives_the_same_numbers(tmp_path):
    command = [sys.executable, SCRIPT, "run", tmp_path, "100", "25"]
    child = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert child.returncode == 0, child.stderr[-3000:]
    result = json.loads(child.stdout.splitlines()[-1])
    assert result["kills"] == 25
    assert result["stages"] == 102
    assert result["different"] == []
