"""Templates of the dataset and model cards."""

from collections.abc import Callable
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined


def templates(shown: Callable[[Any], Any], **filters: Callable[..., str]) -> Environment:
    """Return the environment of this folder's templates; an undefined variable is an error.

    Args:
        shown: what is printed for the value of an expression: `contract.escaping.shown`.
        filters: filters of the templates.
    """
    environment = Environment(
        loader=PackageLoader(__name__, "."),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=shown,
    )
    environment.filters |= filters
    return environment
