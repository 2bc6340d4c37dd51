"""Reads `--config FILE`, the options of a command in YAML or JSON, and `--set SECTION.NAME=VALUE`."""

import inspect
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import NoneType
from typing import Annotated, Any, get_args, get_origin

import typer

MERGED = "lethebench.config"
"""Where the context keeps what the file gives to repeatable NAME=VALUE options."""
KINDS: Mapping[type, str] = {bool: "true or false", int: "a whole number", float: "a number"}
"""Type of an option -> how a message calls it; all others are text."""


@dataclass(frozen=True)
class Target:
    """The option or argument that a key of a file sets.

    Attributes:
        name: The parameter's name in Python.
        kind: What a value must be, in words.
        several: Whether it takes a list.
        pairs: Whether it takes NAME=VALUE texts, which a mapping stands for.
        commas: Whether it takes names separated by commas, which a list stands for.
    """

    name: str
    kind: str
    several: bool
    pairs: bool
    commas: bool


def config_option(parameters: Iterable[inspect.Parameter]) -> Any:
    """Return the type of the `--config` parameter of a command with these other parameters."""
    targets = dict(map(target_of, parameters))

    def apply(ctx: typer.Context, path: Path | None) -> Path | None:
        if path is not None and not ctx.resilient_parsing:
            apply_config(ctx, path, targets)
        return path

    text = "YAML or JSON file with options of this command by name; the command line wins."
    return Annotated[Path | None, typer.Option(metavar="FILE", callback=apply, is_eager=True, help=text)]


def apply_config(ctx: typer.Context, path: Path, targets: Mapping[str, Target]) -> None:
    """Make the options in a file the defaults of the command that is being parsed.

    Keys are the command's options without dashes in front, and its arguments by their name in Python.

    Raises:
        ConfigError: The file cannot be read, or holds an unknown option or a value of the wrong type.
    """
    name = f"--config {path}"
    ctx.default_map = dict(ctx.default_map or {})
    for key, value in read_options(path, name, targets).items():
        if value is None:
            continue
        target = targets[key]
        ctx.default_map[target.name] = typed(target, value, f"{name}: {key}")
        if target.pairs:
            ctx.meta.setdefault(MERGED, {})[target.name] = ctx.default_map[target.name]


def read_options(path: Path, name: str, known: Collection[str]) -> dict[str, Any]:
    """Return the options in a file, by their names with dashes.

    Args:
        path: A YAML or JSON file.
        name: Stands for the file in messages.
        known: The options that it may hold.

    Raises:
        ConfigError: The file cannot be read, or holds an unknown option or one twice.
    """
    from lethebench.contract.strict_yaml import ConfigError, load_strict, refuse_unknown

    values: dict[str, Any] = {}
    for key, value in load_strict(path).items():
        dashed = key.replace("_", "-")
        refuse_unknown([dashed], known, name, "option")
        if dashed in values:
            raise ConfigError(f"{name}: {dashed!r} is given twice, with - and with _; remove one")
        values[dashed] = value
    return values


def merged(ctx: typer.Context, values: dict[str, Any]) -> dict[str, Any]:
    """Return the parsed values, with NAME=VALUE pairs of the file in front of those of the command line."""
    for name, pairs in ctx.meta.get(MERGED, {}).items():
        if values[name] != pairs:
            values[name] = [*pairs, *values[name]]
    return values


def parse_settings(pairs: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Return section -> name -> value of `SECTION.NAME=VALUE` texts; a later one wins.

    The value is YAML: `1e-5`, `true`, `null`, `bfloat16`, `[q_proj, v_proj]`.

    Raises:
        ConfigError: A text of another form, or a value that is not YAML.
    """
    settings: dict[str, dict[str, Any]] = {}
    if pairs:
        from lethebench.contract.strict_yaml import ConfigError, parse_strict
    for pair in pairs:
        path, equals, text = pair.partition("=")
        section, dot, name = path.strip().rpartition(".")
        if not (section and dot and name and equals):
            raise ConfigError(f"--set {pair}: must be SECTION.NAME=VALUE, e.g. --set learn.learning_rate=1e-5")
        settings.setdefault(section, {})[name] = parse_strict(text.strip(), f"--set {path}")
    return settings


def target_of(parameter: inspect.Parameter) -> tuple[str, Target]:
    """Return the key of a parameter in a file, and what it sets."""
    kind, info = get_args(parameter.annotation)
    flags = [flag for flag in (info.default, *(info.param_decls or ())) if str(flag).startswith("--")]
    key = flags[0].lstrip("-") if flags else parameter.name
    several = any(get_origin(one) is list for one in (kind, *get_args(kind)))
    plain = {list: str}.get(get_origin(kind), next((one for one in get_args(kind) if one is not NoneType), kind))
    metavar = info.metavar or ""
    target = Target(
        name=parameter.name,
        kind=KINDS.get(plain, "text"),
        several=several,
        pairs=metavar.endswith("=VALUE"),
        commas=metavar.endswith(",..."),
    )
    return key.replace("_", "-"), target


def typed(target: Target, value: Any, name: str) -> Any:
    """Return a value of a file as the command line parser takes it.

    Raises:
        ConfigError: It is of another type.
    """
    if target.pairs and isinstance(value, Mapping):
        return _pairs(value)
    if target.several:
        return [_typed_one(target, item, name) for item in (value if isinstance(value, list) else [value])]
    if target.commas and isinstance(value, list):
        return ",".join(str(_typed_one(target, item, name)) for item in value)
    return _typed_one(target, value, name)


def _typed_one(target: Target, value: Any, name: str) -> Any:
    from lethebench.contract.strict_yaml import ConfigError

    number = isinstance(value, int | float) and not isinstance(value, bool)
    fits = {
        "true or false": isinstance(value, bool),
        "a whole number": number and isinstance(value, int),
        "a number": number,
        "text": number or isinstance(value, str),
    }
    if not fits[target.kind]:
        raise ConfigError(f"{name} is {_shown(value)}, and must be {target.kind}")
    return str(value) if target.kind == "text" else value


def _pairs(value: Mapping[str, Any]) -> list[str]:
    """Return `name=value` texts of a mapping, `section.name=value` of one that holds mappings."""
    from lethebench.contract.strict_yaml import dump_value

    pairs = []
    for name, item in value.items():
        inner = item.items() if isinstance(item, Mapping) else [("", item)]
        pairs += [f"{name}.{key}={dump_value(one)}" if key else f"{name}={dump_value(one)}" for key, one in inner]
    return pairs


def _shown(value: Any) -> str:
    from lethebench.contract.strict_yaml import dump_value

    text = dump_value(value)
    return text if len(text) <= 40 else f"{text[:37]}..."
