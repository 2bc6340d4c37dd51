"""Drawings of plants."""
