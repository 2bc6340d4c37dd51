"""Opens a build for learning and unlearning: the rows of its continual config, by split and by task."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from datasets import Dataset, Image, List, disable_progress_bars, load_dataset

from .errors import UserError
from .store import read_json

CONFIGS = ("continual", "lifelong")
MAJOR = {"icu": 1}
"""The major version of each benchmark that this package reads."""


@dataclass(frozen=True)
class Build:
    """A benchmark folder that was opened for use.

    Attributes:
        path: the folder.
        manifest: its manifest.json.
        config: the config that holds the continual sequence.
    """

    path: Path
    manifest: dict
    config: str

    @property
    def benchmark(self) -> str:
        return self.manifest["benchmark"]

    def split(self, name: str) -> Dataset:
        """The rows of one split; pictures stay encoded bytes until somebody looks at them."""
        disable_progress_bars()
        rows = load_dataset(str(self.path), self.config, split=name)
        return rows.cast_column("images", List(Image(decode=False)))

    @cached_property
    def forget(self) -> Dataset:
        return self.split("forget")

    @cached_property
    def retain(self) -> Dataset:
        return self.split("retain")

    @cached_property
    def tasks(self) -> int:
        """How many requests to forget the sequence holds."""
        return max(self.forget["task_id"]) + 1

    @cached_property
    def candidates(self) -> dict[str, list[str]]:
        """attribute -> the values that exposure ranks over."""
        disable_progress_bars()
        rows = load_dataset(str(self.path), "candidates", split="train")
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
    benchmark, version = manifest.get("benchmark"), str(manifest.get("version"))
    if benchmark not in MAJOR:
        raise UserError(
            f"{path} is a build of {benchmark!r}, which is not a benchmark of this release: see `lethe list`"
        )
    if version.split(".")[0] != str(MAJOR[benchmark]):
        raise UserError(
            f"{path} is {benchmark} {version}, and this release reads {MAJOR[benchmark]}.x: build it again, or use the "
            f"release of lethebench that made it"
        )
    configs = {config.name for config in path.glob("qa/*")}
    if not configs:
        raise UserError(f"{path}/qa holds no shards: the build is damaged, make it again with `lethe build`")
    return Build(path=path, manifest=manifest, config=CONFIGS[0])
