"""Collect the values of attributes in a build, fill them up to candidates, and measure what guessing scores."""

from collections import Counter
from collections.abc import Callable, Container, Mapping, Sequence

from lethebench.generation.questions.records import Profile

LEAST_CANDIDATES, MOST_CANDIDATES = 24, 512


def distinct_values(profiles: Sequence[Profile]) -> dict[str, list[str]]:
    """Return attribute, `name` first, -> the distinct values of these profiles, sorted."""
    values: dict[str, set[str]] = {"name": {profile.name for profile in profiles}}
    for profile in profiles:
        for attribute, value in profile.fields.items():
            values.setdefault(attribute, set()).add(value)
    return {attribute: sorted(members) for attribute, members in values.items()}


def candidates(
    values: Mapping[str, Sequence[str]], count: int, decoys: Callable[[str, int], Sequence[str]], closed: Container[str]
) -> dict[str, list[str]]:
    """Return the values, filled up with decoys of the same form.

    There are at least as many candidates as profiles (`count`), within 24 and 512, or the whole space if that is
    smaller; `closed` attributes always get their whole space. `decoys(attribute, n)` returns at most n distinct values.
    """
    least = min(MOST_CANDIDATES, max(LEAST_CANDIDATES, count))
    filled = {}
    for attribute, occurring in values.items():
        others = [value for value in decoys(attribute, least) if value not in set(occurring)]
        missing = len(others) if attribute in closed else max(0, least - len(occurring))
        filled[attribute] = sorted([*occurring, *others[:missing]])
    return filled


def wrong_values_first(
    profiles: Sequence[Profile], decoys: Callable[[str, int], Sequence[str]]
) -> Callable[[str, int], Sequence[str]]:
    """Return decoys that are the wrong values of written profiles, where these have any, and `decoys` elsewhere."""
    wrong: dict[str, set[str]] = {}
    for profile in profiles:
        for attribute, values in (profile.written.wrong if profile.written else {}).items():
            wrong.setdefault(attribute, set()).update(values)
    return lambda attribute, count: sorted(wrong[attribute]) if attribute in wrong else decoys(attribute, count)


def figures(spaces: Mapping[str, Sequence[str]], trained: Sequence[Profile]) -> dict[str, dict[str, float]]:
    """Return attribute -> number of candidates, of distinct values in `trained`, and the share of the most common."""
    counters: dict[str, Counter] = {attribute: Counter() for attribute in spaces}
    for profile in trained:
        for attribute, value in {"name": profile.name, **profile.fields}.items():
            if attribute in counters:
                counters[attribute][value] += 1
    return {
        attribute: {
            "candidates": len(values),
            "values": len(counters[attribute]),
            "most_common": round(max(counters[attribute].values()) / counters[attribute].total(), 4),
        }
        for attribute, values in spaces.items()
    }
