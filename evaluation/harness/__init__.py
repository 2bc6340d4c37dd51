"""Other harnesses and endpoints."""
