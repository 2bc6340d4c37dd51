"""Attacks on unlearned models: what can be recovered, measured against gold models under the same attack."""
