"""Well-known people."""
