"""The `mllmu` benchmark."""
