"""What an import is to `build`: a benchmark whose rows come from an official release instead of a generator."""

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from PIL import Image

from lethebench.builders.base import Benchmark, Plan, Unit
from lethebench.builders.errors import BuildError

MISSING = {
    "holdout": "the release has no profiles that are never trained on",
    "candidates": "the release names no values to rank among, so there is no exposure",
    "paraphrases": "the release has one wording of each answer",
    "perturbed": "the release has no wrong answers for a truth ratio",
}
"""What no import has -> why. Nothing of it is made up."""


@dataclass(frozen=True)
class RowsUnit(Unit):
    """A unit of work whose rows are known from the release.

    Attributes:
        rows: per profile, what the benchmark's `rows` makes question rows of.
    """

    rows: tuple[tuple[Any, ...], ...] = ()


@dataclass(frozen=True)
class Imported:
    """A release that was read.

    Attributes:
        benchmark: with the configs that this release can fill.
        plan: of the build.
        source: where the release was read from: name, number of files, SHA-256.
        counts: what was left out, mended or kept as it was -> how often.
    """

    benchmark: "Import"
    plan: Plan
    source: Mapping[str, Any]
    counts: Mapping[str, int]


class Import(Benchmark):
    """An official release as input.

    SOURCE: what `--from` takes, in words.
    MISSING: what the release does not have and no import makes up -> why.
    """

    IMPORTED = True
    SOURCE: ClassVar[str]
    MISSING: ClassVar[Mapping[str, str]]
    VERSION = "1.0.0"
    RELEASED = "2026-11-25"
    RELEASE_NOTES: ClassVar[Mapping[str, str]] = {"1.0.0": "First release of the importer."}
    LICENCE: ClassVar[Mapping[str, str]]
    PERCEPTUAL: ClassVar[Mapping[str, Any]] = {
        "part": "none", "method": "none: pictures do not say where their subject stands", "threshold": 1.0,
        "every_picture": False,
    }  # fmt: skip

    @abstractmethod
    def read(self, source: Path, *, size: str | int, options: Any, workshop: Path, num_proc: int) -> Imported:
        """Reads a release whole, or raises BuildError that names everything wrong with it.

        Args:
            source: what `--from` was given.
            size: `paper` for all of it, `small` for a few profiles of each set.
            options: of OPTIONS.
            workshop: an empty folder for converted pictures, which goes away with the build's last row.
            num_proc: processes for pictures.
        """

    def check_size(self, count: int) -> None:
        raise BuildError(f"size {count}: an import takes the whole release, or give --size small for a part of it")

    def plan(self, count: int, *, seed: int, options: Any) -> Plan:
        raise BuildError(f"{self.NAME}: an import needs a release: give one with --from")

    def usual_options(self, size: str | int) -> dict[str, Any]:
        return {}

    def preview(self, plan: Plan) -> Image.Image:
        raise BuildError(
            "--preview: an import's pictures are the release's own, no sheet of them is drawn; leave it out"
        )
