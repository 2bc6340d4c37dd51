"""Two processes of one command at once: one wins, the other ends in one line, and the result is that of one run."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hub_server import local_hub, surroundings
from small_build import hashes

COMMANDS = ("build", "import", "export", "report", "evaluate", "unlearn", "tune", "learn", "run")
SUPPORT = Path(__file__).parents[1] / "support"
PAIRS = 12
"""Two start at the same time, the others at random offsets."""


def run_pairs(name: str, folder: Path, environment: dict[str, str]) -> dict:
    command = [sys.executable, SUPPORT / "pair_server.py", name, folder, str(PAIRS)]
    child = subprocess.run(command, capture_output=True, text=True, cwd=folder, env=environment)
    assert child.returncode == 0, child.stderr[-3000:]
    result = json.loads(child.stdout.splitlines()[-1])
    print(name, result)
    assert result["problems"] == []
    assert result["refused"] + result["both"] == PAIRS
    return result


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("name", COMMANDS)
def test_two_processes_give_the_result_of_one(name, tmp_path):
    result = run_pairs(name, tmp_path, dict(os.environ))
    assert result["refused"] > 0


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_two_pushes_give_one_commit_and_one_tag(tmp_path):
    (tmp_path / "home").mkdir()
    with local_hub() as server:
        run_pairs("push", tmp_path, surroundings(server, tmp_path / "home"))
        repositories = [server.hub.of(f"somebody/push{number}", "dataset") for number in range(PAIRS + 1)]
        single, *pairs = repositories
        for repository in pairs:
            assert len(repository.commits) == len(single.commits)
            assert repository.tags == {"v2.0.0": repository.head}
            assert repository.tree.keys() == single.tree.keys()
            for path, blob in single.tree.items():
                assert path == "README.md" or repository.tree[path].content == blob.content, path
    assert hashes(tmp_path / "work" / "icu") == hashes(tmp_path / "template" / "icu")
