"""The contract of a sequence of requests: what a stage starts from, what it unlearns again, and what it may retain."""

import random
from typing import TYPE_CHECKING

from lethebench.contract.errors import UserError

if TYPE_CHECKING:
    from lethebench.runs.build import Build

SEQUENCES = ("continue", "reset")
ADAPTERS = ("shared", "request", "merged")
DIVERGENCE = ("stop", "continue")


class OrderedRequests:
    """The part of `RunOptions` that orders requests."""

    tasks: int | None
    tasks_per_request: int
    withdraw: str | None
    order_seed: int | None
    gold: str

    def task_order(self, build: "Build") -> list[int]:
        """Return the tasks to forget, in order.

        Raises:
            UserError: More tasks than the build has without withdrawn requests, or fewer than one.
        """
        withdrawn = withdrawn_requests(self.withdraw)
        if withdrawn and max(withdrawn) > build.tasks:
            raise UserError(f"--withdraw {self.withdraw}: {build.path} has {build.tasks} requests")
        left = build.tasks - len(withdrawn)
        if left < 1:
            raise UserError(f"--withdraw {self.withdraw}: no request is left; leave out at least one")
        count = left if self.tasks is None else self.tasks
        if not 1 <= count <= left:
            each = f" of {self.tasks_per_request} tasks each" if self.tasks_per_request > 1 else ""
            more = f", {len(withdrawn)} of them withdrawn" if withdrawn else ""
            kind = "requests" if each or more else "tasks"
            raise UserError(f"--tasks {count}: {build.path} has {build.tasks} {kind}{each}{more}; pass 1 to {left}")
        order = in_order(build.tasks, self.order_seed)
        return [task for number, task in enumerate(order, start=1) if number not in withdrawn][:count]

    def gold_stages(self, count: int) -> list[int]:
        """Return the stages 1..count after which a gold model is retrained; the last one always.

        Raises:
            UserError: `gold` is not last, all, or a whole number above 0.
        """
        if self.gold == "last":
            return [count]
        every = 1 if self.gold == "all" else int(self.gold) if self.gold.isdecimal() else 0
        if every < 1:
            raise UserError(f"--gold {self.gold}: pass last, all, or a whole number K for every K-th task")
        return sorted({*range(every, count + 1, every), count})


def in_order(count: int, order_seed: int | None) -> list[int]:
    """Return the task ids 0..count-1 in the order of the build, or shuffled with a seed."""
    order = list(range(count))
    if order_seed is not None:
        random.Random(order_seed).shuffle(order)
    return order


def replayed_rows(replay: str) -> int | None:
    """Return the most rows of earlier requests that a stage unlearns again; None = all.

    Raises:
        UserError: `replay` is not none, all, or a whole number above 0.
    """
    if replay in ("none", "all"):
        return 0 if replay == "none" else None
    if not (replay.isascii() and replay.isdecimal() and int(replay)):
        raise UserError(f"--replay {replay}: pass none, all, or the number of rows")
    return int(replay)


def withdrawn_requests(text: str | None) -> set[int]:
    """Return the numbers of `--withdraw`, from 1.

    Raises:
        UserError: The text is not a list of different numbers.
    """
    words = [word.strip() for word in text.split(",")] if text else []
    numbers = {int(word) for word in words if word.isascii() and word.isdecimal() and int(word)}
    if len(numbers) < len(words):
        raise UserError(f"--withdraw {text}: pass different numbers of requests, from 1, e.g. 3,5")
    return numbers
