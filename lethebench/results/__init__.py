"""Results of runs as files that anybody can check: made by `lethe submit`, checked by `lethe check-results`."""
