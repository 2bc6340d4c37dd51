"""Drawings of celestial bodies."""
