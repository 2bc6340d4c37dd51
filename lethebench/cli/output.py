"""What the commands of `lethe` print: text for people or, with --json, one object for programs."""

import io
import json
import shutil
from collections.abc import Collection, Iterable, Sequence
from typing import Annotated

import typer

Json = Annotated[bool, typer.Option("--json", help="Progress on stderr, one JSON object on stdout.")]


def show(value: dict, as_json: bool, text: str) -> None:
    """Print the result of a command.

    Args:
        value: printed with --json.
        as_json: whether --json was given.
        text: printed otherwise.
    """
    typer.echo(json.dumps(value, ensure_ascii=False, allow_nan=False) if as_json else text)


def text_table(header: Sequence[str], lines: Iterable[Sequence[str]], *, right: Collection[str] = ()) -> str:
    """Return a table as text no wider than the terminal, or than 80 columns where there is none; long cells wrap.

    Args:
        header: the names of the columns.
        lines: one cell for each column.
        right: columns that are aligned to the right.
    """
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="")
    for name in header:
        table.add_column(name, justify="right" if name in right else "left", overflow="fold")
    for line in lines:
        table.add_row(*map(Text, line))
    console = Console(file=io.StringIO(), width=shutil.get_terminal_size((80, 24)).columns, color_system=None)
    with console.capture() as capture:
        console.print(table)
    return "\n".join(line.rstrip() for line in capture.get().splitlines())
