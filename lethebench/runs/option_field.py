"""The metadata of a field of `RunOptions`, its flag on the command line, and its value as a path."""

import dataclasses
from os import PathLike
from pathlib import Path
from typing import Any

from lethebench.contract.errors import UserError


def option(help: str, *, decides: str = "result", commands: str = "run", **shape: Any) -> dict[str, Any]:
    """Return the metadata of a field: how users see it, and what it decides.

    Args:
        help: One line for `--help`.
        decides: What a different value changes. "data": the build. "place": only which files there are, and where.
            "seed": the random numbers, so runs that differ in it alone are averaged. "extent": which stages are run or
            reported, so it may change on resuming. "settings": the stages of one method, or all. "result": the numbers
            of all stages.
        commands: The commands that take it, separated by spaces.
        shape: `flag` where it is not the field's name; `metavar`, `min` and `max` as typer takes them.
    """
    return {"help": help, "decides": decides, "commands": tuple(commands.split()), "shape": shape}


def flag_of(entry: "dataclasses.Field[Any]") -> str:
    """Return the flag of an option on the command line."""
    return entry.metadata["shape"].get("flag") or "--" + entry.name.replace("_", "-")


def path_of(name: str, value: object) -> Path:
    """Return the path that an option holds as text or path.

    Raises:
        UserError: It is neither.
    """
    if not isinstance(value, str | PathLike):
        raise UserError(f"{name}={value!r}: pass a path, as a string or pathlib.Path")
    return Path(value)
