"""The registered benchmarks and imports. Classes are imported on first use, so listing names costs nothing.

A package adds a benchmark of its own by an entry point, without a change here:

    [project.entry-points."lethebench.benchmarks"]
    mine = "my_package.benchmark:Mine"
"""

import inspect
import sys
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from functools import lru_cache
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import TYPE_CHECKING

from lethebench.builders import entries
from lethebench.builders.errors import BuildError

if TYPE_CHECKING:
    from lethebench.builders.base import Benchmark

GROUP = "lethebench.benchmarks"
"""The entry-point group of benchmarks from other packages."""
_REQUIRED = ("NAME", "VERSION", "RELEASE_NOTES", "SUMMARY", "PAPER", "CARD", "CONFIGS", "SIZES")


class Registry(Mapping[str, "Benchmark"]):
    """Name -> benchmark, imported on first use."""

    def __init__(self, rows: Mapping[str, entries.Entry], group: str | None = None) -> None:
        self._targets, self._group = {name: row.target for name, row in rows.items()}, group
        self._loaded: dict[str, Benchmark] = {}

    def __iter__(self) -> Iterator[str]:
        return iter([*self._targets, *self._plugins()])

    def __len__(self) -> int:
        return len(list(iter(self)))

    def __contains__(self, name: object) -> bool:
        return name in self._targets or name in self._plugins()

    def __getitem__(self, name: str) -> "Benchmark":
        """Return a benchmark; raise BuildError if the entry point of another package is not a benchmark."""
        plugin = self._plugins().get(name)
        target = plugin.value if plugin else self._targets[name]
        if target not in self._loaded:
            self._loaded[target] = _load_plugin(plugin) if plugin else _load(target)()
        return self._loaded[target]

    def _plugins(self) -> Mapping[str, EntryPoint]:
        """Return name -> entry point; raise BuildError if one has the name of a benchmark of this package."""
        plugins = _entry_points(self._group, tuple(sys.path)) if self._group else {}
        for name in plugins.keys() & self._targets.keys():
            raise BuildError(f"{_origin(plugins[name])} has the name of a built-in benchmark: rename or uninstall it")
        return plugins


@lru_cache(maxsize=4)
def _entry_points(group: str, path: tuple[str, ...]) -> dict[str, EntryPoint]:
    """Return name -> entry point of a group; `path` is the value of sys.path for which the result holds."""
    plugins: dict[str, EntryPoint] = {}
    for entry_point in entry_points(group=group):
        other = plugins.setdefault(entry_point.name, entry_point)
        if other.value != entry_point.value:
            raise BuildError(f"{_origin(entry_point)} has the name of {_origin(other)}: rename or uninstall one")
    return plugins


def _load(target: str) -> "type[Benchmark]":
    module, _, name = target.partition(":")
    return getattr(import_module(module), name)


def _load_plugin(entry_point: EntryPoint) -> "Benchmark":
    """Return an instance of another package's benchmark; raise BuildError unless it is a complete one."""
    from lethebench.builders.base import Benchmark

    origin = _origin(entry_point)
    try:
        benchmark = entry_point.load()
    except Exception as error:  # whatever a module of someone else's raises while it is imported
        reason = (str(error).splitlines() or [""])[0]
        raise BuildError(f"{origin} cannot be imported: {type(error).__name__}: {reason}") from error
    if not (isinstance(benchmark, type) and issubclass(benchmark, Benchmark)):
        raise BuildError(f"{origin} is not a subclass of lethebench.builders.Benchmark")
    missing = [name for name in _REQUIRED if not hasattr(benchmark, name)]
    missing += sorted(benchmark.__abstractmethods__) if inspect.isabstract(benchmark) else []
    if missing:
        raise BuildError(f"{origin} does not define {', '.join(missing)}")
    if entry_point.name != benchmark.NAME:
        raise BuildError(f"{origin} has NAME = {benchmark.NAME!r}: give both the same name")
    return benchmark()


def _origin(entry_point: EntryPoint) -> str:
    package = f" of package {entry_point.dist.name}" if entry_point.dist else ""
    return f"benchmark {entry_point.name!r} ({entry_point.value}{package})"


BENCHMARKS = Registry(entries.BENCHMARKS, GROUP)
"""Name -> benchmark; those of other packages follow ours."""
IMPORTS = Registry(entries.IMPORTS)
"""Name -> the import of an official release; `own` imports a user's own data."""


def listed_benchmarks() -> dict[str, entries.BenchmarkEntry]:
    """Return the rows of all benchmarks; of those, only classes of other packages are imported.

    Raises:
        BuildError: the entry point of another package is not a benchmark.
    """
    others = {name: BENCHMARKS[name] for name in BENCHMARKS if name not in entries.BENCHMARKS}
    rows = {name: entries.benchmark_entry(type(benchmark).__name__, benchmark) for name, benchmark in others.items()}
    return {**entries.BENCHMARKS, **rows}


def find(name: str, *, imported: bool = False) -> "Benchmark":
    """Return a benchmark, or the import of its official release; raise BuildError if the name is unknown."""
    registry = IMPORTS if imported else BENCHMARKS
    if name in registry:
        return registry[name]
    if imported:
        raise BuildError(f"benchmark {name!r} has no import; --from works for {', '.join(registry)}")
    if name in IMPORTS:
        raise BuildError(f"{name} is made from existing data: give them with --from (see `lethe list imports`)")
    close = get_close_matches(name, registry, 1)
    advice = f"did you mean {close[0]!r}?" if close else f"choose from {', '.join(registry)}"
    raise BuildError(f"unknown benchmark {name!r}; {advice}")


def benchmark_of_build(folder: Path, name: str, version: str, *, imported: bool) -> "Benchmark":
    """Return the benchmark or import of the build in `folder`, whose manifest has this name and version.

    Raises:
        BuildError: the benchmark is not installed, or in another major version.
    """
    registry = IMPORTS if imported else BENCHMARKS
    if name not in registry:
        kind = "an import" if imported else "a build"
        raise BuildError(f"{folder} is {kind} of {name!r}, which is not installed; there are {', '.join(registry)}")
    benchmark = registry[name]
    major = benchmark.VERSION.split(".")[0]
    if str(version).split(".")[0] != major:
        raise BuildError(
            f"{folder} is {name} {version}, but this release reads {major}.x: rebuild it, or use the release of "
            f"lethebench that built it"
        )
    return benchmark
