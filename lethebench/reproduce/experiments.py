"""The experiments that `lethe reproduce` knows: each is a file that names one build or several, and a grid of runs."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lethebench.attacks.registry import BUDGETS, chosen_attacks
from lethebench.contract.escaping import file_name
from lethebench.contract.strict_yaml import ConfigError, dump_value, load_strict, refuse_unknown
from lethebench.errors import UserError
from lethebench.runs.options import NO_METHOD

FOLDER = Path(__file__).parent / "experiments"
"""Where the experiments are; beside NAME.yaml its expected values, NAME.json, and their page, NAME.md."""
HARDWARE = ("cpu", "gpu")
OWN_KEYS = ("data", "out")
"""Keys of a grid that the experiment sets."""


@dataclass(frozen=True)
class Point:
    """One of several builds, on which a model is trained and nothing is unlearned.

    Attributes:
        name: Its options in one word, such as `qa-5-views-1`.
        options: Options of the build that differ from those of other points.
        settings: Section -> name -> value, over those of the grid.
    """

    name: str
    options: Mapping[str, Any]
    settings: Mapping[str, Any]


@dataclass(frozen=True)
class Experiment:
    """A build and a grid of runs, which may be attacked; or several builds to train on alone.

    Attributes:
        name: The file's name without its ending.
        path: The file.
        summary: What it compares, in one line.
        hardware: `cpu` if one core suffices, else `gpu`.
        build: Arguments of `lethebench.builders.build`: `name`, and optionally `size`, `seed` and `options`.
        grid: The keys of a grid file besides data and out.
        attacks: `budget`, and optionally `names`, of the attacks on the models after the last request; {} for none.
        points: The builds, where there are several.
        tune: Trials of `lethe tune` for each method, whose settings the runs have; 0 = those of the presets.
    """

    name: str
    path: Path
    summary: str
    hardware: str
    build: Mapping[str, Any]
    grid: Mapping[str, Any]
    attacks: Mapping[str, Any]
    points: tuple[Point, ...] = ()
    tune: int = 0

    @property
    def expected(self) -> Path:
        """Return the file of its expected values, which need not exist."""
        return self.path.with_suffix(".json")

    @property
    def page(self) -> Path:
        """Return the file of the page of its recorded results, which need not exist."""
        return self.path.with_suffix(".md")

    @property
    def seeds(self) -> list[int]:
        """Return its seeds."""
        seed = self.grid["seed"]
        return list(seed) if isinstance(seed, list) else [seed]


def experiments() -> dict[str, Experiment]:
    """Return the experiments of the package by name."""
    return {path.stem: read_experiment(path) for path in sorted(FOLDER.glob("*.yaml"))}


def find_experiment(name: str) -> Experiment:
    """Return an experiment by its name, or by the path of its file.

    Raises:
        UserError: There is none with this name.
        ConfigError: The file cannot be read.
    """
    if name.endswith((".yaml", ".yml")):
        return read_experiment(Path(name))
    refuse_unknown([name], [path.stem for path in sorted(FOLDER.glob("*.yaml"))], "lethe reproduce", "experiment")
    return read_experiment(FOLDER / f"{name}.yaml")


def read_experiment(path: Path) -> Experiment:
    """Return the experiment that a file describes.

    Raises:
        ConfigError: The file cannot be read, lacks a key, or has an unknown one.
    """
    content = load_strict(path)
    keys = ("summary", "hardware", "build", "grid")
    refuse_unknown(content, (*keys, "attacks", "builds", "tune"), str(path))
    if missing := [key for key in keys if key not in content]:
        raise ConfigError(f"{path}: {missing[0]} is missing")
    for key in ("build", "grid", "attacks"):
        if not isinstance(content.setdefault(key, {}), dict):
            raise ConfigError(f"{path}: {key} is {dump_value(content[key])}, and must be a mapping")
    refuse_unknown([content["hardware"]], HARDWARE, str(path), "hardware")
    refuse_unknown(content["build"], ("name", "size", "seed", "options"), f"{path}: build")
    _check_attacks(content["attacks"], f"{path}: attacks")
    if own := [key for key in OWN_KEYS if key in content["grid"]]:
        raise ConfigError(f"{path}: grid: {own[0]} is set by `lethe reproduce`; remove it")
    if "name" not in content["build"]:
        raise ConfigError(f"{path}: build: name is missing; give a benchmark")
    grid = {"seed": [0], **content["grid"]}
    points = _points(content.get("builds", []), f"{path}: builds")
    if bool(points) != (grid.get("method") == NO_METHOD):
        raise ConfigError(f"{path}: builds and `grid: {{method: {NO_METHOD}}}` need each other; give both or neither")
    if points and content["attacks"]:
        raise ConfigError(f"{path}: attacks need a method, and this experiment has none; remove attacks")
    tune = content.get("tune", 0)
    if type(tune) is not int or tune < 0 or (tune and points):
        raise ConfigError(f"{path}: tune is {dump_value(tune)}; give a number of trials, and only beside methods")
    summary, hardware, build, attacks = (content[key] for key in ("summary", "hardware", "build", "attacks"))
    return Experiment(path.stem, path, summary, hardware, build, grid, attacks, points, tune)


def _points(builds: Any, name: str) -> tuple[Point, ...]:
    """Return the points of `builds`; raise ConfigError if one has no options, or the name of another."""
    if not isinstance(builds, list):
        raise ConfigError(f"{name} is {dump_value(builds)}, and must be a list")
    points: dict[str, Point] = {}
    for entry in builds:
        if not isinstance(entry, dict) or not isinstance(entry.get("options"), dict) or not entry["options"]:
            raise ConfigError(f"{name}: {dump_value(entry)} must be a mapping with options of the build")
        refuse_unknown(entry, ("options", "set"), name)
        point = file_name("-".join(f"{key}-{value}" for key, value in entry["options"].items()))
        if point in points:
            raise ConfigError(f"{name}: {point} is given twice; remove one")
        points[point] = Point(point, entry["options"], entry.get("set", {}))
    return tuple(points.values())


def _check_attacks(attacks: Mapping[str, Any], name: str) -> None:
    """Raise ConfigError if there is an unknown key, budget or attack."""
    refuse_unknown(attacks, ("budget", "names"), name)
    if attacks:
        refuse_unknown([str(attacks.get("budget"))], BUDGETS, name, "budget")
    names = attacks.get("names", [])
    if not isinstance(names, list):
        raise ConfigError(f"{name}: names is {dump_value(names)}, and must be a list")
    try:
        chosen_attacks(names)
    except ValueError as error:
        raise ConfigError(f"{name}: {error}") from error


def with_seeds(experiment: Experiment, count: int | None) -> list[int]:
    """Return the first `count` seeds of an experiment, all by default.

    Raises:
        UserError: It has fewer.
    """
    seeds = experiment.seeds
    if count is not None and count > len(seeds):
        raise UserError(f"--seeds {count}: {experiment.name} has {len(seeds)} seeds; pass 1 to {len(seeds)}")
    return seeds[:count]
