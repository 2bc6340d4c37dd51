"""Templates of the cards, and how they are read."""

from jinja2 import Environment, PackageLoader, StrictUndefined


def templates() -> Environment:
    """The templates of this folder; what a template names and nobody gives is an error."""
    return Environment(
        loader=PackageLoader(__name__, "."), undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
