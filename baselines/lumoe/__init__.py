"""LUMoE: one adapter per task and a gate."""
