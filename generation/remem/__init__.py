"""The `remem` benchmark: fictitious people who know one another, and questions along their relations."""
