"""Drawings of cartoons."""
