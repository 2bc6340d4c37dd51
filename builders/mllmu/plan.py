"""Who is in an mllmu build: nested groups to forget, the rest, neighbours, those held out, and the units of work."""

from collections.abc import Sequence

from lethebench.builders.base import Unit
from lethebench.generation.mllmu.people import figures, people
from lethebench.generation.people.public_figures import public_figures
from lethebench.generation.questions.records import Profile
from lethebench.generation.seeding import stream

PAPER_PEOPLE = 500
PROFILES_PER_UNIT = 5
SHARE = 20
"""One fictitious person in so many is in each group to forget; as many are held out on top, at least two."""
FORGET = ("g05", "g10", "g15")
"""The groups to forget, in the order of their tasks: 5 % of the people each, so that the first two make 10 %."""
KNOWN = (*FORGET, "rest")
"""The groups whose questions are learnt first."""
NEIGHBOUR, HOLDOUT = "neighbour", "holdout"


def figure_count(count: int) -> int:
    """How many public figures stand beside so many fictitious people: the paper's proportion, if there are so many."""
    known = len(public_figures())
    return min(known, round(count * known / PAPER_PEOPLE))


def groups(count: int, *, seed: int) -> dict[str, list[Profile]]:
    """Group -> its profiles: `g05`, `g10`, `g15`, `rest`, `neighbour` and `holdout`.

    Args:
        count: fictitious people to forget and retain: a multiple of SHARE.
        seed: of the people and of the draw of groups.
    """
    everyone = people(count + max(2, count // SHARE), seed=seed)
    order = list(range(count))
    stream(seed, "groups").shuffle(order)
    each = count // SHARE
    found = {
        name: [everyone[place] for place in order[number * each : (number + 1) * each]]
        for number, name in enumerate(FORGET)
    }
    found["rest"] = [everyone[place] for place in sorted(order[len(FORGET) * each :])]
    found[NEIGHBOUR] = figures(figure_count(count), seed=seed)
    found[HOLDOUT] = everyone[count:]
    return found


def units(name: str, profiles: Sequence[Profile]) -> list[Unit]:
    """The profiles of a group as units of work of at most PROFILES_PER_UNIT."""
    role = {NEIGHBOUR: "neighbour", HOLDOUT: "holdout", "rest": "retain"}.get(name, "forget")
    tests = (f"qa/test-{name}",) if name in KNOWN else ()
    shards = (f"qa/{name}", *tests, f"profiles/{name}")
    task_id = FORGET.index(name) if name in FORGET else -1
    step = PROFILES_PER_UNIT
    return [Unit(shards, tuple(profiles[at : at + step]), role, task_id) for at in range(0, len(profiles), step)]
