"""manifest.json: what a build is, how it was made, and a hash of everything in it."""

import json
import platform
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from importlib.metadata import version
from pathlib import Path
from typing import Any

from lethebench.builders.errors import BuildError

_LIBRARIES = ("lethebench", "datasets", "faker", "matplotlib", "numpy", "pillow", "pyarrow", "segno")
"""Whatever decides a byte of a build."""


@dataclass(frozen=True)
class Manifest:
    """The contents of manifest.json.

    Attributes:
        benchmark: name of the benchmark.
        version: of the data; also the tag on the Hub.
        size: as asked for: `paper`, `small` or a number of profiles.
        seed: of everything drawn.
        options: with nothing left open.
        versions: of the generator and of every library that decides a byte.
        tasks: requests to forget in the sequence.
        paper_counts: what the paper counts, in this build.
        extra_counts: what stands on top.
        attributes: attribute -> `candidates` (|R|), `values` (distinct among trained profiles), `most_common` (share of
            the commonest value, which is what guessing it would score).
        apart: combinations of fields that no forget, retain and holdout profile share.
        perceptual: how twins are sought: method, and the similarity above which two profiles count as one.
        pictures: their encoding.
        licences: asset -> licence.
        splits: config -> split -> rows, files, bytes in memory and the content hash (see `builders.digest`).
        files: path -> sha256 and bytes, README.md and manifest.json excepted.
        imported: of an import alone: `source` (name, files, SHA-256 of the release) and `missing` (what the release
            does not have, and why).
    """

    benchmark: str
    version: str
    size: str | int
    seed: int
    options: Mapping[str, Any]
    versions: Mapping[str, str]
    tasks: int
    paper_counts: Mapping[str, int]
    extra_counts: Mapping[str, int]
    attributes: Mapping[str, Mapping[str, float]]
    apart: list[list[str]]
    perceptual: Mapping[str, Any]
    pictures: Mapping[str, Any]
    licences: Mapping[str, str]
    splits: Mapping[str, Mapping[str, Mapping[str, Any]]]
    files: Mapping[str, Mapping[str, Any]]
    imported: Mapping[str, Any] | None = None

    def to_dict(self) -> dict:
        """As plain data, as the file holds it; a build of our own says nothing of an import."""
        content = asdict(self)
        if self.imported is None:
            del content["imported"]
        return content

    def write(self, folder: Path) -> None:
        """Writes manifest.json."""
        text = json.dumps(self.to_dict(), indent=2, ensure_ascii=False, allow_nan=False)
        (folder / "manifest.json").write_text(text + "\n", "utf-8")


def read_manifest(path: str | Path) -> Manifest:
    """The manifest of a build.

    Args:
        path: a folder that `build` wrote, or a download of one.

    Raises:
        BuildError: the folder is absent or is not a build.
    """
    folder = Path(path)
    if not folder.is_dir():
        raise BuildError(f"{folder} is not a folder: make a build with `lethe build NAME --out {folder}`")
    file = folder / "manifest.json"
    if not file.is_file():
        raise BuildError(f"{folder} is not a build (it has no manifest.json): give a folder that `lethe build` wrote")
    try:
        content = json.loads(file.read_text("utf-8"))
    except ValueError as error:
        raise BuildError(
            f"{file} is not JSON ({error}): the build is damaged, make it again with `lethe build`"
        ) from None
    names = [item.name for item in fields(Manifest)]
    needed = [name for name in names if name != "imported"]
    missing = [name for name in needed if not isinstance(content, dict) or name not in content]
    if missing:
        raise BuildError(f"{file} is not the manifest of a build (no {missing[0]!r}): make it again with `lethe build`")
    return Manifest(**{name: content.get(name) for name in names})


def library_versions() -> dict[str, str]:
    """Name -> version of what decides a build's bytes."""
    return {"python": ".".join(platform.python_version_tuple()[:2])} | {name: version(name) for name in _LIBRARIES}
