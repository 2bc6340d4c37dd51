"""What a benchmark is to `build`: a class with a version, configs over groups of shards, a plan and a maker of rows."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from PIL import Image

from lethebench.builders.errors import BuildError
from lethebench.generation.questions.records import Profile


@dataclass(frozen=True)
class Paper:
    """The publication that a benchmark follows."""

    name: str
    title: str
    authors: str
    year: int
    arxiv: str

    @property
    def url(self) -> str:
        """Where it can be read."""
        return f"https://arxiv.org/abs/{self.arxiv}"

    @property
    def bibtex(self) -> str:
        """How it is cited."""
        key = self.authors.split(",")[0].lower() + str(self.year) + self.name.split("-")[0].lower()
        return (
            f"@article{{{key},\n  title   = {{{{{self.title}}}}},\n  author  = {{{self.authors}}},\n"
            f"  journal = {{arXiv preprint arXiv:{self.arxiv}}},\n  year    = {{{self.year}}},\n"
            f"  url     = {{{self.url}}}\n}}"
        )


@dataclass(frozen=True)
class Unit:
    """A piece of work: a few profiles of one role, whose rows become one row group in each group of shards.

    Attributes:
        groups: the groups that it adds to, e.g. `qa/forget`, `qa/test-forget`, `profiles/forget`.
        profiles: whom it is about.
        role: their role in the full continual sequence.
        task_id: place of their task in the sequence, -1 where they are never asked to be forgotten.
    """

    groups: tuple[str, ...]
    profiles: tuple[Profile, ...]
    role: str
    task_id: int


@dataclass(frozen=True)
class Plan:
    """Everything about a build that is known before any row is made.

    Attributes:
        units: the work, in the order of the shards.
        shared: what every unit needs (small); given to `rows` as it is.
        candidates: attribute -> the values that exposure ranks over.
        attributes: attribute -> figures for the manifest: candidates, values, most_common.
        tasks: how many requests to forget there are.
        options: the options with nothing left open.
        apart: combinations of fields that no forget, retain and holdout profile may share.
    """

    units: Sequence[Unit]
    shared: Any
    candidates: Mapping[str, Sequence[str]]
    attributes: Mapping[str, Mapping[str, float]]
    tasks: int
    options: Mapping[str, Any]
    apart: Sequence[Sequence[str]]


class Benchmark(ABC):
    """One benchmark. Its instances hold nothing, so they travel to other processes for free.

    VERSION: MAJOR changes with an existing row or split, MINOR with added rows or columns, PATCH reads the same.
    CONFIGS: config -> split -> groups of shards; the first config is the default one.
    EXAMPLES: column -> what the card adds to its meaning, with the punctuation before it.
    IMPORTED: whether the rows are an official release's; see `importing`.
    LICENCE: of the data: `id` for the Hub, `url`.
    PERCEPTUAL: how twins are sought: which part of a picture, by what method, from which likeness on two count as one;
        and whether every picture shows the very portrait of the profile, as a document does.
    """

    NAME: ClassVar[str]
    PRETTY_NAME: ClassVar[str]
    DESCRIPTION: ClassVar[str]
    VERSION: ClassVar[str]
    RELEASED: ClassVar[str]
    RELEASE_NOTES: ClassVar[Mapping[str, str]]
    PAPER: ClassVar[Paper]
    TAGS: ClassVar[Sequence[str]]
    OPTIONS: ClassVar[type]
    CONFIGS: ClassVar[Mapping[str, Mapping[str, Sequence[str]]]]
    CONFIG_NOTES: ClassVar[Mapping[str, str]]
    SPLIT_NOTES: ClassVar[Mapping[str, Mapping[str, str]]]
    PAPER_SIZE: ClassVar[int]
    SMALL_SIZE: ClassVar[int]
    EXAMPLES: ClassVar[Mapping[str, str]]
    IMPORTED: ClassVar[bool] = False
    LICENCE: ClassVar[Mapping[str, str]] = {
        "id": "cc-by-4.0",
        "url": "https://creativecommons.org/licenses/by/4.0/",
    }
    LICENCES: ClassVar[Mapping[str, str]]
    PAPER_COUNTS: ClassVar[Mapping[str, int]]
    PERCEPTUAL: ClassVar[Mapping[str, Any]]
    RESPONSIBLE_AI: ClassVar[Mapping[str, Any]]

    def profiles(self, size: str | int) -> int:
        """How many profiles a size means.

        Raises:
            BuildError: neither `paper`, `small` nor a number that this benchmark can be built with.
        """
        if size == "paper":
            return self.PAPER_SIZE
        if size == "small":
            return self.SMALL_SIZE
        try:
            count = int(size)
        except (TypeError, ValueError):
            raise BuildError(f"size {size!r}: give paper, small or a number of profiles") from None
        self.check_size(count)
        return count

    @abstractmethod
    def check_size(self, count: int) -> None:
        """Raises BuildError where the benchmark cannot be built with so many profiles."""

    @abstractmethod
    def plan(self, count: int, *, seed: int, options: Any) -> Plan:
        """Decides who is in the build and what role they play."""

    @abstractmethod
    def usual_options(self, size: str | int) -> dict[str, Any]:
        """The options of a build of a size for which none was given, with nothing left open that `plan` closes."""

    @abstractmethod
    def rows(self, unit: Unit, shared: Any) -> dict[str, list[dict]]:
        """Makes a unit's rows by group. A function of its arguments: same rows in any process."""

    @abstractmethod
    def counts(self, groups: Mapping[str, Mapping[str, int]], tasks: int) -> tuple[dict, dict]:
        """(paper_counts, extra_counts) from the rows and different pictures of each group of shards."""

    def variant(self, options: Mapping[str, Any]) -> "Benchmark":
        """What a build with these options is: another benchmark where one changes what it says of itself."""
        return self

    def paper_counts(self, options: Mapping[str, Any]) -> Mapping[str, int]:
        """What a build of paper size counts with these options."""
        return self.PAPER_COUNTS

    @abstractmethod
    def facts(self) -> dict[str, Any]:
        """Figures about how the benchmark is made, for its card's template."""

    @abstractmethod
    def preview(self, plan: Plan) -> Image.Image:
        """A contact sheet of the build, for its card."""
