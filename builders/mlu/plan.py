"""Decide who is in an mlu build: options, the entities of the four released tasks or part of them, units of work."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from lethebench.builders.errors import BuildError
from lethebench.builders.options import Options, option
from lethebench.builders.records import Unit, split_units
from lethebench.generation.mlu import questions as mlu
from lethebench.generation.mlu.facts import release
from lethebench.generation.questions.records import Profile
from lethebench.generation.seeding import shuffled, stream

PAPER_ENTITIES = 127
TASKS = "ABCD"
"""The released tasks in the released order."""
SETS = 2 * len(TASKS)
"""Each task has a set to forget and one to retain."""
PROFILES_PER_UNIT = 5
VIEWS, MORE_VIEWS = 40, 25
"""Pictures per entity; at the paper's size the first MORE_VIEWS entities have one more, which makes 5,105."""
LEAST_VIEWS = release().pictures_per_pair + 2
"""The fewest of a user's own pictures per entity: those of a pair in `train`, and two in `test`."""
LEAST_DRAWN = 2 * release().pictures_per_pair + 2
"""The fewest pictures per entity if we make them: half of them carry the name of a person, work or company."""
TEST_SHARE = 5
"""One picture in TEST_SHARE shows the entity in contexts that only `test` has."""

LEAST_HELD_OUT = 4
"""Entities that are held out of the smallest builds; all of them at the paper's size."""

Sets = dict[str, dict[str, list[Profile]]]
"""Role, `forget` or `retain` -> name of the task -> its entities."""


@dataclass(frozen=True)
class MluOptions(Options):
    """Options of mlu; None lets the size decide."""

    order: str = option(TASKS, str, "the sequence of the tasks, e.g. CABD")
    views: int | None = option(None, int, "pictures of each entity; default 40, and 5,105 in all at paper size")
    pictures: str | None = option(
        None, str, "a folder with pictures of your own, `<Class>/<Entity>/*.jpg`, to use instead"
    )

    def __post_init__(self) -> None:
        if sorted(self.order) != sorted(TASKS):
            raise BuildError(f"option order={self.order}: must name each of {TASKS} once, e.g. order=CABD")
        if self.views is not None and self.pictures is not None:
            raise BuildError(f"option views={self.views}: with pictures, the folder decides; leave it out")
        if self.views is not None and self.views < LEAST_DRAWN:
            raise BuildError(f"option views={self.views}: must be at least {LEAST_DRAWN}")

    def record(self) -> dict[str, Any]:
        return asdict(self) | ({} if self.pictures is None else {"pictures": "DIR"})


@dataclass(frozen=True)
class Shared:
    """What the record of every entity needs.

    Attributes:
        views: profile id -> number of pictures.
        retained: profile id -> index of the task whose released retain set holds it.
        files: profile id -> the user's own pictures, those for training first; empty if pictures are drawn.
    """

    views: Mapping[str, int]
    retained: Mapping[str, int]
    files: Mapping[str, Sequence[Path]]


def entities(count: int, *, seed: int) -> Sets:
    """Return the entities of a build: all, or equally many of every set, drawn by seed and nested in larger builds."""
    class_of = {key: entity_class.name for entity_class in release().classes.values() for key in entity_class.entities}
    sets: Sets = {"forget": {}, "retain": {}}
    for task in release().tasks:
        for role, tasks in sets.items():
            keys = list(getattr(task, role))
            if count < PAPER_ENTITIES:
                order = list(keys)
                stream(seed, "mlu", task.name, role).shuffle(order)
                chosen = set(order[: count // SETS])
                keys = [key for key in keys if key in chosen]
            tasks[task.name] = [mlu.profile(class_of[key], key, seed=seed) for key in keys]
    return sets


def held_out(trained: Sequence[Profile], *, seed: int) -> list[Profile]:
    """Return the held-out entities of a build that trains on others, drawn by seed from the same classes."""
    present = {profile.domain for profile in trained}
    everyone = [(each.name, key) for each in release().classes.values() for key in each.held_out]
    size = max(LEAST_HELD_OUT, round(len(everyone) * len(trained) / PAPER_ENTITIES))
    order = [entry for entry in shuffled(everyone, seed, "mlu", "holdout") if entry[0] in present]
    return [mlu.profile(class_name, key, seed=seed) for class_name, key in order[:size]]


def view_counts(sets: Sets, views: int | None) -> dict[str, int]:
    """Return profile id -> number of pictures, those for testing included; `views` of None means the paper's number."""
    order = [
        f"{entity_class.name}/{key}" for entity_class in release().classes.values() for key in entity_class.entities
    ]
    profiles = [profile for tasks in sets.values() for members in tasks.values() for profile in members]
    present = {profile.details["released_as"]: profile.id for profile in profiles}
    more = order[:MORE_VIEWS] if views is None and len(present) == PAPER_ENTITIES else ()
    return {present[name]: (views or VIEWS) + (name in more) for name in order if name in present}


def views_of(count: int) -> list[mlu.EntityView]:
    """Return the `count` views of an entity: those for training, then those for testing."""
    tests = max(2, count // TEST_SHARE)
    return [mlu.EntityView("train", n) for n in range(count - tests)] + [
        mlu.EntityView("test", n) for n in range(tests)
    ]


def units(sets: Sets, order: Sequence[str], holdout: Sequence[Profile]) -> list[Unit]:
    """Return the units of work: forget sets in the order of the sequence, then retain sets and held-out entities."""
    trained = [
        unit
        for role, tasks in sets.items()
        for task_id, name in enumerate(order)
        for unit in split_units(
            (f"qa/{role}", f"qa/test-{role}", f"profiles/{role}"),
            tasks[name],
            role,
            task_id if role == "forget" else -1,
            size=PROFILES_PER_UNIT,
        )
    ]
    return trained + split_units(("qa/holdout", "profiles/holdout"), holdout, "holdout", -1, size=PROFILES_PER_UNIT)
