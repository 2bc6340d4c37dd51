"""The `remem` benchmark."""
