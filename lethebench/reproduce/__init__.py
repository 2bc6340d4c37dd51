"""Named experiments with the values that they are expected to give."""
