"""Verify a build."""
