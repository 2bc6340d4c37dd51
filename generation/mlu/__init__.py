"""The `mlu` benchmark: well-known entities and the questions about their pictures."""
