"""Bootstrap intervals from few resamples: a command on a run computes dozens, and other tests check their accuracy.

A command in a process of its own does not see the patch: write the run that it reads with `usual_resamples`.
"""

from contextlib import contextmanager

import pytest

from lethebench.evaluation.metrics.bootstrap import RESAMPLES, bootstrap, bootstrap_mean
from lethebench.evaluation.metrics.over_profiles import resampled


@contextmanager
def resamples(number):
    """Draw a number of resamples in this process."""
    with pytest.MonkeyPatch.context() as patch:
        for function in (bootstrap, bootstrap_mean, resampled):
            patch.setitem(function.__kwdefaults__, "resamples", number)
        yield


def usual_resamples():
    """Draw as many resamples as other processes do."""
    return resamples(RESAMPLES)


@pytest.fixture(scope="module", autouse=True)
def fewer_resamples():
    with resamples(40):
        yield
