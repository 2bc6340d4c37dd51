"""Who is in an mlu build: the entities of the four released tasks or some of them, and the units of work."""

from collections.abc import Sequence

from lethebench.builders.base import Unit
from lethebench.generation.mlu import questions as mlu
from lethebench.generation.mlu.facts import release
from lethebench.generation.questions.records import Profile
from lethebench.generation.seeding import stream

PAPER_ENTITIES = 127
TASKS = "ABCD"
"""The released tasks in the released order."""
SETS = 2 * len(TASKS)
"""Each task has a set to forget and one to retain."""
PROFILES_PER_UNIT = 5
VIEWS, MORE_VIEWS = 40, 25
"""Pictures of each entity; at the paper's size so many entities have one more, which makes 5,105."""
TEST_SHARE = 5
"""One picture in so many shows the entity in contexts that `test` alone has."""

Sets = dict[str, dict[str, list[Profile]]]
"""Role, `forget` or `retain` -> name of the task -> its entities."""


def entities(count: int, *, seed: int) -> Sets:
    """The entities of a build: all of them, or as many of every set, drawn by seed and nested in bigger builds."""
    home = {key: one.name for one in release().classes.values() for key in one.entities}
    found: Sets = {"forget": {}, "retain": {}}
    for task in release().tasks:
        for role, members in found.items():
            keys = list(getattr(task, role))
            if count < PAPER_ENTITIES:
                order = list(keys)
                stream(seed, "mlu", task.name, role).shuffle(order)
                chosen = set(order[: count // SETS])
                keys = [key for key in keys if key in chosen]
            members[task.name] = [mlu.profile(home[key], key, seed=seed) for key in keys]
    return found


def view_counts(sets: Sets, views: int | None) -> dict[str, int]:
    """Profile id -> pictures, those for testing among them.

    Args:
        views: of every entity; None for the paper's number.
    """
    order = [f"{one.name}/{key}" for one in release().classes.values() for key in one.entities]
    present = {profile.id for tasks in sets.values() for members in tasks.values() for profile in members}
    more = order[:MORE_VIEWS] if views is None and len(present) == PAPER_ENTITIES else ()
    return {name: (views or VIEWS) + (name in more) for name in order if name in present}


def units(sets: Sets, order: Sequence[str]) -> list[Unit]:
    """The work: forget sets in the order of the sequence, then retain sets."""
    found = []
    for role, tasks in sets.items():
        for place, name in enumerate(order):
            members = tasks[name]
            for at in range(0, len(members), PROFILES_PER_UNIT):
                part = tuple(members[at : at + PROFILES_PER_UNIT])
                groups = (f"qa/{role}", f"qa/test-{role}", f"profiles/{role}")
                found.append(Unit(groups, part, role, place if role == "forget" else -1))
    return found
