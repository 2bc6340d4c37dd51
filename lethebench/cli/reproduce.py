"""`lethe reproduce`: experiments with expected values."""

from pathlib import Path
from typing import Annotated

import typer

from lethebench.cli.command import command
from lethebench.cli.output import Json, show


def reproduce(
    name: Annotated[
        str, typer.Argument(metavar="NAME|FILE.yaml", help="An experiment of `lethe list experiments`, or your own.")
    ],
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Folder for data and runs; default runs/reproduce/NAME.")
    ] = None,
    seeds: Annotated[int | None, typer.Option(min=1, help="Number of seeds; default all of the experiment.")] = None,
    record: Annotated[
        bool, typer.Option("--record", help="Write the figures as the expected values, beside the experiment.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Run an experiment, and compare its figures with the expected ones.

    The same command continues it where it stopped. Exits 1 if a figure is outside its tolerance.

    Example: lethe reproduce icu-tiny --seeds 1
    """
    from lethebench.reproduce.cells import OUTSIDE
    from lethebench.reproduce.command import reproduce_command

    result, text = reproduce_command(name, out=out, seeds=seeds, record=record)
    show(result, as_json, text)
    if result.get("counts", {}).get(OUTSIDE):
        raise typer.Exit(1)


def add_commands(app: typer.Typer) -> None:
    """Add the command to the command line."""
    command(app)(reproduce)
