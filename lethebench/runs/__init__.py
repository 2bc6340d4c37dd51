"""Runs: their options, their folder, and the stages from training to the summary."""
