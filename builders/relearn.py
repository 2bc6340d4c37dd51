"""Mark the facts of profiles to forget that attacks may train on, so that all papers attack alike."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from lethebench.builders.requests import RETAINED, read_requests
from lethebench.generation.questions.records import Profile
from lethebench.generation.seeding import shuffled

GROUP = "relearn/facts"
"""The group of shards that holds them."""


def relearn_facts(
    profiles: Iterable[Profile], facts_of: Callable[[Profile], Iterable[str]], *, seed: int
) -> dict[str, list[str]]:
    """Return profile -> half of the facts that are asked for, rounded down, at random.

    What is asked about the other facts measures what comes back when a model is trained on these again.

    Args:
        profiles: Those to forget.
        facts_of: From a profile to its facts that questions ask for and that tell nothing about the others.
        seed: Of the build; a profile's facts do not depend on other profiles.
    """
    marked = {}
    for profile in profiles:
        requests = read_requests(profile.details)
        facts = [name for name in facts_of(profile) if requests.get(name) != RETAINED]
        chosen = set(shuffled(facts, seed, "relearn", profile.id)[: len(facts) // 2])
        marked[profile.id] = [name for name in facts if name in chosen]
    return marked


def relearn_rows(marked: Mapping[str, Sequence[str]]) -> list[dict[str, Any]]:
    """Return the rows of the config `relearn`, one per fact."""
    return [{"profile_id": profile, "attribute": name} for profile, names in marked.items() for name in names]
