"""Reads `--config FILE`, the options of a command in YAML or JSON, and `--set SECTION.NAME=VALUE`."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import typer

MERGED = "lethebench.config"
"""Where the context keeps what the file gives to repeatable NAME=VALUE options."""
NOT_IN_FILES = ("help", "config")


def apply_config(ctx: typer.Context, path: Path | None) -> Path | None:
    """Make the options in a file the defaults of the command that is being parsed.

    Keys are the command's options without dashes in front, and its arguments in lower case. `set` and `option` take
    mappings.

    Raises:
        ConfigError: The file cannot be read, or holds an unknown option or a value of the wrong type.
    """
    if path is None or ctx.resilient_parsing:
        return path
    from lethebench.contract.strict_yaml import ConfigError, load_strict, refuse_unknown

    parameters = {_key(parameter): parameter for parameter in ctx.command.params}
    for name in NOT_IN_FILES:
        parameters.pop(name, None)
    values: dict[str, Any] = {}
    for name, value in load_strict(path).items():
        key = name.replace("_", "-")
        refuse_unknown([key], parameters, f"--config {path}", "option")
        if key in values:
            raise ConfigError(f"--config {path}: {key!r} is given twice, with - and with _; remove one")
        values[key] = value
    ctx.default_map = dict(ctx.default_map or {})
    for key, value in values.items():
        if value is None:
            continue
        parameter = parameters[key]
        ctx.default_map[parameter.name] = _typed(parameter, value, f"--config {path}: {key}")
        if isinstance(value, Mapping):
            ctx.meta.setdefault(MERGED, {})[parameter.name] = ctx.default_map[parameter.name]
    return path


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


def _key(parameter: Any) -> str:
    """Return the name of an option or argument in a file."""
    names = [name.lstrip("-") for name in parameter.opts if name.startswith("--")]
    return (names[0] if names else parameter.name).replace("_", "-")


def _typed(parameter: Any, value: Any, name: str) -> Any:
    """Return a value of a file as the command line parser takes it.

    Raises:
        ConfigError: It is of another type.
    """
    from lethebench.contract.strict_yaml import ConfigError

    several = getattr(parameter, "multiple", False) or parameter.nargs == -1
    if isinstance(value, Mapping) and "=VALUE" in (parameter.metavar or ""):
        return _pairs(value)
    if isinstance(value, list) and several:
        return [_typed_one(parameter, item, name) for item in value]
    if isinstance(value, list) and (parameter.metavar or "").endswith(",..."):
        return ",".join(str(_typed_one(parameter, item, name)) for item in value)
    if isinstance(value, list | Mapping):
        raise ConfigError(f"{name} is {_shown(value)}, and must be {_wanted(parameter)}")
    return [_typed_one(parameter, value, name)] if several else _typed_one(parameter, value, name)


def _typed_one(parameter: Any, value: Any, name: str) -> Any:
    from lethebench.contract.strict_yaml import ConfigError

    number = isinstance(value, int | float) and not isinstance(value, bool)
    fits = {
        "true or false": isinstance(value, bool),
        "a whole number": number and isinstance(value, int),
        "a number": number,
        "text": number or isinstance(value, str),
    }
    wanted = _wanted(parameter)
    if not fits[wanted]:
        raise ConfigError(f"{name} is {_shown(value)}, and must be {wanted}")
    return str(value) if wanted == "text" else value


def _wanted(parameter: Any) -> str:
    if getattr(parameter, "is_flag", False):
        return "true or false"
    kind = parameter.type.name.split()[0]
    return {"integer": "a whole number", "float": "a number"}.get(kind, "text")


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
