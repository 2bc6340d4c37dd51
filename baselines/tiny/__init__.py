"""The embedded tiny model."""
