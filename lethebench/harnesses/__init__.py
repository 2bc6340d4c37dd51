"""Builds in other projects' harnesses: tasks for lm-eval, lmms-eval and inspect_ai, and MLLMU-Bench's own columns."""
