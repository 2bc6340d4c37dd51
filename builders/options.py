"""Options of a benchmark: a frozen dataclass, read from what a user typed."""

from collections.abc import Mapping
from dataclasses import MISSING, field, fields
from typing import Any

from lethebench.builders.errors import BuildError


def option(default: Any, read: type, help: str) -> Any:
    """A field of an options class.

    Args:
        default: its value where the user gives none; None means that the benchmark decides.
        read: `int`, `float` or `str`, from text or a number.
        help: what it does, for `lethe list` and the card.
    """
    return field(default=default, metadata={"read": read, "help": help})


def read_options(kind: type, given: Mapping[str, Any] | None, benchmark: str) -> Any:
    """An options object from names and values.

    Raises:
        BuildError: an unknown name, or a value that cannot be read or that the options class refuses.
    """
    known = {item.name: item for item in fields(kind)}
    values = {}
    for name, value in (given or {}).items():
        if name not in known:
            there = "; ".join(f"{key} ({help})" for key, help in option_help(kind).items())
            raise BuildError(f"option {name!r}: {benchmark} has no such option; it has {there or 'none'}")
        read = known[name].metadata["read"]
        try:
            if read is int and isinstance(value, float):
                raise ValueError("not whole")
            values[name] = None if value is None or value == "none" else read(value)
        except (TypeError, ValueError):
            a_number = "a whole number" if read is int else "a number"
            raise BuildError(
                f"option {name}={value}: must be {a_number}, e.g. {name}={_example(known[name])}"
            ) from None
    return kind(**values)


def _example(item) -> Any:
    return item.default if item.default not in (None, MISSING) else 1


def option_help(kind: type) -> dict[str, str]:
    """Option -> what it does."""
    return {item.name: item.metadata["help"] for item in fields(kind)}
