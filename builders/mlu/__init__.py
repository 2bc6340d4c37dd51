"""The `mlu` benchmark."""
