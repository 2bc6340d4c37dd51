"""Drawings of well-known people."""
