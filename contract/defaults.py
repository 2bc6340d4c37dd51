"""Default values that several parts share."""

GATE_THRESHOLD = 0.9
"""Exact match per modality at which a model counts as having memorized the benchmark."""
