"""Surroundings of animals and plants."""
