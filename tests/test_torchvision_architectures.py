"""Model types that need torchvision or timm, with their own processors, in an environment of their own."""

import pytest
import qwen_vl
from own_environment import run_tests_with_torchvision
from small_models import TIMM
from stand_ins import STAND_INS

TEST = "tests/evaluation/test_every_architecture.py::test_every_architecture_works_as_the_table_says"


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.skipif(qwen_vl.HAS_LIBRARY, reason="torchvision is installed, so these tests run by themselves")
def test_architectures_with_torchvision_and_timm():
    run_tests_with_torchvision(*(f"{TEST}[{model_type}]" for model_type in (*STAND_INS, *TIMM)))
