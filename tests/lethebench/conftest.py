"""Tests of runs: intervals from few resamples, and short answers."""

import pytest
from fewer_resamples import fewer_resamples

from lethebench.evaluation.answers import prepare, rows
from lethebench.evaluation.answers.greedy import longest_answer

__all__ = ["fewer_resamples"]


@pytest.fixture(scope="module")
def short_answers():
    """Cut answers four tokens after the longest reference: an untrained model always generates to the limit."""
    with pytest.MonkeyPatch.context() as patch:
        for module in (prepare, rows):
            patch.setattr(module, "default_length", lambda *arguments: longest_answer(*arguments) + 4)
        yield
