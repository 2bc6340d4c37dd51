"""Per-row answers and scores."""
