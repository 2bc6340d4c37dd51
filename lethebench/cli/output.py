"""What commands print: text for people or, with `--json`, one object for programs; and the one table of a terminal."""

import json
import shutil
import sys
from collections.abc import Collection, Iterable, Mapping, Sequence
from io import StringIO
from textwrap import fill
from typing import Annotated, Any, Literal

import typer

from lethebench.contract.errors import printable
from lethebench.contract.processes import is_main_process

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout; progress goes to stderr.")]
ApiUrl = Annotated[
    str | None, typer.Option(metavar="URL", help="URL of an OpenAI-compatible API; the key is in OPENAI_API_KEY.")
]
ApiBudget = Annotated[
    str, typer.Option(metavar="requests=N,tokens=N,usd=X", help="Limits of API calls; the command stops before them.")
]
ApiPrice = Annotated[
    str, typer.Option(metavar="IN,OUT", help="US dollars per million input and output tokens, for costs.")
]
ApiBatch = Annotated[
    bool, typer.Option("--batch", help="Send API calls by OpenAI's Batch API: half the price, in a day.")
]
ApiDryRun = Annotated[bool, typer.Option("--dry-run", help="Estimate API calls, tokens and cost; send none.")]


def show(value: Mapping[str, Any], as_json: bool, text: str) -> None:
    """Print the result of a command.

    Args:
        value: The result for programs.
        as_json: Whether `--json` was given.
        text: The result for people.
    """
    if not is_main_process():
        return
    text = json.dumps(value, ensure_ascii=not _takes_unicode(), allow_nan=False) if as_json else text
    typer.echo(printable(text))


def _takes_unicode() -> bool:
    """Return whether stdout takes every character: escapes that it puts for others would not be JSON."""
    return (sys.stdout.encoding or "utf-8").lower().replace("-", "") == "utf8"


_LEAST_WIDTH = 12
"""Columns of a terminal that a cell of words needs."""


def text_table(
    header: Sequence[str], lines: Iterable[Sequence[object]], *, right: Collection[str] = (), title: str = ""
) -> str:
    """Return a table as text no wider than the terminal, or than 80 columns where there is none.

    Names of columns wrap between words, and cells where they have to, except in the first column.

    Args:
        header: Names of the columns.
        lines: One cell per column; a float gets three decimals, None is "-".
        right: Columns that are aligned to the right.
        title: A line above the table.
    """
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="")
    width = shutil.get_terminal_size((80, 24)).columns
    rows = [[_cell(cell) for cell in line] for line in lines]
    names, columns = list(header), list(zip(header, *rows, strict=True))
    if sum(2 + max(map(len, column)) for column in columns) > width:
        for index, column in enumerate(columns):
            if column[0] in right:  # the name wraps, as far as numbers and words stay whole
                least = max(map(len, [*column[0].split(), *column[1:]]))
                names[index] = fill(column[0], least, break_on_hyphens=False)
    rigid = [index for index, name in enumerate(header) if index == 0 or name in right]
    lengths = [max(map(len, [*names[index].split("\n"), *columns[index][1:]])) for index in rigid]
    fits = sum(lengths) + 2 * len(names) + _LEAST_WIDTH * (len(names) - len(rigid)) <= width
    for index, name in enumerate(names):
        align: Literal["left", "right"] = "right" if header[index] in right else "left"
        table.add_column(name, justify=align, overflow="fold", no_wrap=index in (rigid if fits else [0]))
    for row in rows:
        table.add_row(*map(Text, row))
    console = Console(file=StringIO(), width=width, color_system=None)
    with console.capture() as capture:
        console.print(table)
    text = [line.rstrip() for line in capture.get().splitlines()]
    return "\n".join([title, *text] if title else text)


def _cell(value: object) -> str:
    if value is None:
        return "-"
    return f"{value:.3f}" if isinstance(value, float) else str(value)
