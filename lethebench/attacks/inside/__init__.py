"""Attacks that look inside a model: linear probes of its layers, and activation patching."""
