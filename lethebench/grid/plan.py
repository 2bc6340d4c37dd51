"""Read the file of a grid: each combination of its lists is a run, and runs that train alike share their models."""

import itertools
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from lethebench.cli.command import option_targets, parse_options
from lethebench.cli.config import Target, read_options, typed
from lethebench.contract.escaping import file_names
from lethebench.contract.strict_yaml import ConfigError, dump_value, refuse_unknown
from lethebench.runs.checks import check_method
from lethebench.runs.options import NO_METHOD, SECTIONS, RunOptions

ENGINES = ("local", "slurm", "hf-jobs", "debug")
EXCLUDED = ("checkpoints",)
"""Options of `lethe run` that a grid does not take: checkpoints belong to one run."""
VARIANTS = "settings"
"""The key that maps names to settings; `set` holds those of every run."""
SHORT = {"seed": "s", "order-seed": "o"}
"""Axis -> what its values begin with in names; of the others, values that are text stand alone."""
ORDER = ("method", "model", VARIANTS, "order-seed")
"""Axes that a name begins with; the seed is always its end."""


@dataclass(frozen=True)
class Cell:
    """One run of a grid.

    Attributes:
        name: Unique in the grid; also the name of its folder.
        options: Its run options; without methods for a run that others share the models of.
        folder: The run folder.
        source: The run whose initial model and gold models it takes over.
    """

    name: str
    options: RunOptions
    folder: Path
    source: "Cell | None" = None

    @property
    def shared(self) -> bool:
        """Return whether the run only trains models that others take over."""
        return not self.options.methods

    def words(self) -> list[str]:
        """Return the words of its command; the same ones start and continue it."""
        options = replace(self.options, methods=self.options.methods or (NO_METHOD,), out=self.folder)
        source = ["--from", str(self.source.folder)] if self.source else []
        return [*options.command_line(), *source, "--resume"]


@dataclass(frozen=True)
class Grid:
    """A checked file.

    Attributes:
        path: The file.
        out: The folder of its runs.
        engine: One of `ENGINES`.
        sections: Engine -> its parameters in the file.
        cells: Its runs; each comes after its source.
    """

    path: Path
    out: Path
    engine: str
    sections: Mapping[str, Mapping[str, Any]]
    cells: tuple[Cell, ...]

    @property
    def parameters(self) -> Mapping[str, Any]:
        """Return the parameters of the chosen engine."""
        return self.sections.get(self.engine, {})

    def jobs(self, name: str) -> Path:
        """Return the folder of the jobs and logs of a run, by its name."""
        return self.out.absolute() / "jobs" / name


@dataclass(frozen=True)
class Axis:
    """The values that an option takes, with the part of a run's name that stands for each."""

    key: str
    values: Sequence[Any]
    labels: Sequence[str]


def read_grid(path: Path, engine: str | None = None) -> Grid:
    """Return the grid that a file describes.

    Its keys are the options of `lethe run` as in `--config`. An option that holds a list takes each of its values in
    turn, and `settings` maps names to settings that take turns. `engine` and a section for each engine say where runs
    are executed.

    Args:
        path: A YAML or JSON file.
        engine: Takes the position of the file's engine.

    Raises:
        ConfigError: The file cannot be read; holds an unknown option or engine, an empty list or a value twice; or
            gives two runs the same name.
    """
    name = str(path)
    targets = {key: target for key, target in option_targets("run").items() if key not in EXCLUDED}
    content = read_options(path, name, (*targets, VARIANTS, "engine", *ENGINES))
    for key in ("data", "out"):
        if not isinstance(content.get(key), str):
            raise ConfigError(f"{name}: {key} is missing; give {'a build' if key == 'data' else 'a folder for runs'}")
    sections = {key: _mapping(content.pop(key), f"{name}: {key}") for key in ENGINES if key in content}
    own_engine = content.pop("engine", None)
    engine = engine or own_engine or "local"
    refuse_unknown([str(engine)], ENGINES, name, "engine")
    out = Path(content.pop("out"))
    axes = _axes(content, targets, name)
    combinations = list(_combinations(axes, content.get("set"), targets, name))
    _check_methods([options for _, options in combinations], name)
    return Grid(path, out, str(engine), sections, _cells(combinations, axes, out, name))


def _axes(content: Mapping[str, Any], targets: Mapping[str, Target], name: str) -> list[Axis]:
    """Return an axis for each option but `set`, of one value if it is not a list; methods first, seeds last."""
    content = {"method": "npo", "seed": 0, **content}
    axes = [_variants(content[VARIANTS], targets["set"], name)] if VARIANTS in content else []
    for key, value in content.items():
        if key in ("set", VARIANTS):
            continue
        if value == []:
            raise ConfigError(f"{name}: {key} is an empty list; give at least one value")
        listed = value if isinstance(value, list) else [value]
        values = [None if one is None else typed(targets[key], one, f"{name}: {key}") for one in listed]
        if repeated := _repeated(map(dump_value, values)):
            raise ConfigError(f"{name}: {key}: {repeated} is given twice; remove one")
        axes.append(Axis(key, values, _labels(key, values)))
    positions = {key: index for index, key in enumerate(ORDER)}
    return sorted(axes, key=lambda axis: len(ORDER) + 1 if axis.key == "seed" else positions.get(axis.key, len(ORDER)))


def _variants(value: Any, target: Target, name: str) -> Axis:
    variants = _mapping(value, f"{name}: {VARIANTS}")
    if not variants:
        raise ConfigError(f"{name}: {VARIANTS} is empty; give at least one name with its settings")
    pairs = [
        typed(target, _mapping(own or {}, f"{name}: {VARIANTS}: {key}"), f"{name}: {VARIANTS}: {key}")
        for key, own in variants.items()
    ]
    return Axis(VARIANTS, pairs, list(file_names(variants).values()))


def _labels(key: str, values: Sequence[Any]) -> list[str]:
    """Return the part of a run's name for each value: of a model or class its last word, if that tells them apart."""
    texts = ["default" if value is None else str(value) for value in values]
    separator = "." if key == "method" else "/"
    shorter = [text.rstrip(separator).rpartition(separator)[2] for text in texts]
    joined = [text.replace("/", "-") for text in texts]
    texts = next(names for names in (shorter, joined, texts) if len(set(names)) == len(texts))
    unprefixed = key in ORDER[:2] or (key not in SHORT and all(isinstance(value, str) for value in values))
    start = "" if unprefixed else SHORT.get(key, f"{key}-")
    return [start + label for label in file_names([text.replace(",", "+") for text in texts]).values()]


def _combinations(
    axes: Sequence[Axis], common: Any, targets: Mapping[str, Target], name: str
) -> Iterator[tuple[dict[str, str], RunOptions]]:
    """Yield (axis -> label, options) of each combination."""
    pairs = typed(targets["set"], _mapping(common or {}, f"{name}: set"), f"{name}: set")
    for positions in itertools.product(*(range(len(axis.values)) for axis in axes)):
        chosen = {axis.key: axis.values[position] for axis, position in zip(axes, positions, strict=True)}
        settings = [*pairs, *chosen.pop(VARIANTS, [])]
        values = {targets[key].name: value for key, value in chosen.items() if value is not None}
        options = parse_options(values | ({"settings": settings} if settings else {}), name)
        yield {axis.key: axis.labels[position] for axis, position in zip(axes, positions, strict=True)}, options


def _check_methods(options: Sequence[RunOptions], name: str) -> None:
    """Raise UserError if a method is unknown, or settings are for one that no run has."""
    methods = {method for one in options for method in one.methods}
    for method in sorted(methods):
        check_method(method)
    refuse_unknown(
        {section for one in options for section in one.settings}, [*SECTIONS, *sorted(methods)], name, "section"
    )


def _cells(
    combinations: Sequence[tuple[dict[str, str], RunOptions]], axes: Sequence[Axis], out: Path, name: str
) -> tuple[Cell, ...]:
    """Return the shared runs, then the others."""
    several = [axis.key for axis in axes if len(axis.values) > 1 or axis.key in ("method", "seed")]
    keys = [_models(options) for _, options in combinations]
    deciding = [key for key in several if key == "seed" or _decides(key, combinations, keys)]
    shared: dict[str, Cell] = {}
    trained: dict[str, Cell] = {}
    cells: list[Cell] = []
    for (labels, options), key in zip(combinations, keys, strict=True):
        if key not in shared:
            base_name = "-".join(["base", *(labels[axis] for axis in deciding)])
            settings = {section: own for section, own in options.settings.items() if section in SECTIONS}
            base = replace(options, methods=(), settings=settings, keep="all")
            shared[key] = Cell(base_name, base, out / base_name, trained.get(_training(options)))
            trained.setdefault(_training(options), shared[key])
        cell_name = "-".join(labels[axis] for axis in several)
        own = {section: own for section, own in options.settings.items() if section in (*SECTIONS, *options.methods)}
        options = replace(options, settings=own)
        if options not in [cell.options for cell in cells]:  # settings of other methods make no other run
            cells.append(Cell(cell_name, options, out / cell_name, shared[key]))
    cells = [*shared.values(), *cells]
    if repeated := _repeated(cell.name.casefold() for cell in cells):
        raise ConfigError(f"{name}: two runs are called {repeated}; rename one of the settings or models")
    return tuple(cells)


def _training(options: RunOptions) -> str:
    """Return a text that is equal for runs with the same initial model."""
    settings = {section: options.settings.get(section) for section in SECTIONS}
    names = ("data", "model", "preset", "learn_neighbour", "seed", "tasks_per_request")
    return repr(([getattr(options, name) for name in names], settings))


def _models(options: RunOptions) -> str:
    """Return a text that is equal for runs with the same initial model and gold models."""
    whole = options.tasks is None and options.withdraw is None and options.gold == "last"  # in whatever order
    order = None if whole else (options.tasks, options.withdraw, options.order_seed)
    return repr((_training(options), options.gold, options.gold_seeds, order))


def _decides(axis: str, combinations: Sequence[tuple[dict[str, str], RunOptions]], keys: Sequence[str]) -> bool:
    """Return whether combinations that differ in an axis alone differ in their key."""
    groups: dict[tuple[tuple[str, str], ...], set[str]] = {}
    for (labels, _), key in zip(combinations, keys, strict=True):
        groups.setdefault(tuple(item for item in labels.items() if item[0] != axis), set()).add(key)
    return any(len(group) > 1 for group in groups.values())


def _mapping(value: Any, name: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise ConfigError(f"{name} is {dump_value(value)}, and must be a mapping of names to values")
    return value


def _repeated(values: Collection[str] | Iterator[str]) -> str | None:
    earlier: set[str] = set()
    return next((value for value in values if value in earlier or earlier.add(value)), None)  # type: ignore[func-returns-value]
