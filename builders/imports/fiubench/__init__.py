"""FIUBench's own release as input."""
