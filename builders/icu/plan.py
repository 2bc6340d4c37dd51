"""Who is in an icu build: roles, tasks and the units of work. Functions of profiles, numbers and seeds."""

from collections.abc import Sequence
from itertools import pairwise

from lethebench.builders.base import Unit
from lethebench.generation.icu.profiles import DOMAINS, profiles
from lethebench.generation.questions.records import Profile
from lethebench.generation.seeding import stream

PROFILES_PER_UNIT = 5
HELD_OUT = 20
"""One profile in so many of a domain's share of the build is held out on top, at least two."""


def people(count: int, *, seed: int, overlap: float) -> dict[str, list[Profile]]:
    """Role -> profiles, the domains taking turns.

    Args:
        count: how many to forget and retain, both domains together: a multiple of 4. Those held out come on top.
        seed: of the universe of profiles and of the draw of roles.
        overlap: share of profiles that have something in common with others.
    """
    known, held = count // 2, max(2, count // HELD_OUT)
    parts: dict[str, list[Sequence[Profile]]] = {"forget": [], "retain": [], "holdout": []}
    for domain in DOMAINS:
        members = profiles(domain, known + held, seed=seed, overlap=overlap)
        order = list(range(known))
        stream(seed, "roles", domain).shuffle(order)
        parts["forget"].append([members[place] for place in order[: known // 2]])
        parts["retain"].append([members[place] for place in sorted(order[known // 2 :])])
        parts["holdout"].append(members[known:])
    return {role: [profile for row in zip(*lists, strict=True) for profile in row] for role, lists in parts.items()}


def usual_task_size(count: int) -> int:
    """Profiles per request in a build of so many profiles: 3 of 24, 5 of 40 and more."""
    return min(5, max(2, -(-count // 8)))


def split_tasks(forget: Sequence[Profile], size: int, order_seed: int | None) -> list[list[Profile]]:
    """The profiles to forget as tasks of at most `size`, as even as can be: both domains in each, from 2 up.

    Args:
        order_seed: shuffles the tasks, not their members; None keeps the drawn order.
    """
    number = -(-len(forget) // size)
    edges = [place * len(forget) // number for place in range(number + 1)]
    tasks = [list(forget[start:end]) for start, end in pairwise(edges)]
    if order_seed is not None:
        stream(order_seed, "task order").shuffle(tasks)
    return tasks


def units(role: str, profiles: Sequence[Profile], task_id: int = -1) -> list[Unit]:
    """Profiles of one role and task as units of work of at most PROFILES_PER_UNIT."""
    tests = () if role == "holdout" else (f"qa/test-{role}",)
    groups = (f"qa/{role}", *tests, f"profiles/{role}")
    step = PROFILES_PER_UNIT
    return [Unit(groups, tuple(profiles[at : at + step]), role, task_id) for at in range(0, len(profiles), step)]
