"""Turns a function into a command of `lethe`: adds the run options that it takes, and `--config`."""

import dataclasses
import functools
import inspect
from collections.abc import Callable, Mapping
from pathlib import Path
from types import NoneType
from typing import Annotated, Any, get_args

import typer
from typer.core import TyperCommand, TyperOption

from lethebench.cli.config import Target, config_option, merged, parse_settings, target_of
from lethebench.runs.options import NO_METHOD, RunOptions, flag_of

RunValues = dict[str, Any]
"""Type of the parameter of a command that receives the values of its run options, by field."""
SettingsFiles = Annotated[
    list[Path] | None,
    typer.Option("--settings", metavar="FILE", help="Settings of a method, such as tuned.json of `lethe tune`."),
]
Modality = Annotated[
    str | None, typer.Option(help="Forget rows to unlearn: image_text, text or both; default the method's.")
]


class _Command(TyperCommand):
    """A command that refuses an option that is passed twice; click keeps the last value in silence."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if args:
            _, _, passed = self.make_parser(ctx).parse_args(args=list(args))
            for option in dict.fromkeys(passed):
                takes_one = isinstance(option, TyperOption) and not option.multiple and not option.is_flag
                if takes_one and passed.count(option) > 1:
                    ctx.fail(f"Option '{option.opts[0]}' is passed {passed.count(option)} times; pass it once.")
        return super().parse_args(ctx, args)


def command(app: typer.Typer, name: str | None = None, **defaults: Any) -> Callable[[Callable[..., Any]], Any]:
    """Register a function as a command.

    Args:
        app: Gets the command.
        name: Of the command; None = the function's.
        defaults: Run options whose default in this command is another one than in RunOptions.

    Returns:
        A decorator. A parameter of type `RunValues` is replaced by the run options that the command takes.
    """

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        own = inspect.signature(function).parameters
        receiver = next((parameter.name for parameter in own.values() if parameter.annotation == RunValues), None)
        fields = {field.name: field for field in _fields(name or function.__name__)} if receiver else {}
        parameters: list[inspect.Parameter] = []
        for parameter in own.values():
            if parameter.name != receiver:
                parameters.append(parameter)
                continue
            for field in fields.values():
                parameters.append(_parameter(field, defaults))
                if field.name == "settings" and ("methods" in fields or "method" in own):
                    parameters += [_keyword("settings_files", SettingsFiles, None)]
                    parameters += [_keyword("modality", Modality, None)]
        parameters += [_keyword("config", config_option(parameters), None), _keyword("ctx", typer.Context)]

        @functools.wraps(function)
        def call(**values: Any) -> Any:
            values = merged(values.pop("ctx"), values)
            del values["config"]
            if receiver is not None:
                options = {key: values.pop(key) for key in [*fields, "settings_files", "modality"] if key in values}
                values[receiver] = _values(fields, options, values.get("method"))
            return function(**values)

        keywords = [parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY) for parameter in parameters]
        setattr(call, "__signature__", inspect.Signature(keywords))  # noqa: B010, typer reads it
        call.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
        app.command(name, cls=_Command)(call)
        return call

    return decorate


def option_targets(name: str) -> dict[str, Target]:
    """Return the run options of a command as files give them: key -> what it sets."""
    return dict(target_of(_parameter(field, {})) for field in _fields(name))


def parse_options(values: Mapping[str, Any], name: str) -> RunOptions:
    """Return the run options of `lethe run` with these values.

    Args:
        values: Values by the names of their targets, as `--config` types them.
        name: Stands for their origin in messages.

    Raises:
        ConfigError: A value is out of its range.
    """
    from lethebench.contract.strict_yaml import ConfigError

    try:
        return _options_command()(args=[], default_map=dict(values), standalone_mode=False)
    except Exception as error:
        if message := getattr(error, "format_message", None):  # click's own
            raise ConfigError(f"{name}: {message()}") from None
        raise


@functools.cache
def _options_command() -> Any:
    """Return a command that takes the options of `lethe run` and returns them."""
    app = typer.Typer(add_completion=False)

    def run(options: RunValues) -> RunOptions:
        return RunOptions(**options)

    command(app)(run)
    return typer.main.get_command(app)


def _fields(name: str) -> list["dataclasses.Field[Any]"]:
    return [field for field in dataclasses.fields(RunOptions) if name in field.metadata["commands"]]


def _keyword(name: str, annotation: Any, default: Any = inspect.Parameter.empty) -> inspect.Parameter:
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, annotation=annotation, default=default)


def _parameter(field: "dataclasses.Field[Any]", defaults: dict[str, Any]) -> inspect.Parameter:
    """Return the typer parameter of a run option."""
    shape = {key: value for key, value in field.metadata["shape"].items() if key != "flag"}
    shape["help"] = field.metadata["help"]
    kind: Any = field.type
    default: Any = defaults.get(field.name, field.default)
    if default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING:
        return _keyword(field.name, Annotated[kind, typer.Argument(**shape)])
    if kind is bool:
        return _keyword(field.name, Annotated[bool, typer.Option(flag_of(field), **shape)], default)
    if isinstance(default, tuple):
        kind, default = str, ",".join(default)
    elif default is dataclasses.MISSING:  # a mapping
        kind, default = list[str] | None, None
    elif default is None and NoneType not in get_args(kind):
        kind = kind | None
    return _keyword(field.name, Annotated[kind, typer.Option(flag_of(field), **shape)], default)


def _values(fields: dict[str, Any], values: dict[str, Any], method: str | None) -> dict[str, Any]:
    """Return the values as the fields of RunOptions have them."""
    if "methods" in values:
        names = tuple(name.strip().replace(":", ".") for name in values["methods"].split(","))
        values["methods"] = () if names == (NO_METHOD,) else names
    if "checkpoints" in values:
        values["checkpoints"] = tuple(entry.strip() for entry in values["checkpoints"].split(",") if entry.strip())
    if "settings" in fields:
        files, modality = values.pop("settings_files", None) or [], values.pop("modality", None)
        settings: dict[str, dict[str, Any]] = {}
        if files or modality:
            from lethebench.runs.settings import read_settings

            methods = values.get("methods", (method.replace(":", "."),) if method else ())
            settings = read_settings(files, modality, methods)
        for section, own in parse_settings(values["settings"] or []).items():
            settings[section] = {**settings.get(section, {}), **own}
        values["settings"] = settings
    return values
