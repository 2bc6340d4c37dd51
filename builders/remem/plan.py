"""Decide who is in a remem build: options, people with their roles, their pictures, and units of work."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Self

import numpy as np
from PIL import Image

from lethebench.builders.errors import BuildError
from lethebench.builders.options import Options, option
from lethebench.builders.own_portraits import HELP, OwnPortraits, Photo
from lethebench.builders.records import Subject, Unit
from lethebench.generation.portraits import face_of
from lethebench.generation.portraits.framed import (
    BEHIND,
    BESIDE,
    CONTEXTS,
    PORTRAIT,
    View,
    draw_view,
    framed,
    framed_photo,
)
from lethebench.generation.portraits.pose import Pose
from lethebench.generation.portraits.scene import Accessory
from lethebench.generation.questions.records import Profile, Question
from lethebench.generation.remem import chains as remem_chains
from lethebench.generation.remem import several_pictures as remem_several
from lethebench.generation.remem.people import Person, groups
from lethebench.generation.remem.questions import MULTI, SINGLE, Shot
from lethebench.generation.seeding import rotation

PIXELS = 336
"""Width and height of a picture: what the vision towers of LLaVA read."""
_PIXELS = 96, 896
GROUPS = (BESIDE, BEHIND)
"""Contexts with several people."""
PAPER_PEOPLE, LEAST, SHARE = 20, 4, 4
TASK_SIZE = 2
"""People per request to forget."""
HOLDOUT, HOLDOUT_QA = 20, 50
"""The most held-out people on top (in a smaller build as many as it has others), and questions about each."""
STEPS = ("qa/1-forget", "qa/2-forget", "qa/3-forget", "qa/4-forget")
"""Groups of one person each, the first to be forgotten: the first N of them are the forget set of `forgetN`."""
KEPT, KEPT_QA = ("qa/kept-forget", "qa/kept-retain"), 35
"""Groups with the retain rows of `forgetN`: equally many about each person outside STEPS, 560 about 16 people."""
TRAIN_GROUPS = {
    "forget": (*STEPS, KEPT[0], "qa/forget"),
    "retain": (KEPT[1], "qa/retain"),
    "holdout": ("qa/holdout",),
}
"""Role -> the groups of training questions; a build with fewer than four people to forget has no rows in some."""
MOST = 200
"""The most questions and pictures per person."""
REFERENCE = "reference"
"""The part of the picture in `profiles`, which no question has."""
_PARTS = (SINGLE, MULTI, f"test-{SINGLE}", f"test-{MULTI}", remem_chains.CHAIN, remem_several.SEVERAL, REFERENCE)
_TRAINED = (SINGLE, MULTI, REFERENCE)
_ASKED_BY_PICTURE = (MULTI, f"test-{MULTI}", remem_chains.CHAIN, remem_several.SEVERAL)
"""Parts whose questions say "the person in the image": nobody else is in these pictures."""


@dataclass(frozen=True)
class RememOptions(Options):
    """Options of remem: how much data there is about each person. Smaller builds are parts of larger ones."""

    qa: int = option(100, int, f"training questions per person, 1 to {MOST}")
    views: int | None = option(None, int, "training pictures per person, 1 to qa; default one per question")
    single_share: float = option(
        0.7, float, "share of training questions by name, 0 to 1; the others are from pictures"
    )
    pixels: int = option(PIXELS, int, f"width and height of a picture, {_PIXELS[0]} to {_PIXELS[1]}")
    portraits: str | None = option(None, str, HELP)

    def __post_init__(self) -> None:
        if self.qa is None or not 1 <= self.qa <= MOST:
            raise BuildError(f"option qa={self.qa}: must lie in 1..{MOST}")
        if self.views is not None and not 1 <= self.views <= MOST:
            raise BuildError(f"option views={self.views}: must lie in 1..{MOST}")
        if self.views is not None and self.views > self.qa:
            raise BuildError(
                f"option views={self.views}: {self.qa} questions can carry {self.qa} pictures at most; "
                f"give views={self.qa} or less, or a larger qa"
            )
        if self.single_share is None or not 0 <= self.single_share <= 1:
            raise BuildError(f"option single_share={self.single_share}: must lie in 0..1")
        if self.pixels is None or not _PIXELS[0] <= self.pixels <= _PIXELS[1]:
            raise BuildError(f"option pixels={self.pixels}: must lie in {_PIXELS[0]}..{_PIXELS[1]}")

    def resolve(self, count: int) -> Self:
        return replace(self, views=self.qa if self.views is None else self.views)

    def record(self) -> dict[str, Any]:
        return asdict(self) | ({} if self.portraits is None else {"portraits": "DIR"})


@dataclass(frozen=True)
class Member:
    """A person, their role in a build and their place among the people of the role."""

    person: Person
    role: str
    index: int

    @property
    def task_id(self) -> int:
        """The request that forgets the person, -1 if none does."""
        return self.index // TASK_SIZE if self.role == "forget" else -1

    @property
    def subject(self) -> Subject:
        """The person's profile with its role and task."""
        return Subject(self.person.profile, self.role, self.task_id)


def groups_of(count: int, *, seed: int) -> dict[str, list[Person]]:
    """Return role -> the people from templates: `forget` in the order of the requests, `retain`, `holdout`."""
    return groups(count, min(HOLDOUT, count), seed=seed)


def people(count: int, *, seed: int) -> dict[str, list[Member]]:
    """Return role -> its people from templates, with their places."""
    return members_of(groups_of(count, seed=seed))


def members_of(persons: Mapping[str, Sequence[Person]]) -> dict[str, list[Member]]:
    """Return role -> its people with their places."""
    return {role: [Member(person, role, index) for index, person in enumerate(part)] for role, part in persons.items()}


def units(members: list[Member]) -> list[Unit]:
    """Return one unit of work per person."""
    work = []
    for member in members:
        more = () if member.role == "holdout" else (f"qa/test-{member.role}", "qa/relations", "qa/several")
        groups = (*TRAIN_GROUPS[member.role], *more, f"profiles/{member.role}")
        work.append(Unit(groups, (member.person.profile,), member.role, member.task_id))
    return work


def divide(member: Member, questions: Sequence[Question]) -> dict[str, Sequence[Question]]:
    """Return the groups of a person's role -> the training questions there; none in those of other people."""
    parts: dict[str, Sequence[Question]] = dict.fromkeys(TRAIN_GROUPS[member.role], ())
    if member.role == "forget" and member.index < len(STEPS):
        return parts | {STEPS[member.index]: questions}
    *kept, whole = TRAIN_GROUPS[member.role]
    number = KEPT_QA if kept else 0
    return parts | dict.fromkeys(kept[-1:], questions[:number]) | {whole: questions[number:]}


def view_of(profile: Profile, shot: Shot) -> View:
    """Return how a picture shows the person: contexts alternate, and those of `test` never occur in training."""
    use = "train" if shot.part in _TRAINED else "test"
    rng = np.random.default_rng([profile.seed, _PARTS.index(shot.part), shot.number])
    gender = profile.details["gender"]
    if shot.part == REFERENCE:
        view = draw_view(rng, gender, use=use)
        scene = replace(view.scene, pose=Pose(), expression="neutral", accessory=Accessory("none", (0, 0, 0)))
        return replace(view, scene=scene)
    # The first picture by name serves questions from a picture where a build has too few others.
    alone = shot.part in _ASKED_BY_PICTURE or (shot.part == SINGLE and shot.number == 0)
    contexts = [context for context in CONTEXTS[use] if not (alone and context in GROUPS)]
    context = rotation(profile.seed, f"{shot.part} contexts", shot.number, contexts)
    return draw_view(rng, gender, kind=context, use=use)


def photo_of(profile: Profile, shot: Shot, portraits: OwnPortraits) -> tuple[View, Photo]:
    """Return how a picture shows the person with the user's own faces, and which of these it shows: nobody else."""
    view = view_of(profile, shot)
    view = replace(view, kind=PORTRAIT, company=()) if view.company else view
    return view, portraits.photo(profile, "train" if shot.part in _TRAINED else "test", shot.number)


def draw(profile: Profile, shot: Shot, pixels: int = PIXELS, portraits: OwnPortraits | None = None) -> Image.Image:
    """Return a picture of a person, `pixels` wide and high, with the user's own faces if there are `portraits`."""
    size = pixels, pixels
    if portraits is None:
        return framed(face_of(profile), view_of(profile, shot), size)
    view, photo = photo_of(profile, shot, portraits)
    return framed_photo(photo.read(), view, size)
