"""Patterns of requests: people who ask again, who ask for a part of their facts, or who have two documents."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from lethebench.builders.errors import BuildError
from lethebench.builders.records import Unit
from lethebench.builders.requests import PERSON, REQUESTS, RETAINED, read_requests, write_requests
from lethebench.generation.icu.person import Identity
from lethebench.generation.icu.profiles import DOMAINS
from lethebench.generation.people.countries import COUNTRIES
from lethebench.generation.questions.records import Profile
from lethebench.generation.seeding import stream

PLAIN = "plain"
PATTERNS = {
    "repeated": "half of the people withdraw a part of their request and ask for it again later",
    "two_documents": "up to half of the people have documents of both domains, asked for at different times",
    "partial": "half of the people ask for a part of their facts only; the rest is retained",
}


# Ages on the day of a document that allow for the other one, which is at most four years earlier or later.
_AGES = {"medical": (24, 60), "labor": (22, 63)}


@dataclass(frozen=True)
class RepeatedUnit(Unit):
    """The part of profiles that is asked for again: their profile rows are in the unit of their first request."""

    @property
    def profile_count(self) -> int:
        return 0


def read_patterns(text: str) -> tuple[str, ...]:
    """Return the patterns of an option `requests`; raise BuildError for an unknown one."""
    names = tuple(dict.fromkeys(part.strip() for part in text.split(",")))
    for name in names:
        if name not in (PLAIN, *PATTERNS):
            raise BuildError(f"option requests={text}: no pattern {name!r}; use {PLAIN}, {', '.join(PATTERNS)}")
    if PLAIN in names and len(names) > 1:
        raise BuildError(f"option requests={text}: plain goes with no other pattern")
    return () if names == (PLAIN,) else names


def pairs(members: Sequence[Profile]) -> list[tuple[int, int]]:
    """Return which documents of one domain, at most half, and which of as many of the other are of one person.

    The two are far apart, so that they are in different tasks. Empty if nobody has the age for both.
    """
    count = len(members)
    order = (*range(0, count, 2), *range(1, count, 2))
    fit = [index for index in order if _fits(members[index])]
    distance = count // 2 if members[0].domain == "medical" else -(count // 2)
    return [(index, (index + distance) % count) for index in fit[: (count + 1) // 2]]


def _fits(profile: Profile) -> bool:
    youngest, oldest = _AGES[profile.domain]
    return youngest <= int(profile.details["age"]) <= oldest


def identity(profile: Profile) -> Identity:
    """Return who a profile is about."""
    countries = {country.nationality: country for country in COUNTRIES}
    details = profile.details
    birth = datetime.strptime(details["birth_date"], "%d %B %Y").date()
    return Identity(profile.name, details["gender"], countries[details["nationality"]], birth)


def joined(one: Profile, other: Profile) -> tuple[Profile, Profile]:
    """Return two documents of one person, which say so."""
    first, second = (replace(each, details={**each.details, PERSON: one.id}) for each in (one, other))
    return first, second


def with_requests(tasks: Sequence[Sequence[Profile]], patterns: Sequence[str], seed: int) -> list[list[Profile]]:
    """Return the tasks with the detail `requests` on half of the profiles, those with two documents aside."""
    chosen = [name for name in ("repeated", "partial") if name in patterns]
    if not chosen:
        return [list(members) for members in tasks]
    turn, marked = 0, []
    for task, members in enumerate(tasks):
        row = []
        for place, profile in enumerate(members):
            if (task + place) % 2 == 0 and PERSON not in profile.details:
                pattern = chosen[turn % len(chosen)]
                turn += 1
                profile = _marked(profile, task, len(tasks), pattern, seed)
            row.append(profile)
        marked.append(row)
    return marked


def _marked(profile: Profile, task: int, tasks: int, pattern: str, seed: int) -> Profile:
    """Return a profile whose first request is for the name and half of the fields; a last task cannot be repeated."""
    if pattern == "repeated" and task + 1 == tasks:
        return profile
    rng = stream(seed, "requests", profile.id)
    fields = DOMAINS[profile.domain]
    first = {"name", *rng.sample(fields, (len(fields) + 1) // 2)}
    later = rng.randrange(task + 1, tasks) if pattern == "repeated" else RETAINED
    requests = {name: task if name in first else later for name in ("name", *fields)}
    return replace(profile, details={**profile.details, REQUESTS: write_requests(requests)})


def repeated(tasks: Sequence[Sequence[Profile]]) -> Mapping[int, list[Profile]]:
    """Return task -> the profiles of earlier tasks that are asked for again."""
    again: defaultdict[int, list[Profile]] = defaultdict(list)
    for task, members in enumerate(tasks):
        for profile in members:
            for later in sorted(set(read_requests(profile.details).values()) - {task, RETAINED}):
                again[later].append(profile)
    return again
