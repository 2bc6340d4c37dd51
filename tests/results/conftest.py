"""Tests of results: intervals from few resamples."""

from fewer_resamples import fewer_resamples

__all__ = ["fewer_resamples"]
