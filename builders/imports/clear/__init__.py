"""CLEAR's own release as input."""
