"""Measure how well each attribute of a build can be guessed without knowing the person."""

from collections.abc import Mapping, Sequence
from functools import partial

from lethebench.generation.documents.giveaways import commonest, fact, giveaways, lookup, printed_facts
from lethebench.generation.icu.profiles import DOMAINS
from lethebench.generation.questions.records import Profile


def guessing(trained: Sequence[Profile]) -> dict[str, dict[str, float]]:
    """Return attribute -> `by_name` and `by_page`, scores in [0, 1] of the best leave-one-out lookup.

    `by_name` looks up first name, last name or nationality; `by_page` any one fact that is readable where the attribute
    is blacked out. Neither is below the share of the commonest value.
    """
    scores: dict[str, list[tuple[int, float, float]]] = {}
    for domain in DOMAINS:
        members = [profile for profile in trained if profile.domain == domain]
        for attribute in ("name", *DOMAINS[domain]) if members else ():
            least = commonest(members, attribute)
            by_page = max(
                (lookup(members, attribute, partial(fact, key=clue)) for clue in _readable(members[0], attribute)),
                default=0,
            )
            by_name = 0.0 if attribute == "name" else _by_name(members, attribute)
            scores.setdefault(attribute, []).append((len(members), max(least, by_name), max(least, by_page)))
    return {attribute: _mean(parts) for attribute, parts in scores.items()}


def _readable(profile: Profile, attribute: str) -> list[str]:
    """Return the printed facts that remain where an attribute is blacked out; with the name, all fields are."""
    hidden = {"name", *profile.fields} if attribute == "name" else {attribute}
    hides: Mapping[str, frozenset[str]] = giveaways(profile.domain)
    return [key for key in printed_facts(profile) if key not in hidden and not hides.get(key, frozenset()) & hidden]


def _by_name(members: Sequence[Profile], attribute: str) -> float:
    clues = (
        partial(fact, key="nationality"),
        lambda profile: profile.name.split(" ")[0],
        lambda profile: profile.name.split(" ")[-1],
    )
    return max(lookup(members, attribute, clue) for clue in clues)


def _mean(parts: Sequence[tuple[int, float, float]]) -> dict[str, float]:
    total = sum(count for count, *_ in parts)
    return {
        key: round(sum(part[0] * part[column] for part in parts) / total, 4)
        for column, key in ((1, "by_name"), (2, "by_page"))
    }
