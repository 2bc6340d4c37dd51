"""Drawings of landmarks."""
