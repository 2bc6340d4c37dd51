"""Company marks."""
