"""Builds in other harnesses: tasks for lm-eval, lmms-eval and inspect_ai, and the columns of MLLMU-Bench."""
