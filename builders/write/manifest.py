"""Write and read manifest.json: what a build is, how it was made, and a hash of everything in it."""

import json
import platform
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from importlib.metadata import version
from pathlib import Path
from typing import Any

from lethebench.builders.errors import BuildError
from lethebench.contract.records import Manifest as ManifestRecord
from lethebench.contract.records import read_record

_LIBRARIES = (
    "lethebench", "datasets", "faker", "fontpkg-caveat", "fontpkg-kalam", "matplotlib", "numpy", "pillow", "pyarrow",
    "segno",
)  # fmt: skip
"""The packages that decide a byte of a build."""
_OPTIONAL = ("audits", "written", "imported")


@dataclass(frozen=True)
class Manifest:
    """The contents of manifest.json.

    Attributes:
        benchmark: name of the benchmark.
        version: of the data; also the tag on the Hub.
        size: as requested: `paper`, `small` or a number of profiles.
        seed: of everything random.
        options: with every default filled in.
        versions: of lethebench and of every library that decides a byte.
        tasks: number of requests to forget.
        paper_counts: what the paper counts, in this build.
        extra_counts: what the paper does not count.
        attributes: attribute -> `candidates` (|R|), `values` (distinct among trained profiles), `most_common` (share of
            the most common value, which is the score of always guessing it), and what else a benchmark measures.
        apart: combinations of fields that no two profiles share.
        perceptual: how `verify` looks for two profiles with the same picture (see `PhotoCheck`).
        pictures: their encoding.
        licences: asset -> licence.
        splits: config -> split -> rows, files, bytes in memory and content hash (see `write.digest`).
        files: path -> sha256 and bytes, except README.md and manifest.json.
        audits: figures of `audits.audit`; None in builds of earlier releases.
        written: of a build whose texts a language model wrote: the model, the language, the version of the prompts, and
            a hash of the answers; None for texts from templates.
        imported: of an import: `source` (name, files, SHA-256 of the release) and `missing` (what the release does not
            have, and why); None for our own builds.
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
    audits: Mapping[str, Any] | None = None
    written: Mapping[str, Any] | None = None
    imported: Mapping[str, Any] | None = None

    def to_dict(self) -> dict:
        """Return the content of the file as plain data, without what is None."""
        return {name: value for name, value in asdict(self).items() if value is not None}

    def write(self, folder: Path) -> None:
        """Write manifest.json."""
        text = json.dumps(self.to_dict(), indent=2, ensure_ascii=False, allow_nan=False)
        (folder / "manifest.json").write_text(text + "\n", "utf-8")


def read_manifest(path: str | Path) -> Manifest:
    """Return the manifest of a build or of a download of one; raise BuildError if the folder is not a build."""
    folder = Path(path)
    if not folder.is_dir():
        raise BuildError(f"{folder} is not a folder: build one with `lethe build NAME --out {folder}`")
    file = folder / "manifest.json"
    if not file.is_file():
        raise BuildError(f"{folder} is not a build (it has no manifest.json): give a folder that `lethe build` wrote")
    cure = "rebuild it with `lethe build`"
    content = read_record(file, ManifestRecord, cure=cure, error_type=BuildError)
    names = [item.name for item in fields(Manifest)]
    missing = [name for name in names if name not in _OPTIONAL and content.get(name) is None]
    if missing:
        raise BuildError(f"{file} is not the manifest of a build (no {missing[0]!r}): {cure}")
    values: dict[str, Any] = {name: content.get(name) for name in names}
    return Manifest(**values)


def library_versions() -> dict[str, str]:
    """Return package -> version, for all that decide a build's bytes."""
    return {"python": ".".join(platform.python_version_tuple()[:2])} | {name: version(name) for name in _LIBRARIES}
