"""Verify builds."""
