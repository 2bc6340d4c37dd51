"""Drawings of the animals, plants, buildings and celestial bodies of mlu, made from parameters."""
