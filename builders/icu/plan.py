"""Decide who is in an icu build: options, roles, tasks and units of work."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Self

from lethebench.builders.errors import BuildError
from lethebench.builders.options import Options, option
from lethebench.builders.records import Unit, split_units
from lethebench.generation.documents.pages import PAGES
from lethebench.generation.icu.profiles import DOMAINS, profiles
from lethebench.generation.questions.records import Profile
from lethebench.generation.seeding import stream

PROFILES_PER_UNIT = 5
HELD_OUT = 20
"""For every HELD_OUT profiles of a build, one per domain is held out on top, at least two."""


@dataclass(frozen=True)
class IcuOptions(Options):
    """Options of icu; None lets the size decide."""

    task_size: int | None = option(None, int, "profiles per request to forget; default min(5, N / 8), at least 2")
    order_seed: int | None = option(None, int, "seed of another order of the same tasks")
    overlap: float = option(0.0, float, "share of profiles that have a doctor, employer or address in common, 0 to 1")
    pages: int = option(1, int, "pages of a document, 1 or 2; with two, a question row has two pictures")

    def __post_init__(self) -> None:
        if self.task_size is not None and self.task_size < 1:
            raise BuildError(f"option task_size={self.task_size}: must be at least 1")
        if self.order_seed is not None and self.order_seed < 0:
            raise BuildError(f"option order_seed={self.order_seed}: must be 0 or more")
        if self.pages not in PAGES:
            raise BuildError(f"option pages={self.pages}: a document has 1 or 2 pages")
        if not 0 <= self.overlap <= 1:
            raise BuildError(f"option overlap={self.overlap}: must lie in 0..1")

    def resolve(self, count: int) -> Self:
        if self.task_size is not None and self.task_size > count // 2:
            raise BuildError(
                f"option task_size={self.task_size}: only {count // 2} of {count} profiles are to be forgotten; "
                f"give at most {count // 2}"
            )
        return replace(self, task_size=self.task_size or default_task_size(count))


def people(count: int, *, seed: int, overlap: float) -> dict[str, list[Profile]]:
    """Return role -> profiles, the domains alternating; held-out ones come on top of `count`, a multiple of 4."""
    trained, held_out = count // 2, max(2, count // HELD_OUT)
    parts: dict[str, list[Sequence[Profile]]] = {"forget": [], "retain": [], "holdout": []}
    for domain in DOMAINS:
        members = profiles(domain, trained + held_out, seed=seed, overlap=overlap)
        order = list(range(trained))
        stream(seed, "roles", domain).shuffle(order)
        parts["forget"].append([members[index] for index in order[: trained // 2]])
        parts["retain"].append([members[index] for index in sorted(order[trained // 2 :])])
        parts["holdout"].append(members[trained:])
    return {role: [profile for row in zip(*lists, strict=True) for profile in row] for role, lists in parts.items()}


def default_task_size(count: int) -> int:
    """Return the profiles per request in a build of `count` profiles: 3 for 24, 5 for 40 and more."""
    return min(5, max(2, -(-count // 8)))


def split_tasks(forget: Sequence[Profile], size: int, order_seed: int | None) -> list[list[Profile]]:
    """Return the profiles to forget as even tasks of at most `size`; from size 2 up, each has both domains.

    `order_seed` shuffles the tasks but not their members; None keeps the drawn order.
    """
    number = -(-len(forget) // size)
    edges = [index * len(forget) // number for index in range(number + 1)]
    tasks = [list(forget[start:end]) for start, end in pairwise(edges)]
    if order_seed is not None:
        stream(order_seed, "task order").shuffle(tasks)
    return tasks


def units(role: str, members: Sequence[Profile], task_id: int = -1) -> list[Unit]:
    """Return profiles of one role and task as units of work."""
    tests = () if role == "holdout" else (f"qa/test-{role}",)
    groups = (f"qa/{role}", *tests, f"profiles/{role}")
    return split_units(groups, members, role, task_id, size=PROFILES_PER_UNIT)
