"""What one printed fact tells about another: leave-one-out lookups over profiles.

A field that is blacked out takes with it every fact from which a lookup finds it: found by measuring, not by a list.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from functools import cache, partial

from lethebench.generation.documents.wording import CAPTIONS, COMPUTED, ORGANIZATIONS
from lethebench.generation.icu.profiles import profiles
from lethebench.generation.questions.records import Profile
from lethebench.generation.seeding import digest

RATIO, LEAST = 3.0, 0.05
"""A fact gives a field away if its lookup scores more than RATIO times the commonest value, and more than LEAST."""
_SAMPLE = 400


def printed_facts(profile: Profile) -> list[str]:
    """Return the facts that pages of a profile may print, the issuer of the document among them."""
    known = (*profile.fields, *profile.details)
    return [key for key in known if key in CAPTIONS or key == ORGANIZATIONS[profile.domain]]


def fact(profile: Profile, key: str) -> str:
    """Return the text of a field, a detail or `name`."""
    return profile.name if key == "name" else profile.fields.get(key) or profile.details[key]


def lookup(members: Sequence[Profile], target: str, clue: Callable[[Profile], str]) -> float:
    """Return how often the commonest `target` among all others with the same clue is the profile's own, in [0, 1].

    Where several values are equally common, one of them is drawn.
    """
    values: dict[str, Counter[str]] = defaultdict(Counter)
    for profile in members:
        values[clue(profile)][fact(profile, target)] += 1
    right = 0.0
    for counts in values.values():
        sizes = list(counts.values())
        most = max(sizes)
        if most > 1 and sizes.count(most) == 1:  # less its own profile, a value shared by another is behind
            right += most / (1 + sizes.count(most - 1))
    return right / len(members)


def commonest(members: Sequence[Profile], target: str) -> float:
    """Return the share of the commonest value."""
    counts = Counter(fact(profile, target) for profile in members)
    return counts.most_common(1)[0][1] / counts.total()


def measure(members: Sequence[Profile], targets: Sequence[str]) -> dict[str, dict[str, float]]:
    """Return target -> printed fact -> score of its lookup, for members of one domain."""
    clues = printed_facts(members[0])
    return {
        target: {clue: lookup(members, target, partial(fact, key=clue)) for clue in clues if clue != target}
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
        limit = max(LEAST, RATIO * commonest(members, target))
        for clue, score in scores.items():
            if score > limit:
                hides.setdefault(clue, set()).add(target)
    return {key: frozenset(fields) for key, fields in hides.items()}
