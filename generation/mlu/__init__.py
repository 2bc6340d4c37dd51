"""The entities and questions of the `mlu` benchmark."""
