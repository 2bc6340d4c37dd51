"""Checkpoints from outside: whether their files are whole, and whether all that they hold is used."""
