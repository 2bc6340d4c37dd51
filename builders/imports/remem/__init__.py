"""ReMem's own release as input."""
