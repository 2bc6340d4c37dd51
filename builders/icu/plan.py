"""Decide who is in an icu build: options, roles, tasks and units of work."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import pairwise
from typing import Self

from lethebench.builders.errors import BuildError
from lethebench.builders.icu.requests import PATTERNS, RepeatedUnit, identity, joined, pairs, read_patterns, repeated
from lethebench.builders.options import Options, option
from lethebench.builders.records import Unit, split_units
from lethebench.builders.requests import RETAINED, read_requests
from lethebench.generation.documents.pages import PAGES
from lethebench.generation.icu.profiles import DOMAINS, profiles
from lethebench.generation.questions.records import Profile
from lethebench.generation.seeding import shuffled, stream

PROFILES_PER_UNIT = 5
PAPER_PROFILES = 1000
DRAWN_AGAIN = {0: 5, 1: 8, 2: 23}
"""Seed -> number of the draw of roles at the paper's size that neither pages nor words tell apart.

Checked by tests/builders/test_icu_balance.py. With other seeds roles differ as they do by chance: drawing by the pages
themselves, as mllmu does by its portraits, would take a tenth of the time of the build.
"""
_ASKED, _RETAINED = ("qa/forget", "qa/test-forget"), ("qa/retain", "qa/test-retain")
HELD_OUT = 20
"""For every HELD_OUT profiles of a build, one per domain is held out on top, at least two."""


@dataclass(frozen=True)
class IcuOptions(Options):
    """Options of icu; None lets the size decide."""

    task_size: int | None = option(None, int, "profiles per request to forget; default min(5, N / 8), at least 2")
    order_seed: int | None = option(None, int, "seed of another order of the same tasks")
    overlap: float = option(0.0, float, "share of profiles that have a doctor, employer or address in common, 0 to 1")
    requests: str = option("plain", str, "plain or, separated by commas, " + ", ".join(PATTERNS))
    pages: int = option(1, int, "pages of a document, 1 or 2; with two, a question row has two pictures")

    def __post_init__(self) -> None:
        if self.task_size is not None and self.task_size < 1:
            raise BuildError(f"option task_size={self.task_size}: must be at least 1")
        if self.order_seed is not None and self.order_seed < 0:
            raise BuildError(f"option order_seed={self.order_seed}: must be 0 or more")
        read_patterns(self.requests)
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
        task_size = self.task_size or default_task_size(count)
        patterns = set(read_patterns(self.requests))
        if patterns & {"repeated", "two_documents"} and task_size > count // 4:
            raise BuildError(
                f"option requests={self.requests}: a person asks at two times, and {count} profiles in tasks of "
                f"{task_size} are one task; give task_size={count // 4} or less"
            )
        return replace(self, task_size=task_size)


def people(count: int, *, seed: int, overlap: float, two_documents: bool = False) -> dict[str, list[Profile]]:
    """Return role -> profiles, the domains alternating; held-out ones come on top of `count`, a multiple of 4.

    Raises:
        BuildError: two documents are asked for, but nobody to forget has the age for both.
    """
    trained, held_out = count // 2, max(2, count // HELD_OUT)
    forget = trained // 2
    draw = partial(profiles, count=trained + held_out, seed=seed, overlap=overlap)
    drawn = {domain: draw(domain) for domain in DOMAINS}
    number = DRAWN_AGAIN.get(seed, 0) if count == PAPER_PROFILES else 0
    orders = {domain: role_order(trained, held_out, seed, domain, number) for domain in DOMAINS}
    if two_documents:
        _add_documents(drawn, {domain: order[:forget] for domain, order in orders.items()}, draw)
    parts: dict[str, list[Sequence[Profile]]] = {"forget": [], "retain": [], "holdout": []}
    for domain, members in drawn.items():
        order = orders[domain]
        parts["forget"].append([members[index] for index in order[:forget]])
        parts["retain"].append([members[index] for index in sorted(order[forget + held_out :])])
        parts["holdout"].append([members[index] for index in sorted(order[forget : forget + held_out])])
    return {role: [profile for row in zip(*lists, strict=True) for profile in row] for role, lists in parts.items()}


def role_order(trained: int, held_out: int, seed: int, domain: str, number: int = 0) -> list[int]:
    """Return an order of the profiles of a domain: those to forget, the held-out ones, those to retain.

    `number` 0 holds out the last ones, other numbers draw them too.
    """
    if number:
        return shuffled(range(trained + held_out), seed, "roles", domain, number)
    order = shuffled(range(trained), seed, "roles", domain)
    return [*order[: trained // 2], *range(trained, trained + held_out), *order[trained // 2 :]]


def _add_documents(
    drawn: dict[str, list[Profile]], forget: Mapping[str, Sequence[int]], draw: Callable[..., list[Profile]]
) -> None:
    """Draw the documents of one domain again, as those of people to forget in the other.

    Contracts of patients, or where no patient has the age to work, as in some builds of a few, reports of employees.
    """
    for domain, other in (tuple(DOMAINS), tuple(DOMAINS)[::-1]):
        members = [drawn[domain][index] for index in forget[domain]]
        if not (shared := pairs(members)):
            continue
        drawn[other] = draw(other, people={forget[other][second]: identity(members[first]) for first, second in shared})
        for first, second in shared:
            one, two = forget[domain][first], forget[other][second]
            drawn[domain][one], drawn[other][two] = joined(drawn[domain][one], drawn[other][two])
        return
    raise BuildError(
        "option requests=two_documents: nobody to forget has the age for both documents; try another size or seed"
    )


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


def forget_units(tasks: Sequence[Sequence[Profile]]) -> list[Unit]:
    """Return the units of the tasks in order: the people of each, then those of earlier ones who ask again."""
    again = repeated(tasks)
    work: list[Unit] = []
    for task_id, members in enumerate(tasks):
        work += units("forget", members, task_id)
        for unit in split_units(_ASKED, again.get(task_id, ()), "forget", task_id, size=PROFILES_PER_UNIT):
            work.append(RepeatedUnit(unit.groups, unit.profiles, unit.role, unit.task_id))
    return work


def units(role: str, members: Sequence[Profile], task_id: int = -1) -> list[Unit]:
    """Return profiles of one role and task as units of work."""
    tests = () if role == "holdout" else (f"qa/test-{role}",)
    groups = (f"qa/{role}", *tests, f"profiles/{role}")
    work = split_units(groups, members, role, task_id, size=PROFILES_PER_UNIT)
    return [replace(unit, groups=(*_RETAINED, *groups)) if _retains(unit) else unit for unit in work]


def _retains(unit: Unit) -> bool:
    """Return whether a fact of a profile to forget is retained."""
    return any(RETAINED in read_requests(profile.details).values() for profile in unit.profiles)
