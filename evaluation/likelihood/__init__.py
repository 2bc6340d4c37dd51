"""Exact log-likelihoods of answers."""
