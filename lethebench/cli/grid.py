"""`lethe grid`: many runs from one file."""

from pathlib import Path
from typing import Annotated

import typer

from lethebench.cli.command import command
from lethebench.cli.output import Json, show


def grid(
    file: Annotated[Path, typer.Argument(metavar="FILE.yaml", help="Options of `lethe run`; each list is an axis.")],
    engine: Annotated[
        str | None, typer.Option(metavar="local|slurm|hf-jobs|debug", help="Takes the place of the file's engine.")
    ] = None,
    status: Annotated[bool, typer.Option("--status", help="Show the state of each run; start nothing.")] = False,
    report: Annotated[bool, typer.Option("--report", help="Write the report over all runs so far.")] = False,
    commands: Annotated[bool, typer.Option("--commands", help="Print the command of each run; start nothing.")] = False,
    as_json: Json = False,
) -> None:
    """Run methods, seeds, orders, models and settings in all combinations, here or on a cluster.

    Runs with the same model and seed share their initial and gold models. The same command continues a grid, and tries
    runs again that failed. Exits 1 if a run failed.

    Example: lethe grid grid.yaml

    Example: lethe grid grid.yaml --status
    """
    from lethebench.errors import UserError
    from lethebench.grid.command import commands_of, grid_command, report_command, status_command

    if status + report + commands > 1:
        raise UserError("--status, --report and --commands: pass one of them")
    if report or commands:
        result, text = report_command(file) if report else commands_of(file)
    else:
        result, text = status_command(file, engine=engine) if status else grid_command(file, engine=engine)
    show(result, as_json, text)
    if not status and result.get("counts", {}).get("failed"):
        raise typer.Exit(1)


def add_commands(app: typer.Typer) -> None:
    """Add the command to the command line."""
    command(app)(grid)
