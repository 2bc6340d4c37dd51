"""Define what an import is: a benchmark whose rows come from an official release instead of a generator."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from lethebench.builders.base import Benchmark
from lethebench.builders.errors import BuildError
from lethebench.builders.imports.shared.pictures import Picture
from lethebench.builders.records import EncodedView, Plan, ProfileRecord, Subject, Unit
from lethebench.generation.questions.records import Profile, Question

VIEW = "released"
"""The name of a released picture in the column `views`."""
MISSING = {
    "holdout": "the release has no profiles that are never trained on",
    "candidates": "the release names no values to rank among, so there is no exposure",
    "paraphrases": "the release has one wording of each answer",
    "perturbed": "the release has no wrong answers for a truth ratio",
}
"""What no import has -> why. Nothing of it is invented."""


@dataclass(frozen=True)
class ReleasedPicture:
    """A picture, None if not available, with its file names and its names in `views` and `thumbnail_views`."""

    picture: Picture | None
    path: str = ""
    thumbnail_path: str = ""
    thumbnail_name: str = ""
    name: str = VIEW

    def encoded(self, workshop: Path) -> EncodedView:
        """Return the picture with its bytes."""
        if self.picture is None:
            return EncodedView(self.name, None)
        return EncodedView(
            self.name,
            {"bytes": self.picture.read(workshop), "path": self.path},
            {"bytes": self.picture.read_thumbnail(workshop), "path": self.thumbnail_path},
            self.thumbnail_name,
        )


@dataclass(frozen=True)
class ReleasedProfile:
    """A profile: group of shards -> questions, whose views are keys of `pictures`, in the order of thumbnails."""

    subject: Subject
    questions: Mapping[str, Sequence[Question]]
    pictures: Mapping[str, ReleasedPicture]


@dataclass(frozen=True)
class ReleasedUnit(Unit):
    """A unit of work whose questions the release provides; `released`: profile id -> what it provides."""

    released: Mapping[str, ReleasedProfile] = field(default_factory=dict)


def released_unit(groups: tuple[str, ...], profiles: Sequence[ReleasedProfile]) -> ReleasedUnit:
    """Return profiles of one role and task as a unit of work."""
    first = profiles[0].subject
    released = {each.subject.profile.id: each for each in profiles}
    members = tuple(each.subject.profile for each in profiles)
    return ReleasedUnit(groups, members, first.role, first.task_id, released)


@dataclass(frozen=True)
class Release:
    """A release that was read.

    Attributes:
        benchmark: the import, with the configs that this release can fill.
        plan: of the build; `shared` is the folder of the converted pictures.
        source: name, number of files and SHA-256 of the release.
        counts: what was left out, repaired or kept as it was -> how often.
    """

    benchmark: "Import"
    plan: Plan
    source: Mapping[str, Any]
    counts: Mapping[str, int]


class Import(Benchmark):
    """An official release as input: set the attributes and implement `read`.

    HUB_FILES says which files of a dataset on the Hub are downloaded for `--from` (patterns; none if it takes no id),
    MISSING what the release does not have and no import invents -> why.
    """

    IMPORTED = True
    VERSION = "1.0.0"
    RELEASE_NOTES: ClassVar[Mapping[str, str]] = {"1.0.0": "First release of the importer."}
    HUB_FILES: ClassVar[Sequence[str]] = ()
    MISSING: Mapping[str, str]

    @abstractmethod
    def read(self, source: Path, *, size: str | int, options: Any, workshop: Path, num_proc: int) -> Release:
        """Read a whole release, or raise BuildError listing everything wrong with it.

        Args:
            source: the value of `--from`.
            size: `paper` for all of it, `small` for a few profiles of each set.
            options: an instance of OPTIONS.
            workshop: an empty folder for converted pictures, which exists until the build's last row.
            num_proc: processes for pictures.
        """

    def record(self, profile: Profile, unit: Unit, shared: Path) -> ProfileRecord:
        assert isinstance(unit, ReleasedUnit)
        released = unit.released[profile.id]
        subject = released.subject
        return ProfileRecord(
            subject,
            {group: [(subject, question) for question in part] for group, part in released.questions.items()},
            {key: picture.encoded(shared) for key, picture in released.pictures.items()},
        )

    def profile_count(self, size: str | int) -> int:
        """Return 0, since the release decides; raise BuildError unless the size is `paper` or `small`."""
        if size not in ("paper", "small"):
            raise BuildError(f"size {size}: an import takes the whole release, or --size small for part of it")
        return 0

    def plan(self, count: int, *, seed: int, options: Any) -> Plan:
        raise BuildError(f"{self.NAME}: an import needs a release: give one with --from")
