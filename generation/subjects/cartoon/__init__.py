"""Cartoons."""
