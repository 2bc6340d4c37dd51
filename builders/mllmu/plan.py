"""Decide who is in an mllmu build: nested groups to forget, the rest, neighbors, held-out people, and units of work."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cache, partial
from typing import Any

from lethebench.builders.mllmu.balance import NEXT_BEST, balanced
from lethebench.builders.options import Options, option
from lethebench.builders.own_portraits import HELP, OwnPortraits
from lethebench.builders.records import Unit, split_units
from lethebench.builders.write.pool import in_own_process
from lethebench.generation.mllmu.people import figures, people
from lethebench.generation.mllmu.wordings import BOOK
from lethebench.generation.people.public_figures import public_figures
from lethebench.generation.questions.distractors import Pools, pools
from lethebench.generation.questions.records import Profile
from lethebench.generation.questions.wordings import Book
from lethebench.generation.seeding import shuffled

PAPER_PEOPLE = 500
MOST_BALANCED = 2 * PAPER_PEOPLE
"""The largest build whose groups are balanced."""
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


@cache
def _order(count: int, seed: int) -> tuple[int, ...]:
    """Return the order of people in a build: those to be forgotten, the held-out ones, those to be retained.

    From the paper's size up to MOST_BALANCED they are balanced, in a process of its own, whose end frees its memory.
    Larger groups differ little by chance.
    """
    size, held_out = len(FORGET) * count // SHARE, count // HELD_OUT
    if not PAPER_PEOPLE <= count <= MOST_BALANCED:
        return tuple(shuffled(range(count + held_out), seed, "groups"))
    everyone = people(count + held_out, seed=seed)
    values = pools([*everyone, *figures(figure_count(count), seed=seed)])
    rank = NEXT_BEST.get(seed, 0) if count == PAPER_PEOPLE else 0
    return tuple(in_own_process(partial(balanced, seed=seed, rank=rank), everyone, size, held_out, values))


def groups(count: int, *, seed: int) -> dict[str, list[Profile]]:
    """Return group -> its profiles; `count` people, a multiple of SHARE, are to be forgotten and retained."""
    everyone = people(count + count // HELD_OUT, seed=seed)
    order = [everyone[index] for index in _order(count, seed)]
    size = count // SHARE
    members = {name: order[number * size : (number + 1) * size] for number, name in enumerate(FORGET)}
    held_out, rest = order[len(FORGET) * size :][: count // HELD_OUT], order[len(FORGET) * size + count // HELD_OUT :]
    members["rest"] = sorted(rest, key=lambda profile: profile.turn)
    members[NEIGHBOUR] = figures(figure_count(count), seed=seed)
    members[HOLDOUT] = sorted(held_out, key=lambda profile: profile.turn)
    return members


def units(name: str, profiles: Sequence[Profile]) -> list[Unit]:
    """Return the profiles of a group as units of work."""
    role = {NEIGHBOUR: "neighbour", HOLDOUT: "holdout", "rest": "retain"}.get(name, "forget")
    tests = (f"qa/test-{name}",) if name in TRAINED else ()
    task_id = FORGET.index(name) if name in FORGET else -1
    return split_units((f"qa/{name}", *tests, f"profiles/{name}"), profiles, role, task_id, size=PROFILES_PER_UNIT)
