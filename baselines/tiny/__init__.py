"""The embedded model, small enough to train on a CPU."""

TINY = "tiny"
"""What `--model` takes for the embedded model."""


def is_tiny(model: str) -> bool:
    """Return whether a model's name means the embedded model."""
    return model == TINY
