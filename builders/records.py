"""Define what a benchmark gives to `build`: a plan with units of work, and each profile with questions and pictures."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from lethebench.generation.questions.records import Profile, Question


@dataclass(frozen=True)
class Subject:
    """A profile and its role (`forget`, `retain`, `neighbour`, `holdout`) and request in the full sequence.

    `retain_task_id` is the task whose released retain set holds the profile; ids are -1 without a task.
    """

    profile: Profile
    role: str
    task_id: int
    retain_task_id: int = -1


Questions = Mapping[str, Sequence[tuple[Subject, Question]]]
"""Group of shards -> (subject, question) pairs."""


@dataclass(frozen=True)
class Unit:
    """A unit of work: a few profiles of one role, whose rows become one row group in each group of shards.

    Attributes:
        groups: the groups of shards that it adds to, e.g. `qa/forget`, `qa/test-forget`; profile rows go to the last.
        profiles: whom the rows are about.
        role: their role in the full sequence of requests.
        task_id: index of the request that forgets them, -1 if none does.
    """

    groups: tuple[str, ...]
    profiles: tuple[Profile, ...]
    role: str
    task_id: int

    @property
    def profile_count(self) -> int:
        """The number of profiles whose row is in this unit."""
        return len(self.profiles)

    def subject(self, profile: Profile) -> Subject:
        """Return one of the profiles with its role and task."""
        return Subject(profile, self.role, self.task_id)

    def questions_about(self, subject: Subject, parts: Iterable[Sequence[Question]]) -> "Questions":
        """Return group of shards -> the part of the questions that goes there, with the subject."""
        pairs = zip(self.groups, parts, strict=False)
        return {group: [(subject, question) for question in part] for group, part in pairs}


def split_units(
    groups: tuple[str, ...], profiles: Sequence[Profile], role: str, task_id: int, *, size: int
) -> list[Unit]:
    """Return profiles of one role and task as units of at most `size` profiles."""
    return [Unit(groups, tuple(profiles[at : at + size]), role, task_id) for at in range(0, len(profiles), size)]


@dataclass(frozen=True)
class Plan:
    """Everything about a build that is known before any row is generated.

    Attributes:
        units: the work, in the order of the shards.
        shared: what `record` needs for every unit; small, since it is sent to each process.
        tasks: number of requests to forget.
        candidates: attribute -> the values that exposure ranks over.
        attributes: attribute -> figures for the manifest: candidates, values, most_common.
        apart: combinations of fields that no two profiles may share.
        relearn: profile to forget -> the facts that attacks may train on.
        shards: group of shards -> number of files; by the number of profiles for a group that is not in it.
    """

    units: Sequence[Unit]
    shared: Any
    tasks: int
    candidates: Mapping[str, Sequence[str]] = field(default_factory=dict)
    attributes: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    apart: Sequence[Sequence[str]] = ()
    relearn: Mapping[str, Sequence[str]] = field(default_factory=dict)
    shards: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class EncodedView:
    """A picture of a profile, ready to be stored.

    Attributes:
        name: in the column `views`.
        image: {"bytes", "path"}; None for a picture that an import does not have.
        thumbnail: likewise; None if the profile's row does not show it.
        thumbnail_name: in the column `thumbnail_views`; `name` if None.
    """

    name: str
    image: Mapping[str, Any] | None
    thumbnail: Mapping[str, Any] | None = None
    thumbnail_name: str | None = None


@dataclass(frozen=True)
class ProfileRecord:
    """A profile with its questions and pictures.

    Attributes:
        subject: the profile and its part in the build.
        questions: group of shards -> (subject, question) pairs; the subject is usually this one.
        views: what `Question.view` names -> the picture.
        full: the views stored at full size in the profile's row; the others become thumbnails.
        portrait: corners of the portrait on the first picture of the profile's row (images before thumbnails): x and y
            in pixels, clockwise from the top left; empty if unknown.
    """

    subject: Subject
    questions: Questions
    views: Mapping[Any, EncodedView]
    full: Collection[Any] = ()
    portrait: Sequence[int] = ()


def box_corners(box: tuple[int, int, int, int]) -> list[int]:
    """Return the corners of a box (left, top, right, bottom): x and y, clockwise from the top left."""
    left, top, right, bottom = box
    return [left, top, right, top, right, bottom, left, bottom]


def face_corners(head: tuple[int, int, int, int]) -> list[int]:
    """Return the corners of the face within the box of a head, without hair and background."""
    left, top, right, bottom = head
    width, height = right - left, bottom - top
    left, right = round(left + 0.24 * width), round(right - 0.24 * width)
    return box_corners((left, round(top + 0.28 * height), right, round(bottom - 0.12 * height)))
