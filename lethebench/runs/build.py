"""Open a build for fine-tuning and unlearning: the rows of its sequence of requests, by split and by task."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from datasets import Dataset, Image, List

from lethebench.builders.registry import benchmark_of_build
from lethebench.builders.verify.files import refuse_links_out
from lethebench.builders.write.columns import CANDIDATES, QA, RELEARN
from lethebench.contract.hub_cache import hub_source
from lethebench.contract.records import Manifest, read_record
from lethebench.errors import UserError
from lethebench.hub.fetch import local_build
from lethebench.runs.folder import file_hash
from lethebench.runs.shards import read_shards


@dataclass(frozen=True)
class Build:
    """An opened build.

    Attributes:
        path: its folder.
        manifest: the content of manifest.json.
        sequence: the config that holds the sequence of requests, if the build has it.
        tasks_per_request: consecutive tasks that make one request; rows then have the request's id as `task_id`.
    """

    path: Path
    manifest: dict[str, Any]
    sequence: str = "continual"
    tasks_per_request: int = 1

    def by_request(self, tasks: int) -> "Build":
        """Return the build with requests of several consecutive tasks each."""
        return self if tasks == self.tasks_per_request else replace(self, tasks_per_request=tasks)

    @property
    def benchmark(self) -> str:
        """The name of the benchmark."""
        return self.manifest["benchmark"]

    @property
    def hub(self) -> dict[str, str]:
        """`hub`: ORG/NAME@COMMIT of a build from the Hub, for records; empty for other builds."""
        source = hub_source(self.path)
        return {"hub": source} if source else {}

    @cached_property
    def config(self) -> str:
        """The config that holds the sequence of requests, or, in an import without one, a single request."""
        splits = self.manifest["splits"]
        return self.sequence if self.sequence in splits else next(iter(splits))

    def split(self, name: str, config: str | None = None) -> Dataset:
        """Return the rows of a split, with a column `split`; pictures stay encoded.

        Args:
            name: of the split.
            config: None for the config with the requests.

        Raises:
            UserError: a shard was changed.
        """
        rows = self.load(config or self.config, name, QA)
        return rows.cast_column("images", List(Image(decode=False))).add_column("split", [name] * len(rows))

    def load(self, config: str, split: str, columns: Iterable[str]) -> Dataset:
        """Return a split as `load_dataset` does, after comparing its shards with the manifest.

        `load_dataset` reads glob characters in the path as a pattern, and its cache mixes folders of one name.

        Raises:
            UserError: a shard was changed.
        """
        part = self.manifest["splits"].get(config, {}).get(split)
        if part is None:
            raise UserError(f"{self.path} has no split {split} in the config {config}; {_cure(self.path)}")
        names, files = part["files"], self.manifest["files"]
        hashes = []
        for name in names:
            shard = self.path / name
            if name not in files or not shard.is_file() or file_hash(shard) != files[name]["sha256"]:
                raise UserError(f"{shard} was changed after the build: {_cure(self.path)}")
            hashes.append(files[name]["sha256"])
        rows = read_shards([self.path / name for name in names], hashes)
        if missing := sorted(set(columns) - set(rows.column_names)):
            raise UserError(f"{self.path}: {config}, {split} has no column {missing[0]}; {_cure(self.path)}")
        return _with_requests(rows, self.tasks_per_request) if self.tasks_per_request > 1 else rows

    @cached_property
    def forget(self) -> Dataset:
        """The forget set of all requests."""
        return self.split("forget")

    @cached_property
    def retain(self) -> Dataset:
        """The retain set."""
        return self.split("retain")

    @cached_property
    def neighbour(self) -> Dataset | None:
        """Rows about profiles that are never trained on or forgotten, which measure damage; None if there are none."""
        return self.split("neighbour") if "neighbour" in self.manifest["splits"][self.config] else None

    @cached_property
    def held_out(self) -> Dataset | None:
        """New pictures and wordings of the same facts; None if an import has none.

        Pages that show the asked field are left out, because it can be read from them.
        """
        if "test" not in self.manifest["splits"][self.config]:
            return None
        rows = self.split("test")
        return rows.select([index for index, views in enumerate(rows["views"]) if "full" not in views])

    @cached_property
    def tasks(self) -> int:
        """The number of requests to forget."""
        return max(self.forget["task_id"], default=-1) + 1

    @cached_property
    def candidates(self) -> dict[str, list[str]]:
        """Attribute -> the values that exposure ranks over; empty for an import."""
        if "candidates" not in self.manifest["splits"]:
            return {}
        rows = self.load("candidates", "train", CANDIDATES)
        return {row["attribute"]: row["values"] for row in rows}

    @cached_property
    def relearn(self) -> frozenset[tuple[str, str]] | None:
        """The facts (profile, attribute) that attacks may train on; None where the build does not mark them."""
        if "relearn" not in self.manifest["splits"]:
            return None
        rows = self.load("relearn", "train", RELEARN)
        return frozenset(zip(rows["profile_id"], rows["attribute"], strict=True))


def _with_requests(rows: Dataset, size: int) -> Dataset:
    """Return rows whose `task_id` and `retain_task_id` are those of requests of `size` consecutive tasks each."""
    names = rows.column_names
    for name in sorted({"task_id", "retain_task_id"} & set(names)):
        ids, kind = request_ids(rows[name], size), rows.features[name]
        rows = rows.remove_columns(name).add_column(name, ids, feature=kind)
    return rows.select_columns(names)


def request_ids(task_ids: Iterable[int], size: int) -> list[int]:
    """Return the ids of requests of `size` consecutive tasks each; -1, no task, stays."""
    return [task // size if task >= 0 else task for task in task_ids]


def _cure(path: Path) -> str:
    return f"`lethe verify {path}` lists what is wrong; rebuild it"


def open_manifest(path: Path) -> dict[str, Any]:
    """Return the manifest.json of a build."""
    return read_record(path / "manifest.json", Manifest, cure=_cure(path))


def open_build(path: str | Path) -> Build:
    """Open a folder that `lethe build` wrote, or the download of one from the Hub.

    Args:
        path: a folder, or ORG/NAME[@REVISION] on the Hub where there is no such folder.

    Raises:
        UserError: the folder is absent or is not a build, or the Hub has none.
        BuildError: its benchmark is not installed, or in another major version.
    """
    path = local_build(path)
    if not path.is_dir():
        raise UserError(f"{path} is not a folder: build one with `lethe build icu --size small --out {path}`")
    if not (path / "manifest.json").is_file():
        raise UserError(f"{path} is not a build (it has no manifest.json): build one with `lethe build`")
    refuse_links_out(path)
    manifest = open_manifest(path)
    imported = manifest.get("imported") is not None
    benchmark = benchmark_of_build(path, manifest["benchmark"], manifest["version"], imported=imported)
    return Build(path, manifest, benchmark.SEQUENCE)
