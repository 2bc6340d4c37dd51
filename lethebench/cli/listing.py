"""`lethe list`: tables of attacks, benchmarks, imports, methods, metrics, models and experiments."""

from collections.abc import Mapping, Sequence
from typing import Annotated

import typer

from lethebench.cli.command import command
from lethebench.cli.output import Json, show, text_table
from lethebench.errors import UserError

KINDS = ("attacks", "benchmarks", "imports", "methods", "metrics", "models", "experiments")


def list_command(
    kind: Annotated[
        str,
        typer.Argument(
            metavar="[attacks|benchmarks|imports|methods|metrics|models|experiments]",
            help="The table to print; default all of them.",
        ),
    ] = "all",
    as_json: Json = False,
) -> None:
    """List attacks, benchmarks, imports, methods, metrics, models and experiments.

    Example: lethe list methods
    """
    tables = catalog(kind)
    show(tables, as_json, render(tables))


def catalog(kind: str) -> dict[str, list[dict[str, object]]]:
    """Return the rows of one table, or of all.

    Raises:
        UserError: An unknown table.
    """
    if kind not in (*KINDS, "all"):
        raise UserError(f"lethe list {kind}: unknown; pass one of {', '.join(KINDS)}")
    tables = {
        "attacks": _attacks,
        "benchmarks": _benchmarks,
        "imports": _imports,
        "methods": _methods,
        "metrics": _metrics,
        "models": _models,
        "experiments": _experiments,
    }
    return {name: tables[name]() for name in (KINDS if kind == "all" else (kind,))}


def render(tables: Mapping[str, Sequence[Mapping[str, object]]]) -> str:
    """Return the tables as text, wrapped at the width of the terminal."""
    blocks = []
    for kind, rows in tables.items():
        names = [name for name in rows[0] if name != "load"]  # a path for programs, too long for a terminal
        cells = [[row[name] for name in names] for row in rows]
        blocks.append(text_table([name.replace("_", " ") for name in names], cells, title=kind))
    return "\n\n".join(blocks)


def _attacks() -> list[dict[str, object]]:
    from lethebench.attacks.registry import ATTACKS, NEEDS

    return [
        {
            "name": entry.name,
            "is": entry.summary,
            "paper": entry.paper or "-",
            "needs": ", ".join([*(NEEDS[need] for need in entry.needs), *filter(None, [entry.library])]) or "-",
        }
        for entry in ATTACKS.values()
    ]


def _benchmarks() -> list[dict[str, object]]:
    from lethebench.builders.registry import listed_benchmarks

    return [
        {
            "name": name,
            "is": entry.summary,
            "version": entry.version,
            "profiles": f"{entry.small} small, {entry.paper:,} paper",
            "after": entry.after,
        }
        for name, entry in listed_benchmarks().items()
    ]


def _imports() -> list[dict[str, object]]:
    from lethebench.builders.entries import IMPORTS

    return [
        {
            "name": name,
            "version": entry.version,
            "lethe build NAME --from": entry.source,
            "options": "; ".join(f"{key}: {help}" for key, help in entry.options.items()) or "none",
            "after": entry.after,
        }
        for name, entry in IMPORTS.items()
    ]


def _methods() -> list[dict[str, object]]:
    """Every method of `lethe run`, installed plug-ins included, and `retrain`."""
    from lethebench.baselines.registry import listed_methods

    return [
        {
            "name": entry.name,
            "is": entry.summary,
            "paper": entry.paper,
            "needs": entry.needs,
            "defaults": ", ".join(f"{key} {value}" for key, value in entry.defaults.items()) or "-",
        }
        for entry in listed_methods()
    ]


def _metrics() -> list[dict[str, object]]:
    """Return every metric that `lethe evaluate --metrics` accepts; some are also modules of the evaluate library."""
    from lethebench.evaluation.registry import METRICS, NEEDS, folder_of

    return [
        {
            "name": entry.name,
            "measures": entry.summary,
            "needs": ", ".join(NEEDS[need] for need in entry.needs),
            "range": entry.range,
            "direction": entry.direction,
            "load": f'evaluate.load("{folder_of(entry)}")' if entry.module else "-",
        }
        for entry in METRICS.values()
    ]


def _models() -> list[dict[str, object]]:
    from lethebench.baselines.presets import PRESETS

    return [{"preset": name, "model": preset.base_model, "source": preset.source} for name, preset in PRESETS.items()]


def _experiments() -> list[dict[str, object]]:
    from lethebench.reproduce.experiments import experiments

    return [
        {
            "name": name,
            "is": entry.summary,
            "needs": entry.hardware,
            "expected values": "yes" if entry.expected.is_file() else "not measured yet",
        }
        for name, entry in experiments().items()
    ]


def add_commands(app: typer.Typer) -> None:
    """Add the command to the command line."""
    command(app, "list")(list_command)
