"""Drawings of animals."""
