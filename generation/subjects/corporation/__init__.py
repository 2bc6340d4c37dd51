"""Drawings of company marks."""
