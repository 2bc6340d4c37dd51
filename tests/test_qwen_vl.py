"""Qwen2.5-VL and Qwen3-VL with their own processors, which need torchvision, in an environment of their own."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest
import qwen_vl
from own_environment import python_with

ROOT = Path(__file__).parents[1]
# A build of torchvision fits one build of PyTorch, and PyPI has no pair for CPUs alone.
INSTALLS = [["torch==2.14.1", "torchvision==0.29.1"]]
KEPT = "LETHE_TORCHVISION_ENV"
"""Variable with the folder of the environment, which is made there if it is absent, and kept."""
FILES = [
    "tests/baselines/test_architectures.py",
    "tests/baselines/test_qwen_training.py",
    "tests/contract/test_tokens.py",
    "tests/evaluation/test_qwen_scores.py",
    "tests/lethebench/test_qwen_commands.py",
]


@pytest.fixture
def python(tmp_path):
    folder = Path(os.environ.get(KEPT, tmp_path / "environment"))
    try:
        yield python_with(folder, *INSTALLS)
    finally:
        if KEPT not in os.environ:
            shutil.rmtree(folder)  # pytest would keep its 5 GB


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.skipif(qwen_vl.HAS_LIBRARY, reason="torchvision is installed, so these tests run by themselves")
def test_qwen_vl_with_own_processors(python):
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    pytest_options = ["-q", "-p", "no:cacheprovider", "-m", "slow or not slow", "-k", "qwen"]
    done = subprocess.run(
        [python, "-P", "-m", "pytest", *pytest_options, *FILES],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout[-5000:] + done.stderr[-1000:]
    assert "skipped" not in done.stdout.splitlines()[-1]
