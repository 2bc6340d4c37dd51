"""Posters of cartoons, films and series."""
