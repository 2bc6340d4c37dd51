"""A page for each command of `lethe`, from the typer application."""

import inspect
import re
from typing import Any

from typer import Context
from typer.main import get_command

from lethe_docs.links import table, toctree
from lethebench.cli.app import app


def commands() -> dict[str, Any]:
    """Return name -> click command."""
    return dict(get_command(app).commands)  # type: ignore[attr-defined]


def pages() -> dict[str, str]:
    """Return path -> Markdown of the pages of all commands."""
    return {f"commands/{name}.md": _page(name, command) for name, command in commands().items()}


def index() -> str:
    """Return the table of all commands, with their place in the navigation."""
    rows = [[f"[`lethe {name}`]({name}.md)", _doc(command)[0]] for name, command in commands().items()]
    return table(["command", "does"], rows) + toctree(commands())


def _doc(command: Any) -> tuple[str, str, list[str]]:
    """Return first line, further text and examples of a command's docstring."""
    first, _, rest = inspect.cleandoc(command.callback.__doc__ or "").partition("\n")
    examples = [" ".join(text.split()) for text in re.findall(r"Example: (.+?)(?:\n\n|$)", rest, re.S)]
    return first, re.sub(r"Example: .+?(\n\n|$)", "", rest, flags=re.S).strip(), examples


def _page(name: str, command: Any) -> str:
    first, rest, examples = _doc(command)
    context = Context(command)
    arguments = [item for item in command.params if item.param_type_name == "argument"]
    options = [item for item in command.params if item.param_type_name == "option" and not item.hidden]
    usage = " ".join([f"lethe {name}", *(item.metavar or item.human_readable_name for item in arguments), "[OPTIONS]"])
    parts = [f"# lethe {name}", first, *([rest] if rest else []), f"```text\n{usage}\n```"]
    if examples:
        parts += ["```sh\n" + "\n".join(examples) + "\n```"]
    if arguments:
        rows = [[f"`{item.metavar or item.human_readable_name}`", item.help or ""] for item in arguments]
        parts += ["## Arguments", table(["argument", "meaning"], rows)]
    rows = [[_flags(item, context), _meaning(item)] for item in options]
    return "\n\n".join([*parts, "## Options", table(["option", "meaning"], rows)]) + "\n"


def _flags(option: Any, context: Any) -> str:
    """Return the flags of an option with what they take, as its help has them."""
    flags = re.sub(r"<(\w+)(?: range)?>", _value, option.get_help_record(context)[0])
    return "<br>".join(f"`{flag.strip()}`" for flag in flags.split(", "))


def _value(kind: re.Match[str]) -> str:
    return {"int": "N", "float": "X", "str": "TEXT"}.get(kind[1], kind[1].upper())


def _meaning(option: Any) -> str:
    """Return the help of an option with its default, which replaces the one that the help gives for all commands."""
    text, default = option.help or "", _default(option)
    return (
        re.sub(r"; default [^.]*(?=\.)", "", text) + default
        if default.startswith(" Default: `runs/")
        else text + default
    )


def _default(option: Any) -> str:
    default = option.default
    if option.is_flag or default in (None, "", [], ()) or callable(default) or type(default).__name__ == "Sentinel":
        return ""
    return f" Default: `{default}`."
