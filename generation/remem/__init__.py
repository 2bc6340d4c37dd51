"""The people and questions of the `remem` benchmark."""
