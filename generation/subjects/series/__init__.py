"""Drawings of television series."""
