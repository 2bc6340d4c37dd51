"""Define what a benchmark is: a version, configs over groups of shards, a plan, and a record of each profile."""

from abc import ABC, abstractmethod
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from PIL import Image

from lethebench.builders.card_text import CardText, Paper
from lethebench.builders.errors import BuildError
from lethebench.builders.options import Options
from lethebench.builders.records import Plan, ProfileRecord, Unit
from lethebench.builders.write.contact_sheet import Band, contact_sheet
from lethebench.builders.write.rows import profile_row, qa_row
from lethebench.generation.questions.records import Profile
from lethebench.generation.writer.writer import Writer


@dataclass(frozen=True)
class Sizes:
    """The numbers of profiles that a benchmark can be built with.

    Attributes:
        paper: as in the paper.
        small: for tests and demonstrations.
        step: every other size is a multiple of it.
        least: the smallest size.
        most: the largest size beside `paper`; None if there is no limit.
        reason: why, for the message.
    """

    paper: int
    small: int
    step: int = 1
    least: int = 1
    most: int | None = None
    reason: str = ""

    def check(self, count: int, benchmark: str) -> None:
        """Raise BuildError if the benchmark cannot be built with `count` profiles."""
        if count == self.paper:
            return
        nearest = max(self.least, -(-count // self.step) * self.step)
        limit = f"at least {self.least}"
        if self.most is not None:
            nearest = min(nearest, self.most)
            limit = f"from {self.least} to {self.most}, or {self.paper}"
        if count != nearest:
            advice = nearest if self.most is None or count < self.paper else "paper"
            raise BuildError(
                f"size {count}: {benchmark} needs a multiple of {self.step}, {limit} ({self.reason}); try {advice}"
            )


@dataclass(frozen=True)
class PhotoCheck:
    """How `verify` looks for two profiles that share a picture of their subject.

    Attributes:
        part: the part of a picture that is compared.
        method: how, in words.
        threshold: the similarity, at most 1, from which two count as the same.
        every_picture: whether every picture shows the very portrait of the profile, as a document does.
    """

    part: str = "none"
    method: str = "none: pictures do not say where their subject stands"
    threshold: float = 1.0
    every_picture: bool = False

    def record(self) -> dict[str, Any]:
        """Return the check for the manifest."""
        content = {"part": self.part, "method": self.method, "threshold": self.threshold}
        return content if self.every_picture else content | {"every_picture": False}


@dataclass(frozen=True)
class GroupCounts:
    """Group of shards -> its rows and a hash of each of its pictures, which may occur twice."""

    row_counts: Mapping[str, int] = field(default_factory=dict)
    picture_hashes: Mapping[str, Iterable[Hashable]] = field(default_factory=dict)

    def rows(self, *groups: str) -> int:
        """Return the number of rows in these groups."""
        return sum(self.row_counts.get(group, 0) for group in groups)

    def pictures(self, *groups: str) -> int:
        """Return the number of distinct pictures in these groups; one that several groups have counts once."""
        return len(set().union(*(self.picture_hashes.get(group, ()) for group in groups)))


Counts = tuple[dict[str, int], dict[str, int]]
"""What the paper counts, and what this build has beside it."""


class Benchmark(ABC):
    """A benchmark that `build` can write: set the attributes and implement `plan` and `record`.

    Instances hold no state that `record` changes, so they can be sent to other processes.

    Attributes:
        NAME: the registered name, and the first part of every row's id.
        VERSION: MAJOR changes an existing row or split, MINOR adds rows or columns, PATCH reads the same.
        RELEASE_NOTES: version -> what changed.
        SUMMARY: what its profiles stand for, in a few words.
        PAPER: the publication that it follows.
        CARD: what the card and croissant.json say beside the figures.
        CONFIGS: config -> split -> groups of shards. The first config is the default and has a split `train`. Groups of
            question rows begin with `qa/`, those of profile rows with `profiles/`.
        SEQUENCE: the config that holds the sequence of requests; without it, the first config is one single request.
        SIZES: the sizes that it can be built with.
        OPTIONS: its options.
        PAPER_COUNTS: what the paper counts -> how many.
        PHOTOS: how `verify` looks for profiles that share a picture.
        IMPORTED: whether the rows come from an official release (see `builders.imports`).
    """

    NAME: ClassVar[str]
    VERSION: ClassVar[str]
    RELEASE_NOTES: ClassVar[Mapping[str, str]]
    SUMMARY: ClassVar[str]
    PAPER: ClassVar[Paper]
    CARD: CardText
    CONFIGS: Mapping[str, Mapping[str, Sequence[str]]]
    SEQUENCE: ClassVar[str] = "continual"
    SIZES: ClassVar[Sizes]
    OPTIONS: ClassVar[type[Options]] = Options
    PAPER_COUNTS: ClassVar[Mapping[str, int]] = {}
    PHOTOS: ClassVar[PhotoCheck] = PhotoCheck()
    IMPORTED: ClassVar[bool] = False

    @abstractmethod
    def plan(self, count: int, *, seed: int, options: Any) -> Plan:
        """Decide who is in a build of `count` profiles and what role each plays.

        Args:
            count: a size that SIZES allows.
            seed: of everything random.
            options: an instance of OPTIONS, resolved.
        """

    def written_plan(self, count: int, *, seed: int, options: Any, writer: Writer) -> Plan:
        """Return the plan with profiles and wordings by a language model; see `plan`.

        Raises:
            BuildError: the benchmark is not made of texts that a model could write.
        """
        raise BuildError(f"--writer: {self.NAME} cannot be written by a model; leave it out")

    @abstractmethod
    def record(self, profile: Profile, unit: Unit, shared: Any) -> ProfileRecord:
        """Return a profile's questions and pictures, as a function of the arguments alone."""

    def rows(self, unit: Unit, shared: Any) -> dict[str, list[dict]]:
        """Return the rows of a unit by group of shards; the same in any process."""
        rows: dict[str, list[dict]] = {group: [] for group in unit.groups}
        for profile in unit.profiles:
            record = self.record(profile, unit, shared)
            for group, questions in record.questions.items():
                rows[group] += [
                    qa_row(self.row_id(subject.profile, question.key), subject, question, record.views)
                    for subject, question in questions
                ]
            if unit.profile_count:
                rows[unit.groups[-1]].append(profile_row(record))
        return rows

    def row_id(self, profile: Profile, key: str) -> str:
        """Return the id of a question row."""
        return f"{self.NAME}/{profile.id}/{key}"

    def profile_count(self, size: str | int) -> int:
        """Return the number of profiles that a size means; raise BuildError if the benchmark cannot have it."""
        if size in ("paper", "small"):
            return self.SIZES.paper if size == "paper" else self.SIZES.small
        try:
            count = int(size)
        except (TypeError, ValueError):
            raise BuildError(f"size {size!r}: give paper, small or a number of profiles") from None
        self.SIZES.check(count, self.NAME)
        return count

    def variant(self, options: Mapping[str, Any]) -> "Benchmark":
        """Return the benchmark that builds with these options: another one if they change its card or its checks."""
        return self

    def counts(self, groups: GroupCounts, tasks: int) -> Counts:
        """Return what the paper counts and what else there is to count in a build."""
        questions = [group for group in groups.row_counts if group.startswith("qa/")]
        profiles = [group for group in groups.row_counts if group.startswith("profiles/")]
        paper = {
            "profiles": groups.rows(*profiles),
            "pictures": groups.pictures(*questions),
            "questions": groups.rows(*questions),
        }
        return paper, {}

    def paper_counts(self, options: Mapping[str, Any]) -> Mapping[str, int]:
        """Return what a build of paper size counts with these options."""
        return self.PAPER_COUNTS

    def facts(self) -> dict[str, Any]:
        """Return figures about the generator for the card's template."""
        return {}

    def visible(self, domain: str, attribute: str, keys: Sequence[str]) -> Sequence[str]:
        """Return which fields and details of a profile a picture may show where the question is for `attribute`.

        Audits look the attribute up by them. `keys` are those of the profile.
        """
        return [key for key in keys if key == "gender"]

    def bands(self, plan: Plan) -> list[Band]:
        """Return the bands of the contact sheet; none if the benchmark has no preview."""
        return []

    @property
    def has_preview(self) -> bool:
        """Whether the benchmark draws a contact sheet."""
        return type(self).bands is not Benchmark.bands

    def preview(self, plan: Plan) -> Image.Image:
        """Return a contact sheet of the build, for its card."""
        return contact_sheet(self.CARD.title, self.CARD.preview, self.bands(plan))
