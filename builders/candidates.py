"""The values of an attribute in a build: which occur, among which exposure ranks, and what guessing would score."""

from collections import Counter
from collections.abc import Callable, Container, Mapping, Sequence

from lethebench.generation.questions.records import Profile

LEAST_CANDIDATES, MOST_CANDIDATES = 24, 512


def distinct_values(profiles: Sequence[Profile]) -> dict[str, list[str]]:
    """Attribute, `name` first, -> the distinct values that these profiles have, sorted."""
    found: dict[str, set[str]] = {"name": {profile.name for profile in profiles}}
    for profile in profiles:
        for attribute, value in profile.fields.items():
            found.setdefault(attribute, set()).add(value)
    return {attribute: sorted(values) for attribute, values in found.items()}


def candidates(
    values: Mapping[str, Sequence[str]], count: int, decoys: Callable[[str, int], Sequence[str]], closed: Container[str]
) -> dict[str, list[str]]:
    """The values, filled up with decoys of the same form.

    Args:
        values: attribute -> those that occur.
        count: profiles in the build: there are at least as many candidates, within 24 and 512, or the whole space where
            that is smaller.
        decoys: (attribute, how many) -> at most so many distinct values of it.
        closed: attributes that always have their whole space.
    """
    least = min(MOST_CANDIDATES, max(LEAST_CANDIDATES, count))
    filled = {}
    for attribute, known in values.items():
        taken = set(known)
        others = [value for value in decoys(attribute, least) if value not in taken]
        missing = len(others) if attribute in closed else max(0, least - len(known))
        filled[attribute] = sorted([*known, *others[:missing]])
    return filled


def figures(spaces: Mapping[str, Sequence[str]], trained: Sequence[Profile]) -> dict[str, dict[str, float]]:
    """Attribute -> candidates, distinct values among `trained`, and the share of the commonest of them."""
    held: dict[str, Counter] = {attribute: Counter() for attribute in spaces}
    for profile in trained:
        for attribute, value in {"name": profile.name, **profile.fields}.items():
            if attribute in held:
                held[attribute][value] += 1
    return {
        attribute: {
            "candidates": len(values),
            "values": len(held[attribute]),
            "most_common": round(max(held[attribute].values()) / held[attribute].total(), 4),
        }
        for attribute, values in spaces.items()
    }
