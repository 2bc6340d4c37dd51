"""lethebench: benchmarks, trainers and metrics for continual unlearning in vision-language models."""

__version__ = "0.1.0"
