"""The commands that execute a grid on Hugging Face Jobs; they are printed, not run."""

import shlex
from collections.abc import Iterator

from lethebench.contract.strict_yaml import ConfigError, refuse_unknown
from lethebench.grid.plan import Cell, Grid

DEFAULTS = {
    "flavor": "a10g-small",
    "image": "python:3.12",
    "timeout": "12h",
    "attempts": "3",
    "install": "lethebench[train,eval]",
    "bucket": "",
}
"""Parameters of the section `hf-jobs`: options of `hf jobs run`, what pip installs, the bucket that holds the runs."""
MOUNT = "/grid"


def parameters_of(grid: Grid) -> dict[str, str]:
    """Return the parameters of the file over the defaults.

    Raises:
        ConfigError: An unknown parameter, no bucket, or a build that jobs cannot reach.
    """
    name = f"{grid.path}: hf-jobs"
    refuse_unknown(grid.parameters, DEFAULTS, name, "parameter")
    values = {**DEFAULTS, **{key: str(value) for key, value in grid.parameters.items()}}
    if not values["bucket"]:
        raise ConfigError(f"{name}: bucket is missing; give the bucket on the Hub that holds the runs, ORG/NAME")
    if grid.out.is_absolute():
        raise ConfigError(f"{grid.path}: out is {grid.out}, and must be a path inside the bucket, such as runs/grid")
    for cell in grid.cells:
        if cell.options.data.exists():
            raise ConfigError(
                f"{grid.path}: data is {cell.options.data}, a folder of this machine: push it, and give its Hub id"
            )
    return values


def commands(grid: Grid) -> list[str]:
    """Return the command of each run, those of shared runs first, with comments between them."""
    return list(_lines(grid, parameters_of(grid)))


def _lines(grid: Grid, parameters: dict[str, str]) -> Iterator[str]:
    waited: set[str] = set()
    for cell in grid.cells:
        if cell.source is not None and cell.source.name not in waited:
            waited.add(cell.source.name)
            yield f"# when {cell.source.name} has completed:"
        yield shlex.join(_words(grid, cell, parameters))


def _words(grid: Grid, cell: Cell, parameters: dict[str, str]) -> list[str]:
    command = f"pip install -q {shlex.quote(parameters['install'])} && cd {MOUNT} && {shlex.join(cell.words())}"
    return [
        *("hf", "jobs", "run", "--detach", "--name", f"{grid.out.name}-{cell.name}"),
        *("--flavor", parameters["flavor"], "--timeout", parameters["timeout"], "--attempts", parameters["attempts"]),
        *("--secrets", "HF_TOKEN", "--volume", f"hf://buckets/{parameters['bucket']}:{MOUNT}"),
        *(parameters["image"], "bash", "-c", command),
    ]
