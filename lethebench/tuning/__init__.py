"""Equal-budget search of settings."""
