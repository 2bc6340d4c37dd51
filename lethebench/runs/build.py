"""Opens a build for learning and unlearning: the rows of its sequence of requests, by split and by task."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from datasets import Dataset, Image, List, load_dataset

from lethebench.builders import BENCHMARKS
from lethebench.builders.imports import IMPORTS
from lethebench.errors import UserError
from lethebench.runs.folder import file_hash, read_json

SEQUENCES = ("continual", "lifelong")
"""What benchmarks call the config that holds the sequence of requests."""


@dataclass(frozen=True)
class Build:
    """A benchmark folder that was opened for use: its `path` and its `manifest`."""

    path: Path
    manifest: dict

    @property
    def benchmark(self) -> str:
        return self.manifest["benchmark"]

    @cached_property
    def config(self) -> str:
        """The config that holds the sequence of requests, or, in an import without one, a single request."""
        splits = self.manifest["splits"]
        return next((name for name in SEQUENCES if name in splits), next(iter(splits)))

    def split(self, name: str, config: str | None = None) -> Dataset:
        """The rows of one split; pictures stay encoded bytes until somebody looks at them.

        Args:
            name: of the split.
            config: another config than the one with the requests.

        Raises:
            UserError: a shard is not as it was built.
        """
        rows = self.load(config or self.config, name)
        return rows.cast_column("images", List(Image(decode=False))).add_column("split", [name] * len(rows))

    def load(self, config: str, split: str) -> Dataset:
        """One split of a config as `load_dataset` gives it, once its shards are found to be those that were built.

        `datasets` alone would give what it once read from here: its cache does not ask what the shards hold now.

        Raises:
            UserError: a shard is not as it was built.
        """
        for name in self.manifest["splits"][config][split]["files"]:
            shard = self.path / name
            if not shard.is_file() or file_hash(shard) != self.manifest["files"][name]["sha256"]:
                raise UserError(
                    f"{shard} is not as it was built: `lethe verify {self.path}` says what is wrong; build it again"
                )
        return load_dataset(str(self.path), config, split=split)

    @cached_property
    def forget(self) -> Dataset:
        return self.split("forget")

    @cached_property
    def retain(self) -> Dataset:
        return self.split("retain")

    @cached_property
    def neighbour(self) -> Dataset | None:
        """Rows about others than those that may be forgotten, which measure the damage; None where there are none."""
        return self.split("neighbour") if "neighbour" in self.manifest["splits"][self.config] else None

    @cached_property
    def held_out(self) -> Dataset | None:
        """New pictures and wordings, None where an import has none.

        Pages that show the asked field in plain sight are left out: they can be read.
        """
        if "test" not in self.manifest["splits"][self.config]:
            return None
        rows = self.split("test")
        return rows.select([place for place, views in enumerate(rows["views"]) if "full" not in views])

    @cached_property
    def tasks(self) -> int:
        """How many requests to forget the sequence holds."""
        return max(self.forget["task_id"]) + 1

    @cached_property
    def candidates(self) -> dict[str, list[str]]:
        """attribute -> the values that exposure ranks over; an import has none."""
        if "candidates" not in self.manifest["splits"]:
            return {}
        rows = self.load("candidates", "train")
        return {row["attribute"]: row["values"] for row in rows}


def open_build(path: str | Path) -> Build:
    """Opens a folder that `lethe build` wrote.

    Raises:
        UserError: the folder is absent, is not a build, or is a build of a major version that this package cannot read.
    """
    path = Path(path)
    if not path.is_dir():
        raise UserError(f"{path} is not a folder: make one with `lethe build icu --size small --out {path}`")
    if not (path / "manifest.json").is_file():
        raise UserError(f"{path} is not a build (it has no manifest.json): make one with `lethe build`")
    manifest = read_json(path / "manifest.json")
    name, version = manifest.get("benchmark"), str(manifest.get("version"))
    known = IMPORTS if manifest.get("imported") else BENCHMARKS
    if name not in known:
        raise UserError(f"{path} is a build of {name!r}, which is not a benchmark of this release: see `lethe list`")
    ours = known[name].VERSION
    if version.split(".")[0] != ours.split(".")[0]:
        raise UserError(
            f"{path} is {name} {version}, and this release reads {ours.split('.')[0]}.x: build it again, or use the "
            f"release of lethebench that made it"
        )
    return Build(path=path, manifest=manifest)
