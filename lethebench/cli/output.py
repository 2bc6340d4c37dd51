"""What the commands of `lethe` print: a text for people or, with --json, one object for programs."""

import json
from typing import Annotated

import typer

Json = Annotated[bool, typer.Option("--json", help="Progress on stderr, one JSON object on stdout.")]


def show(value: dict, as_json: bool, text: str) -> None:
    """Prints what a command gives.

    Args:
        value: for --json.
        as_json: whether that was asked for.
        text: for people.
    """
    typer.echo(json.dumps(value, ensure_ascii=False, allow_nan=False) if as_json else text)
