"""The `lethe evaluate` command."""
