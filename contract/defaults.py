"""Default values that several parts share."""

GATE_THRESHOLD = 0.9
"""Exact match per modality at which a model counts as having memorized the benchmark."""
NO_ATTACK = "none"
"""Name of the questions as they were trained, beside those of attacks: what is left without an attack."""
API_PREFIX = "openai:"
"""Before the name of a model behind an OpenAI-compatible API."""
