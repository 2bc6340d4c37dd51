"""Celestial bodies."""
