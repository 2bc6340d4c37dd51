"""Import MLLMU-Bench's release."""
