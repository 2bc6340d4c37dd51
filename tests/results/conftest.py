"""Tests of results: intervals from few resamples, and the runs and the repository that they share."""

import pytest
from command_line import lethe
from fewer_resamples import fewer_resamples, resamples
from results_folder import honest_runs

__all__ = ["fewer_resamples"]


@pytest.fixture(scope="session")
def runs(tmp_path_factory):
    """Three seeds of two methods."""
    with resamples(40):
        return honest_runs(tmp_path_factory.mktemp("runs"), methods=("npo", "ga"))


@pytest.fixture(scope="session")
def submitted(runs, tmp_path_factory):
    """A new repository with the results of both methods."""
    folder = tmp_path_factory.mktemp("submitted") / "repository"
    with resamples(40):
        done = lethe("submit", *runs, "--to", folder, "--link", "https://example.org/paper")
    assert done.status == 0, done.error
    return folder
