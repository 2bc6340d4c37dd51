"""Drawings of films."""
