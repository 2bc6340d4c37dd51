"""Decide who is in an mllmu build: nested groups to forget, the rest, neighbors, held-out people, and units of work."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from lethebench.builders.options import Options, option
from lethebench.builders.own_portraits import HELP, OwnPortraits
from lethebench.builders.records import Unit, split_units
from lethebench.generation.mllmu.people import figures, people
from lethebench.generation.mllmu.wordings import BOOK
from lethebench.generation.people.public_figures import public_figures
from lethebench.generation.questions.distractors import Pools
from lethebench.generation.questions.records import Profile
from lethebench.generation.questions.wordings import Book
from lethebench.generation.seeding import stream

PAPER_PEOPLE = 500
PROFILES_PER_UNIT = 5
SHARE = 20
"""One in SHARE fictitious people is in each group to forget."""
HELD_OUT = 5
"""For HELD_OUT fictitious people there is one more, held out: a hundred at the paper's size."""
FORGET = ("g05", "g10", "g15")
"""The groups to forget, in the order of their tasks: 5 % of the people each, so that the first two make 10 %."""
TRAINED = (*FORGET, "rest")
"""The groups whose questions the model is fine-tuned on first."""
NEIGHBOUR, HOLDOUT = "neighbour", "holdout"


@dataclass(frozen=True)
class MllmuOptions(Options):
    """Options of mllmu."""

    portraits: str | None = option(None, str, HELP)

    def record(self) -> dict[str, Any]:
        return asdict(self) | ({} if self.portraits is None else {"portraits": "DIR"})


@dataclass(frozen=True)
class Shared:
    """What the record of every profile needs: wrong answers, phrasings, and the user's own faces, if any."""

    values: Pools
    book: Book = BOOK
    portraits: OwnPortraits | None = None


def figure_count(count: int) -> int:
    """Return how many public figures accompany `count` fictitious people: the paper's proportion, at most all."""
    available = len(public_figures())
    return min(available, round(count * available / PAPER_PEOPLE))


def groups(count: int, *, seed: int) -> dict[str, list[Profile]]:
    """Return group -> its profiles; `count` people, a multiple of SHARE, are to be forgotten and retained."""
    everyone = people(count + count // HELD_OUT, seed=seed)
    order = list(range(count))
    stream(seed, "groups").shuffle(order)
    size = count // SHARE
    members = {
        name: [everyone[index] for index in order[number * size : (number + 1) * size]]
        for number, name in enumerate(FORGET)
    }
    members["rest"] = [everyone[index] for index in sorted(order[len(FORGET) * size :])]
    members[NEIGHBOUR] = figures(figure_count(count), seed=seed)
    members[HOLDOUT] = everyone[count:]
    return members


def units(name: str, profiles: Sequence[Profile]) -> list[Unit]:
    """Return the profiles of a group as units of work."""
    role = {NEIGHBOUR: "neighbour", HOLDOUT: "holdout", "rest": "retain"}.get(name, "forget")
    tests = (f"qa/test-{name}",) if name in TRAINED else ()
    task_id = FORGET.index(name) if name in FORGET else -1
    return split_units((f"qa/{name}", *tests, f"profiles/{name}"), profiles, role, task_id, size=PROFILES_PER_UNIT)
