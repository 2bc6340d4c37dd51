"""Measure what a build gives away: shortcuts to the answers, splits that can be told apart, monotonous texts."""
