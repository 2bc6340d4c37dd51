"""The requests of a build in their order: what each asks to forget, what may be retained, and what is still waiting."""

import random
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from datasets import Dataset, concatenate_datasets

from lethebench.builders.write.columns import QA
from lethebench.errors import UserError
from lethebench.runs.build import open_build
from lethebench.runs.checks import check_build
from lethebench.runs.options import RETAIN, RunOptions
from lethebench.runs.sequence import replayed_rows


@dataclass(frozen=True, eq=False)
class Request:
    """One request to forget, in a sequence of them.

    Attributes:
        number: Its place in the sequence, from 1.
        order: The task ids of the whole sequence.
        all_forget: The forget rows of all tasks of the build.
        all_retain: The retain split.
        rule: Which rows a retain term may use: `rest`, `released` or `fixed`, as of `lethe run --retain`.
        replay: Rows of earlier requests to unlearn again: `none`, `all`, or their number.
        retain_rows: The most rows in `retain`; None = all.
        seed: Seed of the rows that are drawn.
    """

    number: int
    order: Sequence[int]
    all_forget: Dataset = field(repr=False)
    all_retain: Dataset = field(repr=False)
    rule: str = "rest"
    replay: str = "none"
    retain_rows: int | None = None
    seed: int = 0

    @property
    def task_id(self) -> int:
        """The task id of its rows."""
        return self.order[self.number - 1]

    @cached_property
    def forget(self) -> Dataset:
        """The rows to forget."""
        return _where(self.all_forget, "task_id", {self.task_id})

    @cached_property
    def replayed(self) -> Dataset:
        """Rows of earlier requests to unlearn again."""
        earlier = _where(self.all_forget, "task_id", set(self.order[: self.number - 1]))
        return drawn(earlier, replayed_rows(self.replay), f"{self.seed}/replay/{self.number}")

    @cached_property
    def unlearned(self) -> Dataset:
        """The rows that a stage unlearns: `forget` and `replayed`."""
        return joined([self.forget, self.replayed])

    @cached_property
    def retain(self) -> Dataset:
        """The rows that a retain term may use, at most `retain_rows`, drawn anew for each request."""
        return drawn(self._all_retain, self.retain_rows, f"{self.seed}/retain/{self.number}")

    @property
    def _all_retain(self) -> Dataset:
        if self.rule == "rest":
            return concatenate_datasets([self.waiting, self.all_retain])
        if self.rule == "fixed":
            return self.all_retain
        return _where(self.all_retain, "retain_task_id", {self.task_id})

    @cached_property
    def asked(self) -> Dataset:
        """The rows of this and all earlier requests."""
        return _where(self.all_forget, "task_id", set(self.order[: self.number]))

    @cached_property
    def waiting(self) -> Dataset:
        """The forget rows that are not requested yet; a model must still know them."""
        return _where(self.all_forget, "task_id", set(self.all_forget["task_id"]) - set(self.order[: self.number]))


def request_of(options: RunOptions, number: int, order: Sequence[int], forget: Dataset, retain: Dataset) -> Request:
    """Return a request of a run with these options; arguments as of `Request`."""
    replay, most = options.replay, options.retain_rows
    return Request(number, order, forget, retain, options.retain, replay, most, options.seed)


def stream(
    data: str | Path,
    *,
    tasks: int | None = None,
    order_seed: int | None = None,
    retain: str = "rest",
    replay: str = "none",
    retain_rows: int | None = None,
    tasks_per_request: int = 1,
    withdraw: str | None = None,
    seed: int = 0,
) -> list[Request]:
    """Return the requests of a build, in the order in which `lethe run` with the same options answers them.

    Args:
        data: A build, or the id of a pushed one on the Hub (ORG/NAME, ORG/NAME@REVISION).
        tasks: The number of requests; None = all of the build.
        order_seed: Shuffles the requests; None = the order of the build.
        retain: The rows in `request.retain`. `rest`: everything not yet requested to be forgotten; `released`: the
            retain set released with the task (mlu); `fixed`: the retain split alone.
        replay: The rows in `request.replayed`: `none`, `all` of earlier requests, or the number of rows drawn of them.
        retain_rows: The most rows in `request.retain`, drawn anew for each request; None = all.
        tasks_per_request: Consecutive tasks of the build that one request asks to forget.
        withdraw: Numbers of requests that are taken back before their turn, e.g. "3,5"; their rows are retained.
        seed: Seed of the rows that are drawn.

    Returns:
        One `Request` per request. Its rows are datasets with the columns that `load_dataset` gives, pictures decoded;
        with several tasks per request, `task_id` is the request's.

    Raises:
        UserError: There is no such build, it has fewer tasks, or it has no rows for `retain`.
    """
    if retain not in RETAIN:
        raise UserError(f"retain {retain!r}: unknown; pass one of {', '.join(RETAIN)}")
    replayed_rows(replay)
    build = open_build(data)
    options = RunOptions(
        data=build.path,
        tasks=tasks,
        order_seed=order_seed,
        retain=retain,
        replay=replay,
        retain_rows=retain_rows,
        tasks_per_request=tasks_per_request,
        withdraw=withdraw,
        seed=seed,
    )
    build = build.by_request(tasks_per_request)
    check_build(options, build)
    order = options.task_order(build)
    forget, rest = (build.load(build.config, split, QA) for split in ("forget", "retain"))
    return [request_of(options, number, order, forget, rest) for number in range(1, len(order) + 1)]


def drawn(rows: Dataset, most: int | None, draw: str) -> Dataset:
    """Return at most this many rows, in their order; equal for an equal `draw`, which seeds the choice."""
    if most is None or most >= len(rows):
        return rows
    return rows.select(sorted(random.Random(draw).sample(range(len(rows)), most)))


def joined(parts: Sequence[Dataset]) -> Dataset:
    """Return the rows of all parts; the first itself if the others are empty."""
    present = [part for part in parts[1:] if len(part)]
    return concatenate_datasets([parts[0], *present]) if present else parts[0]


def _where(rows: Dataset, column: str, values: Collection[int]) -> Dataset:
    return rows.select([index for index, value in enumerate(rows[column]) if value in values])
