"""`lethe attack` killed at random moments and repeated gives the numbers of a command that was not."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from lethebench.attacks.registry import chosen_attacks

SCRIPT = Path(__file__).parents[1] / "support" / "attack_kills.py"


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_attack_that_is_killed_gives_the_same_numbers(tmp_path):
    command = [sys.executable, SCRIPT, "attack", tmp_path / "root", "8"]
    child = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert child.returncode == 0, child.stderr[-3000:]
    result = json.loads(child.stdout.splitlines()[-1])
    assert result["left_out"] == ["depth"]  # the models of this run have equal weights but for the mark
    assert {*result["attacks"], *result["left_out"]} == {entry.name for entry in chosen_attacks(())}
    assert result["kills"] == 8
    assert result["different"] == []
