"""Templates of the dataset and model cards."""

from jinja2 import Environment, PackageLoader, StrictUndefined


def templates() -> Environment:
    """Return the environment of this folder's templates; an undefined variable is an error."""
    return Environment(
        loader=PackageLoader(__name__, "."), undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
