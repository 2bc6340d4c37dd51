"""Exact log-probabilities of answers under a vision-language model."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lethebench.evaluation.likelihood.api import score_answers, score_candidates, score_many

__all__ = ["score_answers", "score_candidates", "score_many"]


def __getattr__(name: str) -> Any:
    """Import a function at first use: the package itself does not import torch."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module("lethebench.evaluation.likelihood.api"), name)
