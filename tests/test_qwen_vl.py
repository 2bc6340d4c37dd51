"""Qwen2.5-VL and Qwen3-VL with their own processors, which need torchvision, in an environment of their own."""

import pytest
import qwen_vl
from own_environment import run_tests_with_torchvision

FILES = [
    "tests/baselines/test_architectures.py",
    "tests/baselines/test_qwen_training.py",
    "tests/contract/test_tokens.py",
    "tests/evaluation/test_qwen_scores.py",
    "tests/lethebench/test_qwen_commands.py",
]


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.skipif(qwen_vl.HAS_LIBRARY, reason="torchvision is installed, so these tests run by themselves")
def test_qwen_vl_with_own_processors():
    run_tests_with_torchvision("-k", "qwen", *FILES)
