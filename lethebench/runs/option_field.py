"""The metadata of a field of `RunOptions`, its flag and words on the command line, and its value as a path."""

import dataclasses
from collections.abc import Mapping
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
            of all stages. "engine": as "result", but run.json and the proofs of stages have it only where it is set.
        commands: The commands that take it, separated by spaces.
        shape: `flag` where it is not the field's name; `metavar`, `min` and `max` as typer takes them.
    """
    return {"help": help, "decides": decides, "commands": tuple(commands.split()), "shape": shape}


def flag_of(entry: "dataclasses.Field[Any]") -> str:
    """Return the flag of an option on the command line."""
    return entry.metadata["shape"].get("flag") or "--" + entry.name.replace("_", "-")


def words_of(entry: "dataclasses.Field[Any]", value: Any, flag: str) -> list[str]:
    """Return the words that pass the value of an option on the command line, behind its flag unless it has none."""
    from lethebench.contract.strict_yaml import dump_value

    if value is None or value is False or value == ():
        return []
    if entry.default is dataclasses.MISSING and entry.default_factory is dataclasses.MISSING:
        return [f"./{value}" if str(value).startswith("-") else str(value)]
    if value is True:
        return [flag]
    if isinstance(value, Mapping):
        pairs = [(f"{section}.{name}", item) for section, own in value.items() for name, item in own.items()]
        return [word for name, item in pairs for word in (flag, f"{name}={dump_value(item)}")]
    return [flag, ",".join(value) if isinstance(value, tuple) else str(value)]


def path_of(name: str, value: object) -> Path:
    """Return the path that an option holds as text or path.

    Raises:
        UserError: It is neither.
    """
    if not isinstance(value, str | PathLike):
        raise UserError(f"{name}={value!r}: pass a path, as a string or pathlib.Path")
    return Path(value)
