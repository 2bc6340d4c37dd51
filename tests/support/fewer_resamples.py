"""Bootstrap intervals from few resamples: a command on a run computes dozens, and other tests check their accuracy."""

import pytest

from lethebench.evaluation.metrics.bootstrap import bootstrap, bootstrap_mean


@pytest.fixture(scope="module", autouse=True)
def fewer_resamples():
    with pytest.MonkeyPatch.context() as patch:
        for function in (bootstrap, bootstrap_mean):
            patch.setitem(function.__kwdefaults__, "resamples", 40)
        yield
