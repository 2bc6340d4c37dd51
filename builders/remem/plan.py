"""Decide who is in a remem build: options, people with their roles, their pictures, and units of work."""

from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from PIL import Image

from lethebench.builders.errors import BuildError
from lethebench.builders.options import Options, option
from lethebench.builders.records import Subject, Unit
from lethebench.generation.portraits import face_of
from lethebench.generation.portraits.framed import CONTEXTS, View, draw_view, framed
from lethebench.generation.portraits.pose import Pose
from lethebench.generation.portraits.scene import Accessory
from lethebench.generation.questions.records import Profile
from lethebench.generation.remem import chains as remem_chains
from lethebench.generation.remem import several_pictures as remem_several
from lethebench.generation.remem.people import Person, groups
from lethebench.generation.remem.questions import MULTI, SINGLE, Shot
from lethebench.generation.seeding import rotation

PIXELS = 336
"""Width and height of a picture: what the vision towers of LLaVA read."""
_PIXELS = 96, 896
PAPER_PEOPLE, LEAST, SHARE = 20, 4, 4
TASK_SIZE = 2
"""People per request to forget."""
HOLDOUT, HOLDOUT_QA = 4, 50
"""Held-out people on top, the fewest who can know one another in three ways, and the most questions about each."""
MOST = 200
"""The most questions and pictures per person."""
REFERENCE = "reference"
"""The part of the picture in `profiles`, which no question has."""
_PARTS = (SINGLE, MULTI, f"test-{SINGLE}", f"test-{MULTI}", remem_chains.CHAIN, remem_several.SEVERAL, REFERENCE)
_TRAINED = (SINGLE, MULTI, REFERENCE)


@dataclass(frozen=True)
class RememOptions(Options):
    """Options of remem: how much data there is about each person. Smaller builds are parts of larger ones."""

    qa: int = option(100, int, f"training questions per person, 1 to {MOST}")
    views: int | None = option(None, int, "training pictures per person, 1 to qa; default one per question")
    single_share: float = option(
        0.7, float, "share of training questions by name, 0 to 1; the others are from pictures"
    )
    pixels: int = option(PIXELS, int, f"width and height of a picture, {_PIXELS[0]} to {_PIXELS[1]}")

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


@dataclass(frozen=True)
class Member:
    """A person and their part in a build."""

    person: Person
    role: str
    task_id: int

    @property
    def subject(self) -> Subject:
        """The person's profile with its role and task."""
        return Subject(self.person.profile, self.role, self.task_id)


def people(count: int, *, seed: int) -> dict[str, list[Member]]:
    """Return role -> its people: `forget` in the order of the requests, `retain`, `holdout`."""
    return {
        role: [
            Member(person, role, index // TASK_SIZE if role == "forget" else -1) for index, person in enumerate(persons)
        ]
        for role, persons in groups(count, HOLDOUT, seed=seed).items()
    }


def units(members: list[Member]) -> list[Unit]:
    """Return one unit of work per person."""
    work = []
    for member in members:
        more = () if member.role == "holdout" else (f"qa/test-{member.role}", "qa/relations", "qa/several")
        groups = (f"qa/{member.role}", *more, f"profiles/{member.role}")
        work.append(Unit(groups, (member.person.profile,), member.role, member.task_id))
    return work


def view_of(profile: Profile, shot: Shot) -> View:
    """Return how a picture shows the person: contexts alternate, and those of `test` never occur in training."""
    use = "train" if shot.part in _TRAINED else "test"
    rng = np.random.default_rng([profile.seed, _PARTS.index(shot.part), shot.number])
    gender = profile.details["gender"]
    if shot.part == REFERENCE:
        view = draw_view(rng, gender, use=use)
        scene = replace(view.scene, pose=Pose(), expression="neutral", accessory=Accessory("none", (0, 0, 0)))
        return replace(view, scene=scene)
    context = rotation(profile.seed, f"{shot.part} contexts", shot.number, CONTEXTS[use])
    return draw_view(rng, gender, kind=context, use=use)


def draw(profile: Profile, shot: Shot, pixels: int = PIXELS) -> Image.Image:
    """Return a picture of a person, `pixels` wide and high."""
    return framed(face_of(profile), view_of(profile, shot), (pixels, pixels))
