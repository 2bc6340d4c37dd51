"""Options of a benchmark: a frozen dataclass, read from what a user typed."""

from collections.abc import Mapping
from dataclasses import MISSING, Field, asdict, dataclass, field, fields
from typing import Any, Self, TypeVar

from lethebench.builders.errors import BuildError


@dataclass(frozen=True)
class Options:
    """Options of a benchmark. Subclasses add fields with `option` and check them in `__post_init__`."""

    def resolve(self, count: int) -> Self:
        """Return the options of a build of `count` profiles, with every default that depends on it filled in."""
        return self

    def record(self) -> dict[str, Any]:
        """Return the options for the manifest, without paths of this machine."""
        return asdict(self)


OptionsType = TypeVar("OptionsType", bound=Options)


def option(default: Any, read: type, help: str) -> Any:
    """Return a field of an options class; `read` (int, float or str) is called with the text or number given.

    A default of None lets `resolve` decide; `help` is for `lethe list` and the card.
    """
    return field(default=default, metadata={"read": read, "help": help})


def read_options(options_class: type[OptionsType], values: Mapping[str, Any] | None, benchmark: str) -> OptionsType:
    """Return an options object; raise BuildError for an unknown name or a value that is not valid."""
    available = {item.name: item for item in fields(options_class)}
    parsed = {}
    for name, value in (values or {}).items():
        if name not in available:
            listed = "; ".join(f"{key} ({help})" for key, help in option_help(options_class).items())
            raise BuildError(f"unknown option {name!r}: {benchmark} has {listed or 'no options'}")
        read = available[name].metadata["read"]
        try:
            if read is int and isinstance(value, float):
                raise ValueError("not a whole number")
            parsed[name] = None if value is None or value == "none" else read(value)
        except (TypeError, ValueError):
            expected = "a whole number" if read is int else "a number"
            example = f"{name}={_example(available[name])}"
            raise BuildError(f"option {name}={value}: must be {expected}, e.g. {example}") from None
    return options_class(**parsed)


def _example(item: Field) -> Any:
    return item.default if item.default not in (None, MISSING) else 1


def option_help(options_class: type[Options]) -> dict[str, str]:
    """Return option -> what it does."""
    return {item.name: item.metadata["help"] for item in fields(options_class)}
