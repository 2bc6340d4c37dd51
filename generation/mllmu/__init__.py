"""The people and questions of the `mllmu` benchmark."""
