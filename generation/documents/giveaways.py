"""What one printed fact tells about another: leave-one-out lookups over profiles.

A field that is blacked out takes with it every fact from which a lookup finds it: found by measuring, not by a list.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from statistics import fmean

from lethebench.generation.documents.wording import CAPTIONS, COMPUTED, ORGANIZATIONS
from lethebench.generation.icu.profiles import profiles
from lethebench.generation.lookups import commonest, lookup
from lethebench.generation.questions.records import Profile
from lethebench.generation.seeding import digest

RATIO, LEAST = 3.0, 0.05
"""A fact gives a field away if its lookup scores more than RATIO times the commonest value, and more than LEAST."""
_SAMPLE = 400


def printed_facts(domain: str, keys: Iterable[str]) -> list[str]:
    """Return which fields and details pages of a domain may print, the issuer of the document among them."""
    return [key for key in keys if key in CAPTIONS or key == ORGANIZATIONS[domain]]


def fact(profile: Profile, key: str) -> str:
    """Return the text of a field, a detail or `name`."""
    return profile.name if key == "name" else profile.fields.get(key) or profile.details[key]


def measure(members: Sequence[Profile], targets: Sequence[str]) -> dict[str, dict[str, float]]:
    """Return target -> printed fact -> score of its lookup, for members of one domain."""
    first = members[0]
    clues = printed_facts(first.domain, (*first.fields, *first.details))
    values = {key: [fact(profile, key) for profile in members] for key in {*clues, *targets}}
    return {
        target: {clue: fmean(lookup(values[target], values[clue])) for clue in clues if clue != target}
        for target in targets
    }


@cache
def giveaways(domain: str) -> Mapping[str, frozenset[str]]:
    """Return printed fact -> the fields with which it is blacked out, itself aside.

    Measured on profiles that are in no build. Facts computed from a field (`wording.COMPUTED`) need no measuring.
    """
    members = profiles(domain, _SAMPLE, seed=digest("giveaways"))
    hides: dict[str, set[str]] = {key: set(fields) for key, fields in COMPUTED.items()}
    for target, scores in measure(members, tuple(members[0].fields)).items():
        limit = max(LEAST, RATIO * commonest([fact(profile, target) for profile in members]))
        for clue, score in scores.items():
            if score > limit:
                hides.setdefault(clue, set()).add(target)
    return {key: frozenset(fields) for key, fields in hides.items()}
