"""Publish a build, metric or model on the Hub: merged card, one commit, tag, verified upload."""
