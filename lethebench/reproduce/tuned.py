"""The settings of an experiment's methods, searched by `lethe tune` with as many trials for every method."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lethebench.baselines.registry import method_entry
from lethebench.grid.plan import Grid
from lethebench.report.tables import Cell, Column, Table, number
from lethebench.tuning.command import TuneOptions, tune_command

Tuned = Mapping[str, Mapping[str, Any]]
"""Method -> its `settings`, and what the trial that had them reached."""
KEPT = ("settings", "forget", "utility_relative", "utility_reached", "trials", "failed")
"""What is recorded of tuned.json."""


def search_settings(grid: Grid, budget: int, folder: Path) -> dict[str, dict[str, Any]]:
    """Search the settings of every method that has any, from the initial model of the first seed.

    Args:
        grid: The runs, of which those that others share are finished.
        budget: Number of trials of each method.
        folder: For the tunings; finished trials are kept.

    Returns:
        Method -> what is recorded of its tuning.
    """
    tuned = {}
    for cell in grid.cells:
        for method in cell.options.methods:
            entry = method_entry(method)
            if method in tuned or cell.source is None or not (entry.trains or entry.searched):
                continue
            options = TuneOptions(
                method=method,
                data=cell.options.data,
                budget=budget,
                run=cell.source.folder,
                seed=cell.options.seed,
                settings={name: own for name, own in cell.options.settings.items() if name == method},
                out=folder / method,
            )
            result, _ = tune_command(options, resume=True)
            tuned[method] = {name: result[name] for name in KEPT}
    return tuned


def with_settings(keys: Mapping[str, Any], tuned: Tuned) -> dict[str, Any]:
    """Return the keys of a grid with the settings that were found, over its own."""
    settings = keys.get("set", {})
    of_methods = {method: {**settings.get(method, {}), **record["settings"]} for method, record in tuned.items()}
    return {**keys, "set": {**settings, **of_methods}}


def settings_table(tuned: Tuned) -> Table:
    """Return the settings that were found, and what their trials reached on people whom no request forgets."""
    rows = [
        [
            Cell(method),
            Cell(", ".join(f"{name} {value:.3g}" for name, value in record["settings"].items())),
            *(Cell(number(record[name])) for name in ("forget", "utility_relative")),
            Cell(str(record["trials"])),
            Cell(str(record["failed"])),
        ]
        for method, record in tuned.items()
    ]
    columns = [
        Column("method", "Method"),
        Column("settings", "Settings"),
        Column("forget", "Forget, in the trial", "higher"),
        Column("utility", "Utility, in the trial", "higher"),
        Column("trials", "Trials"),
        Column("failed", "Failed"),
    ]
    return Table("settings", "Settings that lethe tune found", columns, rows)
