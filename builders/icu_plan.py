"""Who is in an icu build: roles, tasks, candidates, and the units of work. Functions of profiles, numbers and seeds."""

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import pairwise

from lethebench.builders.benchmark import Unit
from lethebench.generation import icu
from lethebench.generation.draw import stream
from lethebench.generation.records import Profile

PROFILES_PER_UNIT = 5
LEAST_CANDIDATES, MOST_CANDIDATES = 24, 512
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
    for domain in icu.DOMAINS:
        members = icu.profiles(domain, known + held, seed=seed, overlap=overlap)
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


def distinct_values(profiles: Sequence[Profile]) -> dict[str, list[str]]:
    """Attribute, `name` first, -> the distinct values that these profiles have, sorted."""
    found: dict[str, set[str]] = {"name": {profile.name for profile in profiles}}
    for profile in profiles:
        for attribute, value in profile.fields.items():
            found.setdefault(attribute, set()).add(value)
    return {attribute: sorted(values) for attribute, values in found.items()}


def candidates(values: Mapping[str, Sequence[str]], count: int, seed: int) -> dict[str, list[str]]:
    """The values, filled up with decoys of the same form.

    Args:
        values: attribute -> those that occur.
        count: profiles in the build: there are at least as many candidates, within 24 and 512, or the whole space where
            that is smaller. A closed attribute always has its whole space.
        seed: of the decoys.
    """
    least = min(MOST_CANDIDATES, max(LEAST_CANDIDATES, count))
    filled = {}
    for attribute, known in values.items():
        taken = set(known)
        others = [value for value in icu.decoys(attribute, least, seed=seed) if value not in taken]
        missing = len(others) if attribute in icu.CLOSED else max(0, least - len(known))
        filled[attribute] = sorted([*known, *others[:missing]])
    return filled


def figures(spaces: Mapping[str, Sequence[str]], trained: Sequence[Profile]) -> dict[str, dict[str, float]]:
    """Attribute -> candidates, distinct values among `trained`, and the share of the commonest of them."""
    held: dict[str, Counter] = {attribute: Counter() for attribute in spaces}
    for profile in trained:
        held["name"][profile.name] += 1
        for attribute, value in profile.fields.items():
            held[attribute][value] += 1
    return {
        attribute: {
            "candidates": len(values),
            "values": len(held[attribute]),
            "most_common": round(max(held[attribute].values()) / held[attribute].total(), 4),
        }
        for attribute, values in spaces.items()
    }
