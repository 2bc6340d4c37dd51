"""Import MLUBench's release."""
